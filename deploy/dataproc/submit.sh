#!/usr/bin/env bash
# Run pipelines on a Dataproc cluster:
#
#   deploy/dataproc/submit.sh [--dry-run] [--async] [--archives] [arguments of kedro run]
#   deploy/dataproc/submit.sh --pipelines ingestion,filtering,autolabel --params ingestion.source=folder,ingestion.folder=gs://bucket/scenes
#
# --archives takes the environment along with the job (package.sh --environment), for a
# cluster that was not made by create_cluster.sh.
set -euo pipefail
# shellcheck source=deploy/dataproc/lib.sh
. "$(dirname "$0")/lib.sh"

flags=() archives=no
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) DRY_RUN=1 ;;
    --async) flags+=(--async) ;;
    --archives) archives=yes ;;
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
executors 2 1g 4g
if [ "$archives" = yes ]; then
  # The driver must run where the archive is unpacked: on the cluster, not beside it.
  flags+=(--archives="$RELEASE_ROOT/environment.tar.gz#environment")
  PROPERTIES+="#spark.submit.deployMode=cluster#spark.yarn.am.waitTime=600s"
  PROPERTIES+="#spark.pyspark.python=./environment/bin/python"
  PROPERTIES+="#spark.pyspark.driver.python=./environment/bin/python"
fi

run gcloud dataproc jobs submit pyspark "$RELEASE_ROOT/main.py" \
  --cluster="${CLUSTER:-sea-ice}" "${AT[@]}" --properties="$PROPERTIES" \
  ${flags[@]+"${flags[@]}"} -- "${JOB[@]}" "$@"
