# shellcheck shell=bash disable=SC2034 # what is set here is used by the scripts
# Functions of backup.sh, restore.sh and make-backup-keys.sh. Bash >= 4.4, OpenSSL >= 3.0, GNU coreutils and tar, util-linux.
#
# A backup is a folder: encrypted parts, the file MANIFEST with the SHA-256 of each, and MANIFEST.sig. The signature is verified, and then every part, before
# anything is decrypted or written: `openssl cms` reports an altered part after it has put all of it out.

# Bytes of one encrypted file. OpenSSL holds a file in memory while it decrypts it.
part_bytes=${MANDATE_BACKUP_PART_BYTES:-268435456}
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
keys=$(realpath --canonicalize-missing "${MANDATE_BACKUP_KEYS:-$repository/deploy/backup-keys}")
program=$(basename "$0" .sh)
has_failed=

# fail CODE MESSAGE. Exit codes as in sysexits.h: 64 usage, 65 damaged or foreign, 69 unavailable, 73 cannot create, 74 cannot read or write, 75 busy,
# 78 configuration.
fail() {
  has_failed=yes
  echo "$program: $2" >&2
  exit "$1"
}

say() { echo "$program: $*"; }

need() {
  local name
  for name in "$@"; do
    command -v "$name" > /dev/null || fail 69 "$name is not installed. Debian: sudo apt-get install $(package_of "$name")"
  done
}

package_of() {
  case $1 in
    pg_basebackup) echo postgresql-client ;;
    sha256sum | split) echo coreutils ;;
    flock) echo util-linux ;;
    docker) echo docker.io docker-compose-v2 ;;
    *) echo "$1" ;;
  esac
}

need_key() {
  local name
  for name in "$@"; do
    [ -s "$keys/$name" ] || fail 78 "$keys/$name is missing. deploy/make-backup-keys.sh makes keys; MANDATE_BACKUP_KEYS names their folder"
    [ -r "$keys/$name" ] || fail 78 "$keys/$name cannot be read by $(id -un)"
  done
}

# need_pair RECIPIENT: the private key is that of the certificate.
need_pair() {
  local public
  need_key "$1.pem" "$1.key"
  public=$(openssl pkey -in "$keys/$1.key" -pubout 2> /dev/null) || fail 78 "$keys/$1.key is not a private key, or its passphrase is wrong"
  [ "$public" = "$(openssl x509 -in "$keys/$1.pem" -noout -pubkey)" ] || fail 78 "$keys/$1.key is not the key of $keys/$1.pem"
}

fingerprint_of() { openssl x509 -in "$keys/$1.pem" -noout -fingerprint -sha256 | cut -d= -f2; }

release_here() { sed -n 's/^  "version": "\(.*\)",$/\1/p' "$repository/package.json"; }

# line_of FOLDER NAME: the value of a line of MANIFEST.
line_of() { sed -n "s/^$2 //p" "$1/MANIFEST"; }

# --- Locks: released by the kernel when the script ends ---------------------------------------------------------------------

# Backups may run beside each other, but not beside a restore; of whole backups only one runs, since it pauses containers.
lock_for_backup() {
  exec 8< "$keys"
  flock --nonblock --shared 8 || fail 75 'restore.sh is running with these keys. Try again when it is done'
  [ "$1" = logs ] && return
  exec 9< "$keys/sign.key"
  flock --nonblock 9 || fail 75 'another whole backup is running with these keys. Try again when it is done'
}

lock_for_restore() {
  exec 8< "$keys"
  flock --nonblock 8 || fail 75 'backup.sh, or another restore.sh, is running with these keys. Try again when it is done'
}

# --- Layout: what belongs to an installation ----------------------------------------------------------------------------
#
# With --layout FILE it runs without compose. One thing a line, blanks in between, # begins a comment:
#   cluster NAME URI DIR        a PostgreSQL cluster: where pg_basebackup connects (the password in PGPASSFILE, not here), its data directory
#   pdp     NAME DIR            data directory of a PDP
#   folder  NAME DIR            another folder, whose program is not running while it is copied
#   secrets NAME DIR            a folder of keys and passwords
# Without it: the services of docker-compose.yml.

layout=
things=() # "KIND NAME" each
declare -A dir_of=() uri_of=()

# add_thing KIND NAME DIR [URI]
add_thing() {
  local source=${layout:-docker-compose.yml}
  [[ $2 =~ ^[a-z][a-z0-9-]*$ ]] || fail 78 "$source: the name $2 may have a-z, 0-9 and - only"
  [[ $2 != *-keys ]] || fail 78 "$source: the name $2 may not end in -keys: such parts are the keys of a PDP"
  [ -z "${dir_of[$2]-}" ] || fail 78 "$source: the name $2 is used twice"
  [ -n "$3" ] || fail 78 "$source: $1 $2 has no directory"
  [[ $3 == /?* ]] || fail 78 "$source: the directory of $2 must be absolute, not $3"
  case ${4-} in *://*:*@* | *password=*) fail 78 "$source: $2: a password in the URI is visible in the list of processes. Put it into the file of PGPASSFILE" ;; esac
  things+=("$1 $2")
  dir_of[$2]=$3
  uri_of[$2]=${4-}
}

