# Functions of backup.sh and restore.sh. Bash, OpenSSL >= 3.0, GNU coreutils and tar.
#
# A backup is a folder: encrypted parts, the file MANIFEST with the SHA-256 of each, and MANIFEST.sig. The signature is verified, and then every part, before
# anything is decrypted or written: `openssl cms` reports an altered part after it has put all of it out.

# Bytes of one encrypted file. OpenSSL holds a file in memory while it decrypts it.
part_bytes=${MANDATE_BACKUP_PART_BYTES:-268435456}
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
keys=${MANDATE_BACKUP_KEYS:-$repository/deploy/backup-keys}
program=$(basename "$0" .sh)

# fail CODE MESSAGE. Exit codes as in sysexits.h: 64 usage, 65 damaged, 69 unavailable, 73 cannot create, 78 configuration.
fail() {
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
    pg_basebackup | psql) echo postgresql-client ;;
    sha256sum | split) echo coreutils ;;
    docker) echo docker.io docker-compose-v2 ;;
    *) echo "$1" ;;
  esac
}

need_key() {
  local name
  for name in "$@"; do
    [ -s "$keys/$name" ] || fail 78 "$keys/$name is missing. deploy/make-backup-keys.sh makes keys; MANDATE_BACKUP_KEYS names their folder"
  done
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
things=()

read_layout() {
  local kind name rest
  if [ -z "$layout" ]; then
    need docker
    cd "$repository"
    things=("cluster postgres - -")
    for name in $(docker compose config --services | grep -E '^pdp-[0-9]+$' | sort); do things+=("pdp $name - -"); done
    things+=("folder care - -" "folder booking-agent - -" "secrets secrets ${MANDATE_SECRETS_DIR:-$repository/deploy/secrets} -")
    return
  fi
  [ -r "$layout" ] || fail 78 "--layout: $layout cannot be read"
  while read -r kind name rest; do
    case $kind in
      '' | '#'*) ;;
      cluster | pdp | folder | secrets)
        [[ $name =~ ^[a-z][a-z0-9-]*$ ]] || fail 78 "$layout: the name $name may have a-z, 0-9 and - only"
        [ -n "$rest" ] || fail 78 "$layout: $kind $name has no directory"
        things+=("$kind $name $rest")
        ;;
      *) fail 78 "$layout: $kind is no kind: write cluster, pdp, folder or secrets" ;;
    esac
  done < "$layout"
  [ ${#things[@]} -gt 0 ] || fail 78 "$layout names nothing to back up"
}

# where KIND NAME: its folder, in compose the one in the container that `inside` runs.
where() {
  local kind name first second
  read -r kind name first second <<< "$(entry_of "$1" "$2")"
  case "$layout:$kind" in
    *:secrets) echo "$first" ;;
    :cluster) echo /var/lib/postgresql/data ;;
    :*) echo /data ;;
    *:cluster) echo "$second" ;;
    *) echo "$first" ;;
  esac
}

uri_of() {
  local kind name uri rest
  read -r kind name uri rest <<< "$(entry_of cluster "$1")"
  echo "$uri"
}

entry_of() {
  local entry
  for entry in "${things[@]}"; do
    case $entry in "$1 $2 "*) echo "$entry" ;; esac
  done
}

# inside KIND NAME PROGRAM ARGUMENT...
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

# sign FOLDER: MANIFEST gets a line `file SHA256 BYTES NAME` for each part, then its signature.
sign() {
  local file
  for file in "$1"/*.cms; do
    echo "file $(sha256sum < "$file" | cut -d' ' -f1) $(stat --format=%s "$file") $(basename "$file")" >> "$1/MANIFEST"
  done
  openssl dgst -sha256 -sign "$keys/sign.key" -out "$1/MANIFEST.sig" "$1/MANIFEST"
}

# verify FOLDER: whole and unaltered, as signed with the key of this installation.
verify() {
  [ -f "$1/MANIFEST" ] && [ -f "$1/MANIFEST.sig" ] || fail 65 "$1 is no backup: MANIFEST or MANIFEST.sig is missing"
  openssl dgst -sha256 -verify "$keys/sign.pub" -signature "$1/MANIFEST.sig" "$1/MANIFEST" > /dev/null 2>&1 ||
    fail 65 "$1/MANIFEST is not signed by $keys/sign.pub: it was altered, or it is of another installation"
  [ "$(head -n 1 "$1/MANIFEST")" = 'mandate-backup 1' ] || fail 65 "$1 has a format that this release does not read"
  local kind hash bytes name known=' MANIFEST MANIFEST.sig '
  while read -r kind hash bytes name; do
    [ "$kind" = file ] || continue
    known="$known$name "
    [ -f "$1/$name" ] || fail 65 "$1/$name is missing: the backup is not complete"
    [ "$(stat --format=%s "$1/$name")" = "$bytes" ] || fail 65 "$1/$name has not the $bytes bytes that it was made with"
    [ "$(sha256sum < "$1/$name" | cut -d' ' -f1)" = "$hash" ] || fail 65 "$1/$name was altered"
  done < "$1/MANIFEST"
  for name in "$1"/*; do
    case $known in *" $(basename "$name") "*) ;; *) fail 65 "$name is not in the manifest" ;; esac
  done
}

# has FOLDER PART
has() { [ -f "$1/$2.00000.cms" ]; }
