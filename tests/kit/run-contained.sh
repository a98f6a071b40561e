#!/usr/bin/env bash
# Becomes process 1 of a container without an engine: own mounts and processes, bounds by control groups, a root that cannot
# be written, a numeric user without privileges. Runs inside `unshare --mount --pid --fork`.
# usage: run-contained.sh <rootfs> <user> <working folder> <folder with etc/ and secrets/> <data: tmpfs | disk | none> <cgroup.procs>… -- <program>…
set -euo pipefail
rootfs=$1 user=$2 working=$3 mounts=$4 data=$5
shift 5
while [ "$1" != -- ]; do echo 0 >"$1"; shift; done
shift

mount --make-rprivate /
mount --bind "$rootfs" "$rootfs"
mount -t proc proc "$rootfs/proc"
mount -t tmpfs -o mode=0755,size=1m tmpfs "$rootfs/dev"
for device in null zero random urandom; do
  touch "$rootfs/dev/$device"
  mount --bind "/dev/$device" "$rootfs/dev/$device"
done
mount -t tmpfs -o mode=0755,size=1m tmpfs "$rootfs/run"
mkdir -p "$rootfs/run/secrets/ai-service"
mount --bind -o ro "$mounts/secrets" "$rootfs/run/secrets/ai-service"
mount --bind -o ro "$mounts/etc" "$rootfs/etc/ai-service"
if [ "$data" = disk ]; then
  chown "$user" "$mounts/data"
  mount --bind "$mounts/data" "$rootfs/var/lib/ai-service"
elif [ "$data" = tmpfs ]; then
  mount -t tmpfs -o "mode=0750,uid=${user%:*},gid=${user#*:},size=256m" tmpfs "$rootfs/var/lib/ai-service"
fi
mount -o remount,ro,bind "$rootfs"
exec setpriv --no-new-privs unshare --root="$rootfs" --wd="$working" --setuid="${user%:*}" --setgid="${user#*:}" "$@"
