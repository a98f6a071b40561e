#!/usr/bin/env bash
# Makes a base like Google's distroless one for Node: the libraries that Node asks for, certificates, time zones and users;
# no shell, no package manager. It stands in for the real one where no registry of images is at hand.
# usage: scripts/build-runtime-base.sh <folder> [root of the system to take libraries from, default /]
set -euo pipefail
base=${1:?usage: build-runtime-base.sh <folder> [root]}
from=${2:-}
cd "$(dirname "$0")/.."
node=$(readlink -f node_modules/.bin/node 2>/dev/null || command -v node)

rm -rf "$base"
mkdir -p "$base"/{etc/ssl/certs,proc,sys,dev,tmp,run,usr/share,nodejs/bin,var/lib}
chmod 1777 "$base/tmp"
cp --dereference "$node" "$base/nodejs/bin/node"
for library in $(ldd "$node" | grep -o '/[^ ]*'); do
  mkdir -p "$base$(dirname "$library")"
  cp --dereference "$from$library" "$base$library"
done
for path in /usr/share/zoneinfo /etc/ssl/certs/ca-certificates.crt /etc/nsswitch.conf; do
  if [ -e "$from$path" ]; then cp -a "$from$path" "$base$path"; fi
done
cp --dereference "$from/etc/os-release" "$base/etc/os-release"
printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$base/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$base/etc/group"
