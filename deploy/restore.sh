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

from=''
newer=''
keep_logs=''
force=''
while [ $# -gt 0 ]; do
  case $1 in
    --layout | --logs)
      [ $# -gt 1 ] || fail 64 "$1: name the $([ "$1" = --logs ] && echo folder || echo file)"
      if [ "$1" = --logs ]; then newer=$2; else layout=$2; fi
      shift
      ;;
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
from=$(realpath --canonicalize-missing "$from")
[ -z "$newer" ] || newer=$(realpath --canonicalize-missing "$newer")
[ -z "$layout" ] || layout=$(realpath --canonicalize-missing "$layout")

need openssl tar gzip sha256sum flock
need_key sign.pub
need_pair data
need_pair secrets
lock_for_restore

# check_origin FOLDER: made for these keys, by a release that this one can follow.
check_origin() {
  local name made_by
  for name in data secrets; do
    [ "$(line_of "$1" "$name")" = "$(fingerprint_of "$name")" ] ||
      fail 65 "$1 was encrypted to another $name.pem, with the SHA-256 fingerprint $(line_of "$1" "$name"): use the keys of that time"
  done
  made_by=$(line_of "$1" release)
  [ "$(printf '%s\n' "$made_by" "$(release_here)" | sort --version-sort | tail -n 1)" = "$(release_here)" ] ||
    fail 65 "$1 was made by release $made_by, which is newer than this one, $(release_here): restore it with that release"
}

verify "$from"
[ "$(line_of "$from" kind)" = whole ] || fail 65 "$from has the logs only. Name a whole backup, and this one with --logs"
check_origin "$from"
if [ -n "$newer" ]; then
  verify "$newer"
  check_origin "$newer"
  [[ $(line_of "$newer" made) > $(line_of "$from" made) ]] ||
    fail 65 "$newer is of $(line_of "$newer" made), not newer than $from, of $(line_of "$from" made): its logs lack what the database has"
fi
read_layout

# Whether the parts are those of the layout: a log that is left out has ends that nobody would apply.
check_parts() {
  local part name
  for part in "$1"/*.00000.cms; do
    name=$(basename "$part" .00000.cms)
    [ -n "${dir_of[$name]-}" ] || [ -n "${dir_of[${name%-keys}]-}" ] || fail 65 "$1 has the part $name, which is not in ${layout:-docker-compose.yml}"
  done
}
check_parts "$from"
[ -z "$newer" ] || check_parts "$newer"

refuse_running_containers() {
  local containers
  containers=$(docker compose ps --quiet --status running) || fail 69 'docker compose ps failed: see the message above'
  [ -z "$containers" ] || fail 69 'containers run. Stop them first: docker compose down'
}

# A file of a cluster that crashed has the id of a process that is no more, or of another program.
refuse_running_cluster() {
  local pid file=${dir_of[$1]}/postmaster.pid
  [ -f "$file" ] || return 0
  pid=$(head -n 1 "$file")
  if [[ $pid =~ ^[0-9]+$ ]] && grep -qs postgres "/proc/$pid/cmdline"; then fail 69 "PostgreSQL runs on ${dir_of[$1]} (process $pid). Stop it first"; fi
}

# A PDP holds a lock on log/lock of its directory.
refuse_running_pdp() {
  local lock
  for lock in "${dir_of[$1]}"/log/lock "${dir_of[$1]}"/worker-*/log/lock; do
    [ -f "$lock" ] || continue
    if grep -qs ":$(stat --format=%i "$lock") " /proc/locks; then fail 69 "a PDP runs on $(dirname "$(dirname "$lock")"). Stop it first"; fi
  done
}

# stage KIND NAME: standard input, a tar, into the folder .restoring beside what is there.
stage() {
  # shellcheck disable=SC2016 # the shell inside reads its arguments
  inside "$1" "$2" sh -c '
    cd "$1" && rm -rf .restoring && mkdir -m 0700 .restoring || exit 74
    if [ -z "$2" ] && [ -n "$(ls -A | grep -vx -e .restoring -e lost+found)" ]; then rmdir .restoring; exit 73; fi
    tar -C .restoring -xpf -' sh "${dir_of[$2]}" "$force"
}

add_to_stage() { inside "$1" "$2" tar -C "${dir_of[$2]}/.restoring" -xpf -; }

swap() {
  # shellcheck disable=SC2016 # the shell inside reads its arguments
  inside "$1" "$2" sh -c '
    cd "$1" || exit 1
    owner=.restoring; [ ! -e .restoring/PG_VERSION ] || owner=.restoring/PG_VERSION
    [ "$(id -u)" != 0 ] || chown --reference="$owner" . || exit 1
    find . -mindepth 1 -maxdepth 1 ! -name .restoring ! -name lost+found -exec rm -rf {} + &&
    find .restoring -mindepth 1 -maxdepth 1 -exec mv {} . \; && rmdir .restoring && sync' sh "${dir_of[$2]}"
}

early=
swapping=
finish() {
  local status=$? entry
  [ "$status" != 0 ] || return 0
  if [ -n "$swapping" ]; then
    echo "$program: failed while parts were put into their places, see the message above. Run it again with --force before anything is started" >&2
    exit 74
  fi
  for entry in "${things[@]}"; do inside "${entry% *}" "${entry#* }" rm -rf "${dir_of[${entry#* }]}/.restoring" || true; done
  [ -z "$early" ] || find "${dir_of[secrets]}" -mindepth 1 -delete
  [ -n "$has_failed" ] || echo "$program: failed, see the message above. Nothing was replaced" >&2
}

# unpack_part KIND NAME FOLDER PART RECIPIENT FUNCTION
unpack_part() {
  local dir=${dir_of[$2]} codes=(0 0)
  has "$3" "$4" || fail 65 "$3 has no part $4: the layout is that of another installation"
  decrypt "$3" "$4" "$5" | "$6" "$1" "$2" || codes=("${PIPESTATUS[@]}")
  [ "${codes[1]}" != 73 ] || fail 73 "$dir of $2 is not empty. Move its content away, or use --force to replace it"
  # 141: nobody read to the end.
  [ "${codes[0]}" = 0 ] || [ "${codes[0]}" = 141 ] || fail 65 "$4 cannot be decrypted: see the message above. Nothing was replaced"
  [ "${codes[1]}" = 0 ] || fail 74 "$4 cannot be written into $dir: see the message above. Nothing was replaced. With --force there must be room for the old and the new"
}

unpack() {
  local kind=$1 name=$2 source=$from recipient=data
  [ -z "$layout" ] && [ "$kind" != secrets ] || mkdir -p "${dir_of[$name]}"
  [ "$kind" != secrets ] || recipient=secrets
  [ "$kind" != pdp ] || source=${newer:-$from}
  unpack_part "$kind" "$name" "$source" "$name" "$recipient" stage
  [ "$kind" != pdp ] || unpack_part "$kind" "$name" "$source" "$name-keys" secrets add_to_stage
  [ "$kind" != cluster ] || check_cluster "$name"
}

# A data directory is of one major version of PostgreSQL.
check_cluster() {
  local has_version can_read
  has_version=$(inside cluster "$1" cat "${dir_of[$1]}/.restoring/PG_VERSION") || fail 65 "$1 has no PG_VERSION: it is no base backup"
  needs="$needs PostgreSQL $has_version for $1."
  [ -z "$layout" ] || return 0
  can_read=$(inside cluster "$1" postgres --version | sed 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/')
  [ "$can_read" = "$has_version" ] || fail 65 "$1 is of PostgreSQL $has_version, and docker-compose.yml has $can_read: restore it with the release that has $has_version"
}

# Tells the next start of the PDP that its database is a restored one.
mark_restored() {
  # shellcheck disable=SC2016 # the shell inside reads its argument
  inside pdp "$1" sh -c '
    umask 077
    for dir in "$1" "$1"/worker-*; do
      [ -d "$dir" ] || continue
      : > "$dir/restored" || exit 1
      [ "$(id -u)" != 0 ] || chown --reference="$dir" "$dir/restored" || exit 1
    done' sh "${dir_of[$1]}"
}

# stays KIND NAME: whether the thing is left as it is, or in its place already.
stays() {
  if [ "$1" = pdp ]; then [ -n "$keep_logs" ]; else [ "$2" = "$early" ]; fi
}

started=$(date +%s)
needs=
if [ -z "$layout" ]; then
  refuse_running_containers
else
  each cluster refuse_running_cluster
  each pdp refuse_running_pdp
fi
trap finish EXIT
# Compose starts no container without the files of its secrets, so where there are none they come first.
if [ -z "$layout" ] && [ -z "$(ls -A "${dir_of[secrets]}" 2> /dev/null)" ]; then
  early=secrets
  unpack secrets secrets
  swap secrets secrets
fi
for entry in "${things[@]}"; do
  stays "${entry% *}" "${entry#* }" || unpack "${entry% *}" "${entry#* }"
done
swapping=yes
for entry in "${things[@]}"; do
  stays "${entry% *}" "${entry#* }" || swap "${entry% *}" "${entry#* }"
  [ "${entry% *}" != pdp ] || mark_restored "${entry#* }"
done
trap - EXIT
say "restored what was made $(line_of "$from" made) by release $(line_of "$from" release)${newer:+, with logs of $(line_of "$newer" made)}, in $(($(date +%s) - started)) s.$needs"
say 'start PostgreSQL, OpenFGA and Keycloak, then ALL PDPs, and only then what calls them'
