#!/usr/bin/env bash
# Train on all GPUs of this DGX, in NVIDIA's container:
#
#   deploy/dgx/train.sh [--dry-run] /raid/sea_ice [more arguments of kedro run]
#
# The folder is a data root: it holds what earlier pipelines made (02_intermediate ..
# 04_feature), says where its scenes are from, and takes models and reports. A run that was
# stopped goes on from its last checkpoint. --dry-run (or DRY_RUN=1) shows the command.
set -euo pipefail

case "${1:-}" in
  -h | --help)
    sed -n '2,/^set /{/^set /d;s/^#* \{0,1\}//p}' "$0"
    exit 0
    ;;
  --dry-run)
    DRY_RUN=1
    shift
    ;;
esac
if [ $# -lt 1 ] || [ ! -d "$1" ]; then
  echo "expected the folder of the data (SEA_ICE_DATA) as first argument, got: ${1:-none}" >&2
  exit 2
fi
data=$(cd "$1" && pwd)
shift
image=${IMAGE:-sea-ice-kedro:dgx}

# --shm-size: NCCL shares memory between the workers of a host; --ulimit: it pins it.
command=(
  docker run --rm --gpus all --shm-size=16g --ulimit memlock=-1 --network host
  --user "$(id -u):$(id -g)" -e HOME=/tmp -e SEA_ICE_DATA=/data -v "$data":/data
  "$image" run --pipelines modeling,evaluation --env dgx "$@"
)
if [ -n "${DRY_RUN:-}" ]; then
  printf '%q ' "${command[@]}"
  echo
  exit 0
fi
exec "${command[@]}"
