#!/bin/bash
# Keycloak reads secrets from its environment alone: every file in /run/secrets becomes the variable of that name.
# They are then seen by this process only, not by whoever may inspect the container. Bash alone: the image has little else.
set -euo pipefail

for file in "${MANDATE_SECRETS_DIR:-/run/secrets}"/*; do
  name=${file##*/}
  if [[ ! $name =~ ^[A-Z][A-Z0-9_]*$ || ! -r $file ]]; then
    echo "entrypoint: $file is not a readable secret" >&2
    exit 78
  fi
  value=$(<"$file")
  if [[ -z $value ]]; then
    echo "entrypoint: $file is empty" >&2
    exit 78
  fi
  export "$name=$value"
done

exec "${KEYCLOAK_HOME:-/opt/keycloak}/bin/kc.sh" "$@"
