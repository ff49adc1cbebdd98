# shellcheck shell=bash
# What the scripts of this folder share: settings, errors, and commands that are run or,
# in a dry run, shown. Sourced, never run. Works with bash 3.2, which macOS has.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034  # read by the scripts
root=$(cd "$here/../.." && pwd)

SETTINGS=${SETTINGS:-$here/settings.env}
if [ -f "$SETTINGS" ]; then
  # What the environment says wins over the file.
  names=$(sed -n 's/^\([A-Z_][A-Z_]*\)=.*/\1/p' "$here/settings.env.example" | paste -sd '|' -)
  given=$(export -p | grep -E "^declare -x ($names)=" || true)
  # shellcheck disable=SC1090
  . "$SETTINGS"
  eval "$given"
fi

DRY_RUN=${DRY_RUN:-}

# End with a message: what was expected, what was found, the way out.
fail() {
  echo "$(basename "$0"): $*" >&2
  exit 2
}

# Run a command, or show it so that it could be pasted.
run() {
  if [ -n "$DRY_RUN" ]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}

# need NAME MEANING: a setting that has no default.
need() {
  [ -n "${!1:-}" ] && return
  fail "expected $1 ($2), got nothing: set it in deploy/dataproc/settings.env or as" \
    "$1=... before the command"
}

# one_of NAME CHOICE...: a setting with few values.
one_of() {
  local name=$1 choice
  shift
  for choice in "$@"; do
    [ "${!name}" = "$choice" ] && return
  done
  fail "expected $name to be one of: $*; got ${!name}"
}

# number NAME: a whole number from 1.
number() {
  [[ ${!1} =~ ^[1-9][0-9]*$ ]] || fail "expected $1 to be a whole number from 1, got ${!1}"
}

# bucket_path NAME: a folder of a bucket.
bucket_path() {
  [[ ${!1} =~ ^gs://[^/]+/.+ ]] || fail "expected $1 to be gs://bucket/folder, got ${!1}"
}

# Unless this is a dry run, gcloud must be installed and logged in.
need_gcloud() {
  [ -n "$DRY_RUN" ] || command -v gcloud >/dev/null ||
    fail "expected gcloud on the PATH, got none: install the Google Cloud CLI, then" \
      "gcloud auth login (DRY_RUN=1 shows the commands without it)"
}

VERSION=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$root/src/sea_ice_kedro/__init__.py")
# shellcheck disable=SC2034
WHEEL=sea_ice_kedro-$VERSION-py3-none-any.whl
CONF=conf-sea_ice_kedro.tar.gz

# All settings that name a place, with what follows from them.
places() {
  need PROJECT "the Google Cloud project that pays"
  need BUCKET "a bucket of yours, by its bare name"
  [[ $BUCKET =~ ^[a-z0-9][a-z0-9._-]*$ ]] ||
    fail "expected BUCKET to be the bare name of a bucket, without gs://, got $BUCKET"
  REGION=${REGION:-us-central1}
  RELEASE=${RELEASE:-releases/$VERSION}
  RELEASE_ROOT=gs://$BUCKET/$RELEASE
  DATA_ROOT=${DATA_ROOT:-gs://$BUCKET/sea_ice}
  TABLES_ROOT=${TABLES_ROOT:-$DATA_ROOT}
  bucket_path DATA_ROOT
  bucket_path TABLES_ROOT
  bucket_path RELEASE_ROOT
  # shellcheck disable=SC2034
  IMAGE=${IMAGE:-$REGION-docker.pkg.dev/$PROJECT/sea-ice/sea_ice_kedro:$VERSION}
  # shellcheck disable=SC2034
  AT=(--project="$PROJECT" --region="$REGION")
}

# What main.py is given before the arguments of kedro run: environment variables do not
# travel with a job.
job_arguments() {
  JOB=("SEA_ICE_DATA=$DATA_ROOT" "SEA_ICE_TABLES=$TABLES_ROOT")
  JOB+=(--conf-source="$RELEASE_ROOT/$CONF" --env=dataproc)
}

# executors CORES MEMORY OVERHEAD: properties, joined by "#" since values may have commas.
executors() {
  MAX_EXECUTORS=${MAX_EXECUTORS:-24}
  number MAX_EXECUTORS
  PROPERTIES="^#^spark.executor.cores=${EXECUTOR_CORES:-$1}"
  PROPERTIES+="#spark.executor.memory=${EXECUTOR_MEMORY:-$2}"
  PROPERTIES+="#spark.executor.memoryOverhead=${EXECUTOR_OVERHEAD:-$3}"
  PROPERTIES+="#spark.dynamicAllocation.maxExecutors=$MAX_EXECUTORS"
  PROPERTIES+="${SPARK_PROPERTIES:+#$SPARK_PROPERTIES}"
}

# The text at the top of the script that was started.
usage() {
  sed -n '2,/^set /{/^#/!d;s/^# \{0,1\}//;p;}' "$0"
}
