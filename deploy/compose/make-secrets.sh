#!/bin/sh
# Makes every secret of docker-compose.yml that does not exist yet, in the folder `secrets` beside this file or in the
# one that is named. Files are readable in containers, whose users differ; the folder is its owner's alone.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"

random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
keep() {
  [ -e "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"
  chmod 444 "$folder/$1"
}

for name in postgres-password leasehold-database-password redis-password keycloak-admin-password \
  keycloak-database-password keycloak-provisioner-secret s3-access-key-id s3-secret-access-key s3-encryption-key \
  master-key; do
  keep "$name" "$(random)"
done
# Made of the passwords, so that a changed one needs no second change.
for name in database-url redis-url; do rm -f "$folder/$name"; done
keep database-url "postgres://leasehold:$(cat "$folder/leasehold-database-password")@postgres:5432/leasehold"
keep redis-url "redis://:$(cat "$folder/redis-password")@redis:6379"
# Yours go here. An empty kubeconfig keeps the platform running with a degraded pool; an empty password is for a mail
# server that asks for none.
keep kubeconfig ''
keep smtp-password ''
echo "secrets are in $folder"
