#!/usr/bin/env bash
# Builds the image from deploy/docker/Dockerfile where no registry of images is at hand: both bases are made here, from
# Debian's packages and this checkout's Node. The image's files end up in tools/image/rootfs, what it says of itself in
# tools/image/inspect.json. Wants root, buildah and debootstrap; does nothing where nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/tools/image
mkdir -p "$out"

inputs=$(find .dockerignore package.json package-lock.json tsconfig*.json LICENSE packages scripts deploy/docker -type f \
  -not -path '*/node_modules/*' -not -path '*/dist/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [ -e "$out/rootfs" ] && [ "$(cat "$out/inputs" 2>/dev/null)" = "$inputs" ]; then exit 0; fi
rm -rf "$out/rootfs" "$out/inputs"

# Where this machine gets its packages, in either form that apt writes it.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '^http' | head -n 1)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
if [ ! -e "$out/debian" ]; then
  rm -rf "$out/debian.part"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$out/debian.part" "$mirror" >"$out/debootstrap.log" 2>&1 ||
    { tail -n 20 "$out/debootstrap.log" >&2; exit 1; }
  rm -f "$out/debian.part/var/cache/apt/archives"/*.deb
  mv "$out/debian.part" "$out/debian"
fi
scripts/build-runtime-base.sh "$out/runtime" "$out/debian"

run=(buildah --root "$out/storage" --runroot "$out/run" --storage-driver "${STORAGE_DRIVER:-overlay}")
begin() {
  "${run[@]}" rm "$1" >/dev/null 2>&1 || true
  "${run[@]}" from --pull-never --name "$1" scratch >/dev/null
  "${run[@]}" add --quiet "$1" "$2" / >/dev/null
}
keep() { "${run[@]}" commit --quiet --disable-compression --rm "$1" "localhost/$1" >/dev/null; }

begin runtime-base "$out/runtime"
keep runtime-base
# The base that builds is Debian with Node and npm, as the official image is.
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
begin build-base "$out/debian"
"${run[@]}" copy --quiet build-base "$out/runtime/nodejs/bin/node" /usr/local/bin/node >/dev/null
"${run[@]}" copy --quiet build-base "$npm" /usr/local/lib/node_modules/npm >/dev/null
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$("${run[@]}" mount build-base)/usr/local/bin/npm"
"${run[@]}" umount build-base >/dev/null
keep build-base

# npm asks the registry that this machine asks, and has in its cache what this machine has.
npmrc=$(mktemp)
trap 'rm -f "$npmrc"' EXIT
if [ -f "$HOME/.npmrc" ]; then cp "$HOME/.npmrc" "$npmrc"; else echo "registry=$(npm config get registry)" >"$npmrc"; fi
"${run[@]}" bud --quiet --isolation chroot --format docker --layers=false --pull-never \
  --build-arg BUILD_IMAGE=localhost/build-base --build-arg RUNTIME_IMAGE=localhost/runtime-base \
  --secret "id=npmrc,src=$npmrc" --volume "$(npm config get cache):/root/.npm" \
  --tag localhost/ai-service --file deploy/docker/Dockerfile . >"$out/build.log" 2>&1 ||
  { tail -n 40 "$out/build.log" >&2; exit 1; }

"${run[@]}" inspect --type image localhost/ai-service >"$out/inspect.json"
container=$("${run[@]}" from --pull-never localhost/ai-service)
cp -a "$("${run[@]}" mount "$container")" "$out/rootfs"
"${run[@]}" rm "$container" >/dev/null
"${run[@]}" rmi --force --all >/dev/null
echo "$inputs" >"$out/inputs"
