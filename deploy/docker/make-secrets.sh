#!/usr/bin/env bash
# Makes the secrets of the compose file beside it: random passwords that nobody chose, and the providers' keys from the
# environment. What is there already stays, but a key that is set anew is written anew.
set -euo pipefail
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
# One that was there before may be open to everybody.
chmod 0700 "$folder"

# Containers read them under numbers of their own, so that the folder alone keeps others of this machine out.
put() {
  printf '%s' "$2" >"$folder/$1.part"
  chmod 0444 "$folder/$1.part"
  # Into the file that is there: a container that runs has mounted it, and would not see another one.
  if [ -e "$folder/$1" ]; then chmod 0644 "$folder/$1"; cat "$folder/$1.part" >"$folder/$1"; chmod 0444 "$folder/$1"; rm -f "$folder/$1.part"
  else mv "$folder/$1.part" "$folder/$1"; fi
}
random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
once() { [ -e "$folder/$1" ] || put "$1" "$(random)"; }

for name in caller_key postgres_password valkey_password grafana_password; do once "$name"; done
put database_url "postgres://ai:$(cat "$folder/postgres_password")@postgres:5432/ai"
put shared_url "redis://:$(cat "$folder/valkey_password")@valkey:6379/0"
put valkey_config "requirepass $(cat "$folder/valkey_password")
bind * -::*
maxmemory 256mb
maxmemory-policy allkeys-lru
save \"\"
appendonly no
"
for provider in OPENAI ANTHROPIC; do
  file=${provider,,}_api_key variable=${provider}_API_KEY
  # An empty file counts as no key.
  if [ -n "${!variable:-}" ] || [ ! -e "$folder/$file" ]; then put "$file" "${!variable:-}"; fi
done
echo "secrets are in $folder; callers show the one in caller_key"
