#!/usr/bin/env bash
# Builds what checks Kubernetes manifests (tools/kubernetes, tools/kube-score) into tools/bin, and the API's schemas beside it.
set -euo pipefail
cd "$(dirname "$0")/../tools"
mkdir -p bin

program() { (cd "$1" && go build -ldflags '-s -w' -o "../bin/$2" "$3"); }
program kubernetes kubeconform github.com/yannh/kubeconform/cmd/kubeconform
program kubernetes kustomize sigs.k8s.io/kustomize/kustomize/v5
program kubernetes pod-security ./pod-security
program kubernetes helm helm.sh/helm/v4/cmd/helm
program kubernetes helm3 helm.sh/helm/v3/cmd/helm
program kube-score kube-score github.com/zegl/kube-score/cmd/kube-score

# Only files are wanted of these modules, never their code; the sum says that they are the ones we looked at.
module() {
  local told
  told=$(cd kubernetes && go mod download -json "$1")
  grep -q "\"Sum\": \"$2\"" <<<"$told" || { echo "$1 is not what it was: $told" >&2; return 1; }
  sed -n 's/.*"Dir": "\(.*\)".*/\1/p' <<<"$told"
}
kubernetes=$(module k8s.io/kubernetes@v1.37.2 h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=)
operator=$(module github.com/prometheus-operator/prometheus-operator@v0.85.0 h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=)
node ../scripts/build-kubernetes-schemas.js bin/kubernetes-schemas "$kubernetes/api/openapi-spec/swagger.json" \
  "$operator"/jsonnet/prometheus-operator/{servicemonitors,podmonitors,prometheusrules}-crd.json
