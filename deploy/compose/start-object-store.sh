#!/bin/sh
# SeaweedFS reads its administrator's key pair, and the key that it encrypts with, from its environment only; they stay
# in files until here. Arguments of this script come last.
set -eu
secrets=${SECRETS:-/run/secrets}
AWS_ACCESS_KEY_ID=$(cat "$secrets/s3-access-key-id")
AWS_SECRET_ACCESS_KEY=$(cat "$secrets/s3-secret-access-key")
# Objects that are to be encrypted (SSE-S3) each have a key of their own, and this one is around it.
WEED_S3_SSE_KEK=$(cat "$secrets/s3-encryption-key")
# Each bucket has volumes of its own: one at first and not seven, and as many as the disk holds.
WEED_MASTER_VOLUME_GROWTH_COPY_1=1
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY WEED_S3_SSE_KEK WEED_MASTER_VOLUME_GROWTH_COPY_1
# Renters get users of the store that reach their bucket only: the platform makes and ends them (IAM).
exec weed server -s3 -s3.iam.readOnly=false -s3.autoCreateBucket=false -s3.port.iceberg=0 -s3.port.lance=0 \
  -master.volumeSizeLimitMB=4096 -master.telemetry=false -volume.max=10000 -volume.minFreeSpace=1GiB \
  -dir="${OBJECT_STORE_FOLDER:-/data}" -ip.bind="${OBJECT_STORE_HOST:-0.0.0.0}" "$@"
