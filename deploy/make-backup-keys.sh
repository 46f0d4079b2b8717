#!/usr/bin/env bash
# Makes the keys of backups. Needs OpenSSL >= 3.0.
#
#   deploy/make-backup-keys.sh [FOLDER]        FOLDER is $MANDATE_BACKUP_KEYS, or deploy/backup-keys
#
#   data.pem, secrets.pem   public: what parts are encrypted to. `data`: databases and logs; `secrets`: keys and passwords
#   sign.key                signs what was backed up: stays on the machine that makes backups
#   data.key, secrets.key   decrypt. MOVE BOTH AWAY, to two places, and keep sign.pub with each
set -euo pipefail
umask 077
. "$(dirname "$0")/backup-lib.sh"
folder=${1:-$keys}
need openssl
[ ! -e "$folder/sign.key" ] && [ ! -e "$folder/data.pem" ] ||
  fail 73 "$folder has keys already. Name another folder: backups that were made with these keys need them"
mkdir -p "$folder"
for name in data secrets; do
  openssl ecparam -name prime256v1 -genkey -noout -out "$folder/$name.key"
  openssl req -new -x509 -key "$folder/$name.key" -subj "/CN=mandate backup: $name" -days 36500 -sha256 -out "$folder/$name.pem"
done
openssl ecparam -name prime256v1 -genkey -noout -out "$folder/sign.key"
openssl pkey -in "$folder/sign.key" -pubout -out "$folder/sign.pub"
say "keys are in $folder. Move data.key and secrets.key to two other places, each with a copy of sign.pub; a backup does not need them"
