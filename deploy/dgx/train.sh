#!/usr/bin/env bash
# Train on all GPUs of this DGX, in NVIDIA's container:
#
#   deploy/dgx/train.sh /raid/sea_ice [more arguments of kedro run]
#
# The folder holds what earlier pipelines made (02_intermediate .. 04_feature) and takes
# models and reports. A run that was stopped goes on from its last checkpoint. For scenes
# that were ingested from a folder add: --params ingestion.source=folder,ingestion.folder=.
set -euo pipefail

if [ $# -lt 1 ] || [ ! -d "$1" ]; then
  echo "expected the folder of the data (SEA_ICE_DATA) as first argument, got: ${1:-none}" >&2
  exit 2
fi
data=$(cd "$1" && pwd)
shift
image=${IMAGE:-sea-ice-kedro:dgx}

# --shm-size: NCCL shares memory between the workers of a host; --ulimit: it pins it.
exec docker run --rm --gpus all --shm-size=16g --ulimit memlock=-1 --network host \
  --user "$(id -u):$(id -g)" -e HOME=/tmp -e SEA_ICE_DATA=/data -v "$data":/data \
  "$image" run --pipelines modeling,evaluation --env dgx "$@"
