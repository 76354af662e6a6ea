#!/bin/sh
# SeaweedFS reads its administrator's key pair from its environment only; it stays in files until here.
set -eu
AWS_ACCESS_KEY_ID=$(cat /run/secrets/s3-access-key-id)
AWS_SECRET_ACCESS_KEY=$(cat /run/secrets/s3-secret-access-key)
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
exec weed server -s3 -dir="${OBJECT_STORE_FOLDER:-/data}" -ip.bind="${OBJECT_STORE_HOST:-0.0.0.0}"
