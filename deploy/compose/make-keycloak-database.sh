#!/bin/sh
# Run by the PostgreSQL image when it makes a new cluster: Keycloak's own role and database in the same server.
set -eu
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<SQL
\set password \`cat /run/secrets/keycloak-database-password\`
CREATE ROLE keycloak LOGIN PASSWORD :'password';
CREATE DATABASE keycloak OWNER keycloak;
SQL
