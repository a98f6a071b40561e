#!/usr/bin/env bash
# Installs the vendors' SDKs for Python, which the samples on the first page run with, into tools/bin/python-clients.
set -euo pipefail
cd "$(dirname "$0")/../tools"
folder=bin/python-clients
if ! cmp -s python/requirements.txt "$folder/requirements.txt"; then
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r python/requirements.txt
  # Written last: what was cut short is done anew.
  cp python/requirements.txt "$folder/requirements.txt"
fi