read_layout() {
  local kind name rest uri dir
  if [ -z "$layout" ]; then
    read_compose
    return
  fi
  [ -f "$layout" ] && [ -r "$layout" ] || fail 78 "--layout: $layout cannot be read"
  while read -r kind name rest || [ -n "$kind" ]; do
    case $kind in
      '' | '#'*) ;;
      cluster)
        read -r uri dir <<< "$rest"
        add_thing cluster "$name" "$dir" "$uri"
        ;;
      pdp | folder | secrets) add_thing "$kind" "$name" "$rest" ;;
      *) fail 78 "$layout: $kind is no kind: write cluster, pdp, folder or secrets" ;;
    esac
  done < "$layout"
  [ ${#things[@]} -gt 0 ] || fail 78 "$layout names nothing to back up"
}

read_compose() {
  local services name secrets
  need docker
  cd "$repository" || exit
  services=$(docker compose config --services) || fail 78 'docker compose cannot read docker-compose.yml: see the message above'
  add_thing cluster postgres /var/lib/postgresql/data
  while read -r name; do
    [[ ! $name =~ ^pdp-[0-9]+$ ]] || add_thing pdp "$name" /data
  done < <(sort <<< "$services")
  [ ${#things[@]} -gt 1 ] || fail 78 'docker-compose.yml has no service pdp-1'
  add_thing folder care /data
  add_thing folder booking-agent /data
  secrets=${MANDATE_SECRETS_DIR:-$({ sed -n 's/^MANDATE_SECRETS_DIR=//p' .env 2> /dev/null || true; } | tail -n 1 | tr -d "\"'\r")}
  add_thing secrets secrets "$(realpath --canonicalize-missing "${secrets:-deploy/secrets}")"
}

# each KIND FUNCTION: calls the function with the name of each thing of a kind.
each() {
  local entry
  for entry in "${things[@]}"; do
    [ "${entry% *}" != "$1" ] || "$2" "${entry#* }"
  done
}

# inside KIND NAME PROGRAM ARGUMENT...: where the directory of the thing is; in compose a container of its service.
inside() {
  local kind=$1 name=$2
  shift 2
  if [ -n "$layout" ] || [ "$kind" = secrets ]; then
    "$@"
  else
    local command=$1
    shift
    docker compose run --rm --no-deps -T --entrypoint "$command" "$name" "$@"
  fi
}

# --- Parts ----------------------------------------------------------------------------------------------------------------

# encrypt FOLDER PART RECIPIENT: standard input, compressed, into FOLDER/PART.00000.cms and so on. No plaintext touches the disk.
encrypt() {
  # shellcheck disable=SC2016 # split's own shell reads the variables
  gzip --fast | certificate=$keys/$3.pem split --bytes="$part_bytes" --numeric-suffixes --suffix-length=5 --additional-suffix=.cms \
    --filter='openssl cms -encrypt -binary -stream -aes-256-gcm -outform DER -out "$FILE" "$certificate"' - "$1/$2."
}

# decrypt FOLDER PART RECIPIENT: to standard output.
decrypt() { decrypt_files "$@" | gzip --decompress; }

decrypt_files() {
  local file
  for file in "$1/$2".[0-9][0-9][0-9][0-9][0-9].cms; do
    openssl cms -decrypt -binary -inform DER -in "$file" -recip "$keys/$3.pem" -inkey "$keys/$3.key" || return 1
  done
}

hash_of() { sha256sum < "$1" | cut -d' ' -f1; }

# sign FOLDER: MANIFEST gets a line `file SHA256 BYTES NAME` for each part, then its signature.
sign() {
  local file hash
  for file in "$1"/*.cms; do
    hash=$(hash_of "$file")
    echo "file $hash $(stat --format=%s "$file") $(basename "$file")" >> "$1/MANIFEST"
  done
  openssl dgst -sha256 -sign "$keys/sign.key" -out "$1/MANIFEST.sig" "$1/MANIFEST"
}

# verify FOLDER: whole and unaltered, as signed with the key of this installation.
verify() {
  [ -d "$1" ] || fail 65 "$1 is no folder. Name the folder of a backup"
  [ -f "$1/MANIFEST" ] && [ -f "$1/MANIFEST.sig" ] || fail 65 "$1 is no backup: MANIFEST or MANIFEST.sig is missing"
  openssl dgst -sha256 -verify "$keys/sign.pub" -signature "$1/MANIFEST.sig" "$1/MANIFEST" > /dev/null 2>&1 ||
    fail 65 "$1/MANIFEST is not signed by $keys/sign.pub: it was altered, it is of another installation, or it was made with earlier keys"
  [ "$(head -n 1 "$1/MANIFEST")" = 'mandate-backup 1' ] || fail 65 "$1 has a format that this release does not read"
  local kind hash bytes name known=' MANIFEST MANIFEST.sig '
  while read -r kind hash bytes name; do
    [ "$kind" = file ] || continue
    known="$known$name "
    [ -f "$1/$name" ] || fail 65 "$1/$name is missing: the backup is not complete"
    [ "$(stat --format=%s "$1/$name")" = "$bytes" ] || fail 65 "$1/$name does not have the $bytes bytes that it was made with"
    [ "$(hash_of "$1/$name")" = "$hash" ] || fail 65 "$1/$name was altered"
  done < "$1/MANIFEST"
  for name in "$1"/*; do
    case $known in *" $(basename "$name") "*) ;; *) fail 65 "$name is not in the manifest" ;; esac
  done
}

# has FOLDER PART
has() { [ -f "$1/$2.00000.cms" ]; }
