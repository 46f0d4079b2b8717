#!/usr/bin/env bash
# Restores a backup of deploy/backup.sh into an empty place.
#
#   deploy/restore.sh [--layout FILE] [--logs NEWER] [--keep-logs] [--force] FROM
#
#   FROM          the folder of a whole backup
#   --logs NEWER  a backup of the logs alone that is newer: take the newest. What it has as ended is ended again at the start
#   --keep-logs   the logs of this machine survived, and are newer: they stay as they are
#   --force       replaces what is there
#   --layout FILE an installation without compose
#
# Nothing may run. Every part is verified, decrypted and unpacked beside its place before the first one is put there.
set -euo pipefail
umask 077
. "$(dirname "$0")/backup-lib.sh"

from= newer= keep_logs= force=
while [ $# -gt 0 ]; do
  case $1 in
    --layout) layout=${2-}; shift ;;
    --logs) newer=${2-}; shift ;;
    --keep-logs) keep_logs=yes ;;
    --force) force=yes ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) fail 64 "there is no option $1. Options: --layout FILE, --logs NEWER, --keep-logs, --force" ;;
    *) [ -z "$from" ] || fail 64 "one backup, not also $1"; from=$1 ;;
  esac
  shift
done
[ -n "$from" ] || fail 64 'name the folder of a backup: deploy/restore.sh FROM'
[ -z "$newer" ] || [ -z "$keep_logs" ] || fail 64 '--logs and --keep-logs: choose one'
from=$(realpath "$from")
[ -z "$newer" ] || newer=$(realpath "$newer")
[ -z "$layout" ] || layout=$(realpath "$layout")

need openssl tar gzip sha256sum
need_key sign.pub data.pem data.key secrets.pem secrets.key
verify "$from"
grep -qx 'kind whole' "$from/MANIFEST" || fail 65 "$from has the logs only. Name a whole backup, and this one with --logs"
if [ -n "$newer" ]; then
  verify "$newer"
  [[ $(grep '^made ' "$newer/MANIFEST") > $(grep '^made ' "$from/MANIFEST") ]] || fail 65 "$newer is older than $from"
fi
read_layout

running() {
  if [ -z "$layout" ]; then
    docker compose ps --quiet --status running | grep -q . && fail 69 'containers run. Stop them first: docker compose down'
    return 0
  fi
  [ ! -e "$(where cluster "$1")/postmaster.pid" ] || fail 69 "PostgreSQL runs on $(where cluster "$1"). Stop it first"
}

# stage KIND NAME: standard input, a tar, into the folder .restoring beside what is there.
stage() {
  inside "$1" "$2" sh -c '
    cd "$1" && rm -rf .restoring && mkdir -m 0700 .restoring &&
    if [ -z "$2" ] && [ -n "$(ls -A | grep -vx -e .restoring -e lost+found)" ]; then rmdir .restoring; exit 73; fi &&
    tar -C .restoring -xpf -' sh "$(where "$1" "$2")" "$force"
}

add_to_stage() { inside "$1" "$2" tar -C "$(where "$1" "$2")/.restoring" -xpf -; }

swap() {
  inside "$1" "$2" sh -c '
    cd "$1" || exit 1
    owner=.restoring; [ ! -e .restoring/PG_VERSION ] || owner=.restoring/PG_VERSION
    [ "$(id -u)" != 0 ] || chown --reference="$owner" . || exit 1
    find . -mindepth 1 -maxdepth 1 ! -name .restoring ! -name lost+found -exec rm -rf {} + &&
    find .restoring -mindepth 1 -maxdepth 1 -exec mv {} . \; && rmdir .restoring && sync' sh "$(where "$1" "$2")"
}

drop_stages() {
  local kind name rest entry
  for entry in "${things[@]}"; do
    read -r kind name rest <<< "$entry"
    inside "$kind" "$name" rm -rf "$(where "$kind" "$name")/.restoring" || true
  done
}

unpack() {
  local kind=$1 name=$2 dir source=$from status=0
  dir=$(where "$kind" "$name")
  [ -z "$layout" ] && [ "$kind" != secrets ] || mkdir -p "$dir"
  [ "$kind" != pdp ] || [ -z "$newer" ] || source=$newer
  has "$source" "$name" || fail 65 "$source has no part $name: the layout is that of another installation"
  decrypt "$source" "$name" "$([ "$kind" = secrets ] && echo secrets || echo data)" | stage "$kind" "$name" || status=$?
  [ "$status" != 73 ] || fail 73 "$dir of $name is not empty. Move its content away, or use --force to replace it"
  [ "$status" = 0 ] || fail 65 "$name cannot be unpacked into $dir. Nothing was replaced"
  [ "$kind" != pdp ] || decrypt "$from" "$name-keys" secrets | add_to_stage "$kind" "$name"
}

started=$(date +%s)
for entry in "${things[@]}"; do
  read -r kind name rest <<< "$entry"
  [ "$kind" != cluster ] || running "$name"
done
trap 'drop_stages' EXIT
# Compose starts no container without the files of its secrets, so where there are none they come first.
early=
if [ -z "$layout" ] && [ -z "$(ls -A "$(where secrets secrets)" 2> /dev/null)" ]; then
  unpack secrets secrets
  swap secrets secrets
  early=secrets
fi
for entry in "${things[@]}"; do
  read -r kind name rest <<< "$entry"
  [ "$kind" = "$early" ] || { [ "$kind" = pdp ] && [ -n "$keep_logs" ]; } || unpack "$kind" "$name"
done
for entry in "${things[@]}"; do
  read -r kind name rest <<< "$entry"
  [ "$kind" = "$early" ] || { [ "$kind" = pdp ] && [ -n "$keep_logs" ]; } || swap "$kind" "$name"
  # Tells the next start of the PDP that its database is a restored one.
  [ "$kind" != pdp ] || inside pdp "$name" sh -c '
    umask 077
    for dir in "$1" "$1"/worker-*; do
      [ -d "$dir" ] || continue
      : > "$dir/restored" || exit 1
      [ "$(id -u)" != 0 ] || chown --reference="$dir" "$dir/restored" || exit 1
    done' sh "$(where pdp "$name")"
done
trap - EXIT
say "restored what was $(grep '^made ' "$from/MANIFEST"), in $(($(date +%s) - started)) s. Start PostgreSQL, OpenFGA and Keycloak, then ALL PDPs, and only then what calls them"
