#!/bin/sh
# An authority of one's own, and a certificate for each service that it names: for TLS and mTLS between services.
#
#   deploy/make-certificates.sh FOLDER NAME...      such as: deploy/make-certificates.sh certs pdp trips keycloak
#
# Writes ca.pem, ca.key and NAME.pem, NAME.key. The authority is made once; running it again replaces the services'
# certificates only, so that they can be rotated. A name is also good for localhost and 127.0.0.1: it is for a demo or a
# closed network. Keep ca.key off the machines that only need ca.pem.
set -eu
umask 077
[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 64; }
folder=$1
shift
mkdir -p "$folder"
curve="-algorithm EC -pkeyopt ec_paramgen_curve:prime256v1"

if [ ! -f "$folder/ca.key" ]; then
  # shellcheck disable=SC2086
  openssl genpkey $curve -out "$folder/ca.key"
  openssl req -x509 -new -key "$folder/ca.key" -subj '/CN=Mandate own authority' -days 3650 \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    -out "$folder/ca.pem"
fi

for name in "$@"; do
  case $name in
    *[!a-z0-9.-]* | ca | '') echo "make-certificates: '$name' is no host name" >&2; exit 64 ;;
  esac
  # shellcheck disable=SC2086
  openssl genpkey $curve -out "$folder/$name.key.new"
  printf '%s\n' "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1" 'basicConstraints=critical,CA:FALSE' \
    'keyUsage=critical,digitalSignature' 'extendedKeyUsage=serverAuth,clientAuth' > "$folder/$name.ext"
  openssl req -new -key "$folder/$name.key.new" -subj "/CN=$name" |
    openssl x509 -req -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -CAcreateserial -days 90 \
      -extfile "$folder/$name.ext" -out "$folder/$name.pem.new" 2> /dev/null
  rm "$folder/$name.ext"
  mv "$folder/$name.key.new" "$folder/$name.key"
  mv "$folder/$name.pem.new" "$folder/$name.pem"
done
