#!/usr/bin/env bash
# Backs an installation up while it runs, encrypted.
#
#   deploy/backup.sh [--layout FILE] [--logs] TO
#
#   TO             a new folder for the backup; it is there as a whole or not at all
#   --logs         the decision logs only: often, such as every minute. What ended since the last whole backup is in them
#   --layout FILE  an installation without compose (deploy/backup-lib.sh says how it is written)
#
# Order: first every database of one PostgreSQL cluster, as of one moment; then the logs. A restored PDP ends again what its log has as ended and its database
# does not, so the log must not be the older one. docs/runbook.md has the restore.
set -euo pipefail
umask 077
. "$(dirname "$0")/backup-lib.sh"

to=
only_logs=
while [ $# -gt 0 ]; do
  case $1 in
    --layout) layout=${2-}; shift ;;
    --logs) only_logs=yes ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) fail 64 "there is no option $1. Options: --layout FILE, --logs" ;;
    *) [ -z "$to" ] || fail 64 "one folder for the backup, not also $1"; to=$1 ;;
  esac
  shift
done
[ -n "$to" ] || fail 64 'name a folder for the backup: deploy/backup.sh TO'
[ ! -e "$to" ] || fail 73 "$to exists. Name a new folder: nothing is overwritten"
case $to in /*) ;; *) to=$PWD/$to ;; esac
[ -z "$layout" ] || case $layout in /*) ;; *) layout=$PWD/$layout ;; esac

need openssl tar gzip split sha256sum
need_key data.pem secrets.pem sign.key
read_layout
work=$to.partial
rm -rf "$work"
mkdir -p "$work"
paused=
copied=
finish() {
  [ -z "$copied" ] || inside pdp "$copied" rm -rf "$(where pdp "$copied")/.snapshot" || true
  [ -z "$paused" ] || docker compose unpause "$paused" > /dev/null
  rm -rf "$work"
}
trap finish EXIT

back_up_cluster() {
  if [ -z "$layout" ]; then
    docker compose exec -T "$1" bash -c 'PGPASSWORD=$(</run/secrets/postgres_password) \
      pg_basebackup --host=127.0.0.1 --username=postgres --pgdata=- --format=tar --wal-method=fetch --checkpoint=fast'
  else
    need pg_basebackup
    pg_basebackup --dbname="$(uri_of "$1")" --pgdata=- --format=tar --wal-method=fetch --checkpoint=fast
  fi | encrypt "$work" "$1" data
}

# A copy inside the PDP's own folder first: its tiles are hard links.
back_up_log() {
  local dir copy
  dir=$(where pdp "$1")
  copy=$dir/.snapshot
  inside pdp "$1" rm -rf "$copy"
  copied=$1
  if [ -z "$layout" ]; then
    docker compose run --rm --no-deps -T "$1" src/cli/main.ts snapshot --data "$dir" --to "$copy"
  else
    # With MANDATE_LOG_COMMAND another way to run `npm run log --`.
    (cd "$repository" && ${MANDATE_LOG_COMMAND:-npm run --silent log --} snapshot --data "$dir" --to "$copy")
  fi | sed "s/^/$program: $1: /"
  [ -z "$layout" ] || [ "$(id -u)" != 0 ] || chown -R --reference="$dir" "$copy"
  inside pdp "$1" tar -C "$copy" -cf - . | encrypt "$work" "$1" data
  inside pdp "$1" rm -rf "$copy"
  copied=
}

back_up_log_key() {
  inside pdp "$1" sh -c 'cd "$1" && tar -cf - $(ls log.key vault.key worker-*/log.key 2> /dev/null)' sh "$(where pdp "$1")" |
    encrypt "$work" "$1-keys" secrets
}

# SQLite files of a process that does not run for the moment are those of a crash, which SQLite recovers from.
back_up_folder() {
  if [ -z "$layout" ] && [ -n "$(docker compose ps --quiet --status running "$1")" ]; then
    paused=$1
    docker compose pause "$1" > /dev/null
  fi
  inside folder "$1" tar -C "$(where folder "$1")" -cf - . | encrypt "$work" "$1" data
  [ -z "$paused" ] || docker compose unpause "$paused" > /dev/null
  paused=
}

back_up_secrets() { tar -C "$(where secrets "$1")" -cf - . | encrypt "$work" "$1" secrets; }

# each KIND FUNCTION: calls the function with the name of each thing of a kind.
each() {
  local entry kind name rest
  for entry in "${things[@]}"; do
    read -r kind name rest <<< "$entry"
    [ "$kind" != "$1" ] || "$2" "$name"
  done
}

kind_of_backup=${only_logs:+logs}
printf 'mandate-backup 1\nmade %s\nkind %s\n' "$(date --utc +%Y-%m-%dT%H:%M:%SZ)" "${kind_of_backup:-whole}" > "$work/MANIFEST"
if [ -n "$only_logs" ]; then
  each pdp back_up_log
else
  each cluster back_up_cluster
  each folder back_up_folder
  each pdp back_up_log
  each pdp back_up_log_key
  each secrets back_up_secrets
fi
sign "$work"
sync "$work"/*
mv "$work" "$to"
trap - EXIT
say "$to, $(du --summarize --human-readable "$to" | cut -f1), whole and signed"
