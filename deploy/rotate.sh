#!/bin/sh
# Rotates one secret of the containers, without a failed request but where OpenFGA or Keycloak restarts: docs/rotation.md says what each does, and what to do after a compromise.
#
#   deploy/rotate.sh client-secret trips|care|booking-agent|auditor|console
#   deploy/rotate.sh database pdp|trips       a new password for that of two roles which is not in use
#   deploy/rotate.sh database openfga|keycloak|postgres    restarts OpenFGA or Keycloak
#   deploy/rotate.sh openfga-key              restarts OpenFGA twice: changes, and decisions that are not in memory, fail meanwhile
#   deploy/rotate.sh vault-key begin|switch|finish     20 minutes between switch and finish
#   deploy/rotate.sh log-key pdp-1|pdp-2 [retire]      retire when every auditor has the new key
#   deploy/rotate.sh edge                     takes edge_cert and edge_key, replaced before, without a restart
#
# Each can be repeated when it was interrupted. Secrets are in $MANDATE_SECRETS_DIR, or deploy/secrets; no output has one.
set -eu
umask 077

here=$(cd "$(dirname "$0")" && pwd)
folder=${MANDATE_SECRETS_DIR:-$here/secrets}
cd "$here/.."

fail() {
  echo "rotate: $1" >&2
  exit "${2:-78}"
}
usage() {
  sed -n '4,/^#$/s/^# \{0,1\}//p' "$here/rotate.sh" >&2
  exit 64
}

# put NAME: standard input into the existing file, since a container keeps the file that it was started with.
put() {
  [ -f "$folder/$1" ] || fail "there is no $folder/$1: run deploy/make-secrets.sh"
  text=$(cat)
  chmod 0644 "$folder/$1"
  printf '%s' "$text" > "$folder/$1"
  chmod 0444 "$folder/$1"
}
new_secret() { openssl rand -hex 32 | tr -d '\n'; }
# sql: runs standard input as the superuser. While its own password is rotated, the file has the new one and the present one.
sql() {
  # shellcheck disable=SC2016 # the shell in the container reads the password
  docker compose exec -T postgres bash -c 'psql() { command psql --host=127.0.0.1 --username=postgres --dbname=postgres --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@"; }
    for PGPASSWORD in $(< "${MANDATE_SECRETS_DIR:-/run/secrets}/postgres_password"); do
      export PGPASSWORD
      ! psql --command="SELECT" > /dev/null 2>&1 < /dev/null || break
    done
    psql'
}

# taken SERVICE... : has them read their files now, and waits until each has done so. Files are looked at every 5 s in any case.
taken() {
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  docker compose kill --signal HUP "$@"
  for service in "$@"; do
    tries=0
    until docker compose logs --no-log-prefix --since "$since" "$service" | grep -qE '"outcome":"(applied|unchanged)"'; do
      if docker compose logs --no-log-prefix --since "$since" "$service" | grep -q 'are refused, those in force stay'; then
        fail "$service refuses the new value and goes on with the former one: docker compose logs $service" 70
      fi
      tries=$((tries + 1))
      [ "$tries" -lt 30 ] || fail "$service has not taken the new value: docker compose logs $service" 70
      sleep 1
    done
  done
}

one_by_one() {
  for pdp in pdp-1 pdp-2; do docker compose up --detach --wait --force-recreate --no-deps "$pdp"; done
}

client_secret() {
  case $1 in trips | care | booking-agent | auditor) service=$1 ;; console) service=auditor ;; *) usage ;; esac
  file=$(echo "$1" | tr - _)_client_secret
  overlap "$file"
  taken "$service"
  admin="/opt/keycloak/bin/kcadm.sh"
  printf '%s\n%s\n' "$1" "$new" | docker compose exec -T keycloak bash -c "set -eu; read -r client; read -r secret
    export KC_CLI_PASSWORD=\$(</run/secrets/KC_BOOTSTRAP_ADMIN_PASSWORD)
    $admin config credentials --config /tmp/rotate.config --server http://127.0.0.1:8080 --realm master --user \${ADMIN:-admin}
    id=\$($admin get clients --config /tmp/rotate.config -r mandate -q clientId=\$client --fields id --format csv --noquotes)
    printf '{\"secret\":\"%s\"}' \"\$secret\" | $admin update clients/\$id --config /tmp/rotate.config -r mandate --merge --file -
    rm /tmp/rotate.config"
  printf %s "$new" | put "$file"
  taken "$service"
}

# Lines of NAME: a new secret and the present one, or those of a rotation that was interrupted.
overlap() {
  former=$(tail -n 1 "$folder/$1")
  new=$(sed -n '1{$!p;}' "$folder/$1")
  [ -n "$new" ] || new=$(new_secret)
  printf '%s\n%s' "$new" "$former" | put "$1"
}

