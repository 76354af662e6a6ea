#!/bin/bash
# Keycloak reads passwords from its environment only; they stay in files until here.
set -euo pipefail
KC_DB_PASSWORD=$(</run/secrets/keycloak-database-password)
KC_BOOTSTRAP_ADMIN_PASSWORD=$(</run/secrets/keycloak-admin-password)
LEASEHOLD_PROVISIONER_SECRET=$(</run/secrets/keycloak-provisioner-secret)
LEASEHOLD_SMTP_PASSWORD=$(</run/secrets/smtp-password)
export KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_PASSWORD LEASEHOLD_PROVISIONER_SECRET LEASEHOLD_SMTP_PASSWORD
exec /opt/keycloak/bin/kc.sh start --import-realm
