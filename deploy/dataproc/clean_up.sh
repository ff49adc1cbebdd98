#!/usr/bin/env bash
# Delete the cluster, which is what costs by the hour; never any data:
#
#   deploy/dataproc/clean_up.sh [--dry-run] [--policy] [--image] [--release]
#
# --policy, --image and --release delete the autoscaling policy, the image of Serverless and
# the package in the bucket too.
set -euo pipefail
# shellcheck source=deploy/dataproc/lib.sh
. "$(dirname "$0")/lib.sh"

policy=no image=no release=no
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) DRY_RUN=1 ;;
    --policy) policy=yes ;;
    --image) image=yes ;;
    --release) release=yes ;;
    -h | --help) usage && exit ;;
    *) fail "expected --dry-run, --policy, --image or --release, got $1" ;;
  esac
  shift
done

places
need_gcloud
CLUSTER=${CLUSTER:-sea-ice}
run gcloud dataproc clusters delete "$CLUSTER" "${AT[@]}" --quiet
if [ "$policy" = yes ]; then
  run gcloud dataproc autoscaling-policies delete "$CLUSTER-policy" "${AT[@]}" --quiet
fi
if [ "$image" = yes ]; then
  run gcloud artifacts docker images delete "$IMAGE" --delete-tags --project="$PROJECT" --quiet
fi
if [ "$release" = yes ]; then
  # By name: whatever else lies in that folder stays.
  for file in "$WHEEL" "$CONF" requirements.txt main.py install.sh environment.tar.gz; do
    run gcloud storage rm "$RELEASE_ROOT/$file" --project="$PROJECT" --continue-on-error
  done
fi
