#!/usr/bin/env bash
# Builds the API server of Kubernetes (tools/kube-apiserver) into tools/bin, for the long proofs: minutes the first time, seconds later.
set -euo pipefail
cd "$(dirname "$0")/../tools/kube-apiserver"
mkdir -p ../bin
# A build of a module does not know its version, and clients ask for it.
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
set_version="-X k8s.io/component-base/version.gitVersion=$version -X k8s.io/component-base/version.gitMajor=1"
set_version+=" -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$version")"
go build -ldflags "-s -w $set_version" -o ../bin/kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver

# The kinds of the Prometheus operator, which no API server has by itself; the version is that of build-kubernetes-tools.sh.
operator=$(go mod download -json github.com/prometheus-operator/prometheus-operator@v0.85.0 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
mkdir -p ../bin/custom-resources
install -m 644 "$operator"/jsonnet/prometheus-operator/{servicemonitors,prometheusrules}-crd.json ../bin/custom-resources/
