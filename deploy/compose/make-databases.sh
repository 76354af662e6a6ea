#!/bin/sh
# Run by the PostgreSQL image when it makes a new cluster. Leasehold and Keycloak have a database each in the same server,
# owned by a role that is nothing else, and the two roles that Leasehold acts as (docs/operate/installation.md).
set -eu
export SECRETS="${SECRETS:-/run/secrets}"
psql --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "${POSTGRES_DB:-$POSTGRES_USER}" <<'SQL'
\set leasehold `cat "$SECRETS/leasehold-database-password"`
\set keycloak `cat "$SECRETS/keycloak-database-password"`
CREATE ROLE leasehold LOGIN PASSWORD :'leasehold';
CREATE ROLE leasehold_platform NOLOGIN;
CREATE ROLE leasehold_tenant NOLOGIN;
GRANT leasehold_platform, leasehold_tenant TO leasehold;
CREATE DATABASE leasehold OWNER leasehold;
CREATE ROLE keycloak LOGIN PASSWORD :'keycloak';
CREATE DATABASE keycloak OWNER keycloak;
REVOKE CONNECT ON DATABASE leasehold, keycloak FROM PUBLIC;
SQL
