#!/usr/bin/env bash
# Create a Dataproc cluster on which the packaged project is installed:
#
#   deploy/dataproc/create_cluster.sh [--dry-run]
#
# By default the paper's: a master and three workers of 4 vCPU. AUTOSCALING=yes adds spot
# workers while work waits, as autoscaling.yml says. It deletes itself after MAX_IDLE.
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
need_gcloud
CLUSTER=${CLUSTER:-sea-ice}
WORKERS=${WORKERS:-3}
DISK_GB=${DISK_GB:-100}
AUTOSCALING=${AUTOSCALING:-no}
PUBLIC_IP=${PUBLIC_IP:-yes}
number WORKERS
number DISK_GB
one_of AUTOSCALING yes no
one_of PUBLIC_IP yes no

flags=(--image-version="${IMAGE_VERSION:-2.2-debian12}")
flags+=(--master-machine-type="${MASTER_MACHINE:-n2-standard-4}")
flags+=(--worker-machine-type="${WORKER_MACHINE:-n2-standard-4}")
flags+=(--num-workers="$WORKERS")
flags+=(--master-boot-disk-size="${DISK_GB}GB" --worker-boot-disk-size="${DISK_GB}GB")
flags+=(--bucket="$BUCKET" --scopes=cloud-platform --enable-component-gateway)
flags+=(--max-idle="${MAX_IDLE:-30m}" --max-age="${MAX_AGE:-12h}")

python=/opt/sea_ice_kedro/bin/python
flags+=(--initialization-actions="$RELEASE_ROOT/install.sh")
flags+=(--initialization-action-timeout=20m)
flags+=(--metadata="sea-ice-release=$RELEASE_ROOT,sea-ice-python=${NODE_PYTHON:-/opt/conda/default/bin/python3.11}")
flags+=(--properties="spark:spark.pyspark.python=$python,spark:spark.pyspark.driver.python=$python")

if [ "$PUBLIC_IP" = yes ]; then
  flags+=(--public-ip-address)
else
  flags+=(--no-address)
fi
[ -z "${SUBNET:-}" ] || flags+=(--subnet="$SUBNET")
[ -z "${SERVICE_ACCOUNT:-}" ] || flags+=(--service-account="$SERVICE_ACCOUNT")
if [ "$AUTOSCALING" = yes ]; then
  run gcloud dataproc autoscaling-policies import "$CLUSTER-policy" \
    --source="$here/autoscaling.yml" "${AT[@]}" --quiet
  flags+=(--autoscaling-policy="$CLUSTER-policy" --secondary-worker-type=spot)
fi

run gcloud dataproc clusters create "$CLUSTER" "${AT[@]}" "${flags[@]}"
