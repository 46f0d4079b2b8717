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
kind_of_backup=whole
while [ $# -gt 0 ]; do
  case $1 in
    --layout)
      [ $# -gt 1 ] || fail 64 '--layout: name the file'
      layout=$2
      shift
      ;;
    --logs) kind_of_backup=logs ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) fail 64 "there is no option $1. Options: --layout FILE, --logs" ;;
    *) [ -z "$to" ] || fail 64 "one folder for the backup, not also $1"; to=$1 ;;
  esac
  shift
done
[ -n "$to" ] || fail 64 'name a folder for the backup: deploy/backup.sh TO'
[ ! -e "$to" ] && [ ! -L "$to" ] || fail 73 "$to exists. Name a new folder: nothing is overwritten"
to=$(realpath --canonicalize-missing "$to")
[ -z "$layout" ] || layout=$(realpath --canonicalize-missing "$layout")

need openssl tar gzip split sha256sum flock
need_key data.pem secrets.pem sign.key
lock_for_backup "$kind_of_backup"
read_layout
[ "$kind_of_backup" = whole ] || [[ " ${things[*]}" == *' pdp '* ]] || fail 78 "--logs: $layout has no pdp"
mkdir -p "$(dirname "$to")" || fail 73 "$to cannot be made: see the message above"
work=$(mktemp --directory "$to.partial.XXXXXX") || fail 73 "$to cannot be made: see the message above"
paused=
copied=
copy=
finish() {
  local status=$?
  [ -z "$copied" ] || inside pdp "$copied" rm -rf "$copy" || true
  [ -z "$paused" ] || docker compose unpause "$paused" > /dev/null || echo "$program: $paused is still paused: docker compose unpause $paused" >&2
  rm -rf "$work"
  [ "$status" != 0 ] || return 0
  [ -z "$has_failed" ] || exit "$status"
  echo "$program: failed, see the message above. Nothing was left of $to. Room there: $(df --output=avail --human-readable "$(dirname "$to")" | tail -n 1 | tr -d ' ')" >&2
  exit 74
}
trap finish EXIT

need_base_backup() { [ -z "$layout" ] || need pg_basebackup; }

back_up_cluster() {
  if [ -z "$layout" ]; then
    # shellcheck disable=SC2016 # the shell in the container reads the password
    docker compose exec -T "$1" bash -c 'PGPASSWORD=$(</run/secrets/postgres_password) \
      pg_basebackup --host=127.0.0.1 --username=postgres --pgdata=- --format=tar --wal-method=fetch --checkpoint=fast'
  else
    pg_basebackup --dbname="${uri_of[$1]}" --no-password --pgdata=- --format=tar --wal-method=fetch --checkpoint=fast
  fi | encrypt "$work" "$1" data
}

# A copy inside the PDP's own folder first: its tiles are hard links. A backup that was killed has left its copy; a day later it is in nobody's use.
back_up_log() {
  local dir=${dir_of[$1]}
  inside pdp "$1" find "$dir" -maxdepth 1 -name '.snapshot-*' -mmin +1440 -exec rm -rf '{}' +
  copy=$dir/.snapshot-$(date +%s)-$$
  copied=$1
  if [ -z "$layout" ]; then
    docker compose run --rm --no-deps -T "$1" src/cli/main.ts snapshot --data "$dir" --to "$copy"
  else
    # With MANDATE_LOG_COMMAND another way to run `npm run log --`.
    (cd "$repository" && ${MANDATE_LOG_COMMAND:-npm run --silent log --} snapshot --data "$dir" --to "$copy")
  fi | sed "s|^|$program: $1: |"
  [ -z "$layout" ] || [ "$(id -u)" != 0 ] || chown -R --reference="$dir" "$copy"
  inside pdp "$1" tar -C "$copy" -cf - . | encrypt "$work" "$1" data
  inside pdp "$1" rm -rf "$copy"
  copied=
  back_up_log_key "$1"
}

# With the log each time: it may have been rotated since the last whole backup.
back_up_log_key() {
  # shellcheck disable=SC2016 # the shell inside reads its argument
  inside pdp "$1" sh -c 'cd "$1" && tar -cf - $(ls log.key vault.key worker-*/log.key 2> /dev/null)' sh "${dir_of[$1]}" |
    encrypt "$work" "$1-keys" secrets
}

# SQLite files of a process that does not run for the moment are those of a crash, which SQLite recovers from.
back_up_folder() {
  local running
  if [ -z "$layout" ]; then
    running=$(docker compose ps --quiet --status running "$1")
    if [ -n "$running" ]; then
      paused=$1
      docker compose pause "$1" > /dev/null
    fi
  fi
  inside folder "$1" tar -C "${dir_of[$1]}" -cf - . | encrypt "$work" "$1" data
  [ -z "$paused" ] || docker compose unpause "$paused" > /dev/null
  paused=
}

back_up_secrets() { tar -C "${dir_of[$1]}" -cf - . | encrypt "$work" "$1" secrets; }

write_head() {
  echo 'mandate-backup 1'
  echo "made $(date --utc +%Y-%m-%dT%H:%M:%S.%3NZ)"
  echo "kind $kind_of_backup"
  echo "release $(release_here)"
  echo "data $(fingerprint_of data)"
  echo "secrets $(fingerprint_of secrets)"
}

write_head > "$work/MANIFEST"
if [ "$kind_of_backup" = whole ]; then
  each cluster need_base_backup
  each cluster back_up_cluster
  each folder back_up_folder
fi
each pdp back_up_log
[ "$kind_of_backup" != whole ] || each secrets back_up_secrets
sign "$work"
sync "$work"/*
mv --no-target-directory "$work" "$to"
sync "$to" "$(dirname "$to")"
trap - EXIT
say "$to, $(du --summarize --human-readable "$to" | cut -f1), whole and signed"
