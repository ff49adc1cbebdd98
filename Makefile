# make run    install, then run the main job on sample scenes
# make test   install, then pass all tests but those of several workers
# make test-horovod  build Horovod (needs g++, 2 minutes once), train with two workers
# make test-spark    run on Spark clusters on this machine; Java comes from PyPI
# make test-browser  open the pages of kedro-viz, report and docs (apt install chromium)
# make test-docs     run the commands and the code of README and docs, and the notebooks
# make lineage  kedro-viz as a static site in build/lineage: all steps and products
# make polar   draw worlds and train the network that ships again: 75 minutes, resumable
# make docs   build the documentation's pages into site/
# make check  format, lint, types and import contracts
# make lock   resolve all dependencies again
# make release  wheel, source distribution and SBOM of the last commit into dist/, checked
# make clean  remove all that is made: every file of data/02_intermediate ..
#             data/08_reporting (data/01_raw is kept), and the tools' caches
#
# Needs git, make and Python >= 3.11 only: `uv` comes into .tools/, packages into .venv/.

SHELL := /bin/sh
PYTHON ?= python3
UV := .tools/uv
# The Python that is here is used; none is downloaded.
export UV_PYTHON_DOWNLOADS ?= never
export UV_PYTHON ?= $(PYTHON)
# Nothing phones home.
export DO_NOT_TRACK := 1
# What Python compiles is kept, whatever the environment says: tests start hundreds of
# processes, and each would compile Kedro (5 s) or TensorFlow (15 s) again.
export PYTHONDONTWRITEBYTECODE :=

# Two processes, and all tests of a file in one of them: they share what they look at.
# Files that take long come first (tests/conftest.py).
PYTEST_2 := pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: polar run test test-horovod test-spark test-browser test-docs docs lineage check lock release clean

run: .tools/uv
	@echo "packages go into .venv/: the first time about a gigabyte comes from PyPI"
	$(UV) sync --quiet --locked --inexact --extra train
	$(UV) run --no-sync kedro run

test: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra dev --extra train
	$(UV) run --no-sync $(PYTEST_2) -m "not horovod and not spark and not browser and not documented"

test-horovod: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra dev --extra horovod
	$(UV) run --no-sync pytest -m horovod

# What can differ between Spark 3.5 and 4.
SPARK_4 = tests/datasets/test_spark_table.py tests/engines/test_spark.py \
	tests/test_spark.py::test_a_cluster_makes_the_bytes_and_the_tables_of_one_machine

# Each of a dozen JVMs lives for seconds: what is compiled quickly is enough.
test-spark: export JAVA_TOOL_OPTIONS := -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
test-spark: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra dev --extra train --extra spark-connect
	UV_PROJECT_ENVIRONMENT=.tools/spark-4 \
		$(UV) sync --quiet --locked --extra dev --group spark-4
	$(UV) run --no-sync pytest -m spark
	.tools/spark-4/bin/python -m pytest -m spark $(SPARK_4)

test-browser: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra dev --extra train --extra viz --extra docs
	$(UV) run --no-sync $(PYTEST_2) -m browser

test-docs: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra dev --extra train --extra notebooks \
		--extra docs --extra spark --extra viz
	$(UV) run --no-sync pytest -n 2 --dist worksteal -m documented

polar: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra train
	$(UV) run --no-sync kedro run --env polar --pipeline polar
	cp data/polar/06_models/polar/polar.keras data/polar/06_models/polar/polar.onnx \
		src/sea_ice_kedro/weights/

docs: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra docs
	$(UV) run --no-sync mkdocs build --strict

lineage: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra viz
	$(UV) run --no-sync python tools/lineage_site.py

check: .tools/uv
	$(UV) sync --quiet --locked --inexact --extra dev
	$(UV) run --no-sync ruff format --check .
	$(UV) run --no-sync ruff check .
	$(UV) run --no-sync mypy
	$(UV) run --no-sync lint-imports

lock: .tools/uv
	$(UV) lock

# Modes and times of the commit, not of the checkout: two builds make the same wheel.
release: .tools/uv
	rm -rf build/release dist
	mkdir -p build/release
	git -c tar.umask=0022 archive HEAD | tar -x -C build/release
	umask 022 && SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) \
		$(UV) build --quiet --out-dir dist build/release
	$(UV) export --quiet --locked --no-emit-project --all-extras --format cyclonedx1.5 \
		--output-file dist/sbom.cdx.json >/dev/null
	$(UV) tool run --quiet --from 'twine>=6,<7' twine check --strict dist/*.whl dist/*.tar.gz

clean:
	find data -type f ! -name .gitkeep ! -path 'data/01_raw/*' -delete
	rm -rf .pytest_cache .ruff_cache .mypy_cache .coverage

.tools/uv: tools/get_uv.py
	$(PYTHON) tools/get_uv.py
