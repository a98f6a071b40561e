#!/usr/bin/env bash
# Builds the servers that tests talk to (tools/go.mod and those below it) and the tools they judge manifests with into tools/bin; what is already built and unchanged costs seconds.
set -euo pipefail
cd "$(dirname "$0")/../tools"
mkdir -p bin
go build -ldflags '-s -w' -o bin/vault-dev ./vault-dev
(cd s3 && go build -ldflags '-s -w' -o ../bin/versitygw github.com/versity/versitygw/cmd/versitygw)
../scripts/build-kubernetes-tools.sh
(cd otlp-receiver && go build -ldflags '-s -w' -o ../bin/otlp-receiver .)
(cd compose && go build -ldflags '-s -w' -o ../bin/compose-config .)
../scripts/build-python-clients.sh
