#!/usr/bin/env bash
# Makes what the image adds to its base, as a tree: /app with what production needs, and the empty folders for configuration
# and data. Two runs over the same checkout give the same bytes. Wants Node 24, npm, and a checkout that is built.
# usage: deploy/docker/build-tree.sh <folder that does not exist yet>
set -euo pipefail
tree=${1:?usage: build-tree.sh <folder>}
cd "$(dirname "$0")/../.."
[ ! -e "$tree" ] || { echo "build-tree: $tree is there already" >&2; exit 64; }
[ -f packages/ai-service/dist/main.js ] || { echo 'build-tree: not built; run npm ci && npm run build first' >&2; exit 1; }

umask 022
packed=$(mktemp -d)
trap 'rm -rf "$packed"' EXIT

# Backups to S3 are to work without building an image of one's own.
node scripts/pack-production.js "$packed" ai-lib ai-simulator ai-service @aws-sdk/client-s3
(cd "$packed" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error)
# npm's own record names the registry that this machine uses, and links would be programs that nobody starts.
rm -rf "$packed/node_modules/.package-lock.json" "$packed/node_modules/.bin"

# The compiler leaves behind what a source that is gone was built into; it is not shipped.
for package in ai-lib simulator:ai-simulator ai-service; do
  sources=packages/${package%:*}/src built=$packed/node_modules/${package#*:}/dist
  while IFS= read -r -d '' file; do
    path=${file#"$built"/}
    module=${path%.js}
    module=${module%.d.ts}
    if [ ! -e "$sources/$module.ts" ] && [ ! -e "$sources/$path" ]; then rm "$file"; fi
  done < <(find "$built" -type f -print0)
  find "$built" -type d -empty -delete
done

mkdir -p "$tree/app" "$tree/etc/ai-service" "$tree/var/lib/ai-service"
mv "$packed/node_modules" "$tree/app/node_modules"
cp LICENSE "$tree/app/LICENSE"
node scripts/build-sbom.js "$tree/app/sbom.cdx.json"

chmod -R u=rwX,go=rX "$tree"
chmod 0750 "$tree/var/lib/ai-service"
find "$tree" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
