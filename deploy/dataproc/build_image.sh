#!/usr/bin/env bash
# Build the image of Dataproc Serverless from what package.sh has made, and push it:
#
#   deploy/dataproc/build_image.sh [--dry-run]
#
# BUILDER=cloud builds with Cloud Build, BUILDER=docker with Docker on this machine.
set -euo pipefail
# shellcheck source=deploy/dataproc/lib.sh
. "$(dirname "$0")/lib.sh"

while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) DRY_RUN=1 ;;
    -h | --help) usage && exit ;;
    *) fail "expected --dry-run, got $1" ;;
  esac
  shift
done

places
BUILDER=${BUILDER:-cloud}
one_of BUILDER cloud docker
cd "$root"
for made in "dist/$WHEEL" dist/requirements.txt; do
  [ -n "$DRY_RUN" ] || [ -f "$made" ] ||
    fail "expected $made, got none: run deploy/dataproc/package.sh first"
done

# Only what the image needs is sent to the builder.
run rm -rf dist/image
run mkdir -p dist/image
run cp deploy/dataproc/Dockerfile "dist/$WHEEL" dist/requirements.txt dist/image/
if [ "$BUILDER" = cloud ]; then
  need_gcloud
  run gcloud builds submit dist/image --tag="$IMAGE" "${AT[@]}" --timeout=1h
else
  run docker build --platform=linux/amd64 --tag="$IMAGE" dist/image
  run docker push "$IMAGE"
fi