# Two roles log in and act as the owner; the one that is not in use gets a password, then all others lose theirs.
database() {
  case $1 in
    pdp) files='pdp_store_url pdp_index_url' ;;
    trips) files=trips_database_url ;;
    openfga) files=openfga_config ;;
    keycloak | postgres)
      own_password "$1"
      return
      ;;
    *) usage ;;
  esac
  present=$(sed -n 's|.*postgres://\([^:]*\):.*|\1|p' "$folder/${files%% *}")
  case $present in "$1_a") next=$1_b ;; *) next=$1_a ;; esac
  new=$(new_secret)
  sql << SQL
DO \$\$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$next') THEN CREATE ROLE $next IN ROLE $1; END IF;
END \$\$;
ALTER ROLE $next LOGIN PASSWORD '$new';
ALTER ROLE $next SET role = $1;
SQL
  for file in $files; do sed "s|postgres://[^@]*@|postgres://$next:$new@|" "$folder/$file" | put "$file"; done
  case $1 in
    pdp) taken pdp-1 pdp-2 ;;
    trips) taken trips ;;
    openfga) docker compose up --detach --wait --force-recreate --no-deps openfga ;;
  esac
  # Also of an interrupted rotation. Sessions that are open go on.
  sql << SQL
SELECT format('ALTER ROLE %I PASSWORD NULL', rolname) FROM pg_roles
  WHERE rolname IN ('$1', '$1_a', '$1_b') AND rolname <> '$next' \gexec
SQL
}

# One role: Keycloak knows its user by a setting, and no service logs in as postgres.
own_password() {
  case $1 in
    keycloak)
      new=$(new_secret)
      printf %s "$new" | put keycloak_db_password
      echo "ALTER ROLE keycloak PASSWORD '$new';" | sql
      docker compose up --detach --wait --force-recreate --no-deps keycloak
      ;;
    postgres)
      overlap postgres_password
      echo "ALTER ROLE postgres PASSWORD '$new';" | sql
      printf %s "$new" | put postgres_password
      ;;
  esac
}

openfga_key() {
  # All of them: after an interrupted rotation a PDP may use any.
  former=$(sed -n 's|.*keys: \[\(.*\)\].*|\1|p' "$folder/openfga_config")
  new=$(new_secret)
  keys() { sed "s|keys: \[.*\]|keys: [$1]|" "$folder/openfga_config" | put openfga_config; }
  keys "\"$new\", $former"
  docker compose up --detach --wait --force-recreate --no-deps openfga
  printf %s "$new" | put openfga_api_token
  taken pdp-1 pdp-2
  keys "\"$new\""
  docker compose up --detach --wait --force-recreate --no-deps openfga
}

vault_key() {
  further=$(cat "$folder/pdp_vault_old_keys")
  case $1 in
    begin) [ -n "$further" ] || new_secret | put pdp_vault_old_keys ;;
    switch)
      # Both keys are in that file before the key in use is replaced, so that neither is ever in no file.
      case $further in
        '') fail 'first: deploy/rotate.sh vault-key begin' ;;
        *,*) ;;
        *) printf '%s,%s' "$further" "$(cat "$folder/pdp_vault_key")" | put pdp_vault_old_keys ;;
      esac
      printf %s "${further%%,*}" | put pdp_vault_key
      ;;
    finish)
      case $further in '' | *,*) ;; *) fail 'first: deploy/rotate.sh vault-key switch' ;; esac
      printf '' | put pdp_vault_old_keys
      ;;
    *) usage ;;
  esac
  one_by_one
}

log_key() {
  case $1 in pdp-1 | pdp-2) ;; *) usage ;; esac
  case ${2:-rotate} in rotate | retire) ;; *) usage ;; esac
  if ! said=$(docker compose run --rm --no-deps "$1" src/cli/main.ts "${2:-rotate}-key" --data /data 2>&1); then
    # Of an interrupted rotation, whose restart is missing.
    case ${2:-rotate}:$said in
      rotate:*'keys overlap already'* | retire:*'there is only one key'*) ;;
      *) fail "$said" 70 ;;
    esac
  fi
  echo "$said"
  docker compose up --detach --wait --force-recreate --no-deps "$1"
}

case ${1-}/$# in
  client-secret/2) client_secret "$2" ;;
  database/2) database "$2" ;;
  openfga-key/1) openfga_key ;;
  vault-key/2) vault_key "$2" ;;
  log-key/2) log_key "$2" ;;
  log-key/3) log_key "$2" "$3" ;;
  edge/1) docker compose exec -T edge nginx -e stderr -s reload ;;
  *) usage ;;
esac
echo "rotated: $*"
