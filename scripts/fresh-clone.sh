#!/usr/bin/env bash
# Proves the first command of the README: clones HEAD into an empty folder, runs `npm start` with the system's Node alone,
# runs the curl line that it prints, and stops it.
set -euo pipefail
cd "$(dirname "$0")/.."
source_folder=$PWD
folder=$(mktemp -d)
service=
stop() {
  if [ -n "$service" ] && kill -0 "$service" 2>/dev/null; then
    kill -TERM "$service"
    wait "$service" || true
  fi
  rm -rf "$folder"
}
trap stop EXIT

# Only what a newcomer has: no tools of this checkout, no settings of the npm that runs us, no key and no config.
PATH=$(tr ':' '\n' <<<"$PATH" | grep -v '/node_modules/\|/node-gyp-bin' | paste -sd:)
for name in $(compgen -e | grep -E '^(npm_|AI_)|_API_KEY$|^(INIT_CWD|NODE|NODE_OPTIONS|NODE_ENV)$' || true); do
  case $name in npm_config_*) ;; *) unset "$name" ;; esac
done

git clone --quiet "file://$source_folder" "$folder/clone"
cd "$folder/clone"
free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}
port=$(free_port)
metrics_port=$(free_port)
echo "npm start with Node $(node --version) and npm $(npm --version) on port $port"

AI_SERVICE_PORT=$port AI_SERVICE_METRICS_PORT=$metrics_port npm start >"$folder/out" 2>"$folder/err" </dev/null &
service=$!

# The printed command: from `curl` on, with the lines that its backslashes continue.
curl_line() { awk '/^[[:space:]]*curl / { on = 1 } on { print; if ($0 !~ /\\$/) exit }' "$folder/out"; }

fail() {
  echo "fresh clone: $1"
  sed 's/^/  out: /' "$folder/out"
  tail -n 40 "$folder/err" | sed 's/^/  err: /'
  exit 1
}

for _ in $(seq 300); do
  kill -0 "$service" 2>/dev/null || fail "npm start ended by itself"
  if [ -n "$(curl_line)" ] && [ "$(curl_line | tail -c 2)" != '\' ]; then break; fi
  sleep 1
done
command=$(curl_line)
[ -n "$command" ] || fail "no curl line within 300 s"

echo "$command"
for _ in $(seq 20); do
  if answer=$(bash -c "$command" 2>"$folder/curl-err"); then break; fi
  sleep 0.5
done
case ${answer:-} in
  *'"choices"'* | *'"content"'*) printf '%.300s\n' "$answer" ;;
  *) fail "the curl line answered: ${answer:-nothing}" ;;
esac

kill -TERM "$service"
code=0
wait "$service" || code=$?
service=
if curl -s -o "$folder/ignored" "http://127.0.0.1:$port/health/live"; then fail "the service still answers after SIGTERM"; fi
[ "$code" -eq 0 ] || fail "SIGTERM ended npm start with exit code $code"
echo "fresh clone: npm start works and stops on SIGTERM"
