#!/usr/bin/env bash
# Initialization action: install the packaged project on a node of the cluster, where
# spark.pyspark.python points to. By hand on a node, as root:
#
#   install.sh gs://bucket/releases/0.3.0
#
# Dataproc starts it on every node, also on those that the autoscaler adds.
set -euo pipefail

metadata=/usr/share/google/get_metadata_value
release=${1:-$("$metadata" attributes/sea-ice-release)}
python=${NODE_PYTHON:-$("$metadata" attributes/sea-ice-python)}
target=${TARGET:-/opt/sea_ice_kedro}

package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
gcloud storage cp "$release/*" "$package/"

if [ -f "$package/environment.tar.gz" ]; then
  # Packed for this very Python: the node needs no PyPI.
  mkdir -p "$target"
  tar -xzf "$package/environment.tar.gz" -C "$target"
else
  "$python" -m venv "$target"
  "$target/bin/python" -m pip install --quiet --no-cache-dir --require-hashes \
    --requirement "$package/requirements.txt"
  "$target/bin/python" -m pip install --quiet --no-cache-dir --no-deps "$package"/*.whl
fi

# Spark runs as another user. What cannot be imported ends here, and not in a job.
chmod -R a+rX "$target"
"$target/bin/python" -c "import cv2, numba, onnxruntime, rasterio, sea_ice_kedro.datasets"
