#!/bin/sh
# Makes every secret of docker-compose.yml, a file each, and the edge's certificate. Needs openssl, nothing else.
#
#   deploy/make-secrets.sh [FOLDER]        FOLDER is $MANDATE_SECRETS_DIR, or deploy/secrets
#
# What is there is kept, so it can be run again at any time: delete a file to get another. A value that stands in the
# environment under the name of its file in capitals (PAIRWISE_SALT, OPENFGA_API_TOKEN, …) is taken as it is.
#
# The folder is 0700: on this machine nobody else gets in. The files in it are 0444 on purpose. Compose binds each
# into the containers that need it with the owner and mode that it has here, whatever its `mode:` says, and they run
# under accounts of their own: with 0600 they could not read it.
set -eu
umask 077

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-${MANDATE_SECRETS_DIR:-$here/secrets}}
host=${MANDATE_HOST:-127.0.0.1}

fail() {
  echo "make-secrets: $1" >&2
  exit 78
}

command -v openssl > /dev/null || fail 'openssl is not here. Debian: sudo apt-get install openssl'

# put NAME: a file from standard input, there as a whole or not at all.
put() {
  cat > "$folder/.new"
  chmod 0444 "$folder/.new"
  mv -f "$folder/.new" "$folder/$1"
  echo "made $1"
}

# secret NAME: 256 random bits in hexadecimal, or the value that the environment gives.
secret() {
  if [ ! -s "$folder/$1" ]; then
    # By the shell itself: where a command were missing, a secret that was given would be replaced by another.
    name=$(echo "$1" | tr '[:lower:]' '[:upper:]')
    eval "given=\${$name-}"
    case $given in
      '') openssl rand -hex 32 | tr -d '\n' | put "$1" ;;
      # It will stand in a URL and in YAML.
      *[!A-Za-z0-9_-]*) fail "the $1 of the environment may hold letters, digits, - and _ only" ;;
      ????????????????????????*) printf '%s' "$given" | put "$1" ;;
      *) fail "the $1 of the environment is shorter than 24 characters" ;;
    esac
  fi
}

# A certificate for the edge, signed by an authority whose key is thrown away: nobody can sign another with it.
certificate() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  case $host in
    127.0.0.1 | localhost) names='IP:127.0.0.1,DNS:localhost' ;;
    *[!0-9.]*) names="IP:127.0.0.1,DNS:localhost,DNS:$host" ;;
    *) names="IP:127.0.0.1,DNS:localhost,IP:$host" ;;
  esac
  printf '%s\n' '[req]' 'distinguished_name = dn' 'prompt = no' '[dn]' 'CN = Mandate local authority' \
    '[ca]' 'basicConstraints = critical, CA:TRUE, pathlen:0' 'keyUsage = critical, keyCertSign' \
    'subjectKeyIdentifier = hash' \
    '[edge]' 'basicConstraints = critical, CA:FALSE' 'keyUsage = critical, digitalSignature' \
    'extendedKeyUsage = serverAuth' 'subjectKeyIdentifier = hash' 'authorityKeyIdentifier = keyid' \
    "subjectAltName = $names" > "$work/openssl.cnf"
  (
    cd "$work"
    for name in ca edge; do openssl ecparam -name prime256v1 -genkey -noout -out "$name.key"; done
    openssl req -new -x509 -config openssl.cnf -extensions ca -key ca.key -days 365 -sha256 -out ca.pem
    openssl req -new -config openssl.cnf -subj '/CN=Mandate edge' -key edge.key -out edge.csr
    openssl x509 -req -in edge.csr -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 16)" \
      -extfile openssl.cnf -extensions edge -days 365 -sha256 -out edge.pem 2> /dev/null
    openssl pkcs8 -topk8 -nocrypt -in edge.key -out edge.pkcs8
  )
  put edge_ca < "$work/ca.pem"
  put edge_cert < "$work/edge.pem"
  put edge_key < "$work/edge.pkcs8"
  rm -rf "$work"
  trap - EXIT
}

mkdir -p "$folder"
chmod 0700 "$folder"

for name in postgres_password openfga_db_password openfga_api_token keycloak_db_password pdp_db_password trips_db_password \
  keycloak_admin_password \
  pairwise_salt pdp_vault_key pdp_client_secret auditor_client_secret console_client_secret trips_client_secret \
  care_client_secret booking_agent_client_secret; do
  secret "$name"
done

# Keys that only decrypt, while the vault key is rotated: none.
[ -e "$folder/pdp_vault_old_keys" ] || put pdp_vault_old_keys < /dev/null

# OpenFGA's image has no shell that could read a secret's file, but OpenFGA reads a file of settings by itself.
if [ ! -s "$folder/openfga_config" ]; then
  put openfga_config << YAML
authn:
  method: preshared
  preshared:
    keys: ["$(cat "$folder/openfga_api_token")"]
datastore:
  engine: postgres
  uri: postgres://openfga:$(cat "$folder/openfga_db_password")@postgres:5432/openfga?sslmode=disable
YAML
fi

for database in store index; do
  name=pdp
  [ "$database" = store ] || name=pdp_index
  if [ ! -s "$folder/pdp_${database}_url" ]; then
    put "pdp_${database}_url" << URL
postgres://pdp:$(cat "$folder/pdp_db_password")@postgres:5432/$name?sslmode=disable
URL
  fi
done

if [ ! -s "$folder/trips_database_url" ]; then
  put trips_database_url << URL
postgres://trips:$(cat "$folder/trips_db_password")@postgres:5432/trips?sslmode=disable
URL
fi

if [ ! -s "$folder/edge_key" ] || [ ! -s "$folder/edge_cert" ]; then certificate; fi

echo "all secrets are in $folder"
