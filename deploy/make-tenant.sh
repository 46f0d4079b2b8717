#!/bin/sh
# Makes the settings and secrets of a tenant for deploy/compose.tenant.yml. docs/tenants.md has the steps before and after.
#
#   deploy/make-tenant.sh NAME HOST PORT      such as: deploy/make-tenant.sh acme acme.example 8500
#
# NAME is that of the realm, the compose project and the log: it cannot be changed later. HOST is what clients call, unlike that of every other tenant: a
# browser sends its cookies to all ports of a host. PORT is the first of five free ones on loopback. What is there is kept, so it can be run again.
set -eu
umask 077

fail() {
  echo "make-tenant: $1" >&2
  exit 64
}

[ $# -eq 3 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 64; }
name=$1 host=$2 port=$3
case $name in
  master | mandate) fail "$name is not a tenant's: choose another name" ;;
  [!a-z]* | *[!a-z0-9-]* | ? | '') fail "$name: 2 to 31 lower-case letters, digits and hyphens, a letter first" ;;
  ????????????????????????????????*) fail "$name: 31 characters at most" ;;
esac
case $host in
  *[!a-zA-Z0-9.-]* | '') fail "$host is no host name" ;;
esac
case $port in
  *[!0-9]* | '' | ??????*) fail "$port is no port" ;;
esac
[ "$port" -ge 1024 ] && [ "$port" -le 65531 ] || fail "$port: five ports from 1024 to 65535 are needed"

here=$(cd "$(dirname "$0")" && pwd)
folder=${MANDATE_TENANTS_DIR:-$here/tenants}
mkdir -p "$folder"
settings=$folder/$name.env
if [ ! -e "$settings" ]; then
  cat > "$settings.new" << ENV
COMPOSE_PROJECT_NAME=mandate-$name
COMPOSE_FILE=docker-compose.yml:deploy/compose.tenant.yml
MANDATE_TENANT=$name
MANDATE_HOST=$host
MANDATE_SIGN_IN_HOST=${MANDATE_HOST:-127.0.0.1}
MANDATE_SIGN_IN_PORT=${MANDATE_KEYCLOAK_PORT:-8443}
MANDATE_SECRETS_DIR=$folder/$name
MANDATE_LOG_ORIGIN=$host/$name
MANDATE_PDP_PORT=$port
MANDATE_TRIPS_PORT=$((port + 1))
MANDATE_AGENT_PORT=$((port + 2))
MANDATE_AUDITOR_PORT=$((port + 3))
MANDATE_CARE_PORT=$((port + 4))
ENV
  mv "$settings.new" "$settings"
fi
# shellcheck disable=SC1090
. "$settings"
# Secrets that stand in the environment are those of another tenant.
env -i PATH="$PATH" MANDATE_HOST="$MANDATE_HOST" "$here/make-secrets.sh" "$folder/$name"

cat << STEPS

Settings are in $settings. Next, make the realm $name in Keycloak, as its administrator (docs/tenants.md):

  npm run add-realm -- $name $folder/$name http://edge-of-$name:8082/backchannel-logout https://$MANDATE_HOST:$MANDATE_AUDITOR_PORT

and then:

  set -a; . $settings; set +a
  docker compose up --detach --wait
STEPS
