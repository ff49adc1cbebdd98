#!/usr/bin/env bash
# Run pipelines as a batch of Dataproc Serverless: no cluster to create or to forget.
#
#   deploy/dataproc/submit_serverless.sh [--dry-run] [--async] [arguments of kedro run]
#
# Needs the image of build_image.sh, and the package of package.sh for its configuration.
set -euo pipefail
# shellcheck source=deploy/dataproc/lib.sh
. "$(dirname "$0")/lib.sh"

flags=()
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) DRY_RUN=1 ;;
    --async) flags+=(--async) ;;
    -h | --help) usage && exit ;;
    --) shift && break ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] ||
  fail "expected arguments of kedro run, such as --pipelines ingestion,filtering,autolabel," \
    "got none"

places
need_gcloud
job_arguments
executors 4 2g 10g
MAX_HOURS=${MAX_HOURS:-12}
number MAX_HOURS
[ -z "${SUBNET:-}" ] || flags+=(--subnet="$SUBNET")
[ -z "${SERVICE_ACCOUNT:-}" ] || flags+=(--service-account="$SERVICE_ACCOUNT")

run gcloud dataproc batches submit pyspark "$RELEASE_ROOT/main.py" "${AT[@]}" \
  --version="${RUNTIME_VERSION:-2.2}" --container-image="$IMAGE" \
  --deps-bucket="gs://$BUCKET" --ttl="${MAX_HOURS}h" --properties="$PROPERTIES" \
  ${flags[@]+"${flags[@]}"} -- "${JOB[@]}" "$@"
