"""The package, from a checkout to class maps on a cluster, as docs/dataproc.md says."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.fabricate import folder_of_scenes
from tests.runs import ROOT, digests, files, from_folder, run_in
from tests.spark_runs import CLUSTER, spark_submit

pytestmark = [pytest.mark.spark, pytest.mark.slow]

UV = ROOT / ".tools" / "uv"
RUN = ["--env=dataproc", "--pipelines=ingestion,filtering,autolabel,gridding"]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """What deploy/dataproc/package.sh makes of this checkout."""
    checkout = tmp_path_factory.mktemp("package") / "checkout"
    leave_out = shutil.ignore_patterns(".*", "data", "dist", "build", "tests")
    shutil.copytree(ROOT, checkout, ignore=leave_out)
    made = subprocess.run(
        [checkout / "deploy/dataproc/package.sh", "--no-upload"],
        env={
            **os.environ,
            "SETTINGS": "none",
            "UV": str(UV),
            "KEDRO": f"{sys.prefix}/bin/kedro",
            "EXTRAS": "spark gcs",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return checkout / "dist"


@pytest.fixture(scope="module")
def node_python(package, tmp_path_factory):
    """A clean Python with the package, installed as install.sh does on a node."""
    clean = tmp_path_factory.mktemp("node") / "env"
    python = clean / "bin" / "python"
    (wheel,) = package.glob("*.whl")
    locked = ["--require-hashes", "--requirement", package / "requirements.txt"]
    install = [UV, "pip", "install", "--quiet", "--python", python]
    for command in (
        [UV, "venv", "--quiet", "--python", sys.executable, clean],
        [*install, *locked],
        [*install, "--no-deps", wheel],
    ):
        subprocess.run(command, check=True)
    return python


@pytest.fixture(scope="module")
def scenes(project, tmp_path_factory):
    """A folder of scenes, and what the checkout makes of them on this machine."""
    made = tmp_path_factory.mktemp("here")
    folder = folder_of_scenes(made / "in", 4)
    run_in(made / "data", **from_folder(folder))
    return folder, digests(made / "data" / "04_feature" / "class_maps")


def submit(package, python, data_root, folder, cwd, *variables, **more):
    cwd.mkdir(exist_ok=True)
    return spark_submit(
        python,
        data_root,
        *variables,
        f"--conf-source={package / 'conf-sea_ice_kedro.tar.gz'}",
        *RUN,
        f"--params=ingestion.source=folder,ingestion.folder={folder}",
        cwd=cwd,
        **more,
    )


def test_the_package_labels_scenes_of_a_bucket_on_a_cluster_from_a_clean_environment(
    package, node_python, scenes, bucket, tmp_path
):
    folder, expected = scenes
    cwd, tables = tmp_path / "cwd", tmp_path / "tables"
    run = submit(
        package,
        node_python,
        f"{bucket.url}/season",
        bucket.put(folder, "scenes"),
        cwd,
        # Spark's own tables: its connector to Cloud Storage does not know the emulator.
        f"SEA_ICE_TABLES={tables}",
        master=CLUSTER,
    )
    assert run.returncode == 0, run.stdout
    assert "class_maps: 4 made, 0 unchanged, 0 failed" in run.stdout
    there = bucket.get(tmp_path / "there", "season/04_feature/class_maps")
    assert digests(there) == expected
    for name in ("03_primary/scene_index", "08_reporting/daily_grid"):
        assert (tables / name / "_SUCCESS").exists()
    assert files(cwd) == {}
    assert "Running node" not in run.stdout  # Kedro's own log would say
    assert not re.search("telemetry", run.stdout, re.IGNORECASE)


@pytest.fixture
def bare_python(node_python, tmp_path):
    """A Python with all that the nodes have but the package."""
    made = tmp_path / "bare"
    subprocess.run(
        [UV, "venv", "--quiet", "--python", sys.executable, made], check=True
    )
    (packages,) = made.glob("lib/python*/site-packages")
    (of_node,) = node_python.parents[1].glob("lib/python*/site-packages")
    for path in of_node.iterdir():
        if "sea_ice_kedro" not in path.name and not (packages / path.name).exists():
            (packages / path.name).symlink_to(path)
    return made / "bin" / "python"


def test_workers_without_the_package_fail_the_job_in_words_with_the_way_out(
    package, node_python, bare_python, scenes, tmp_path
):
    folder, _ = scenes
    run = submit(
        package,
        node_python,
        tmp_path / "data",
        folder,
        tmp_path / "cwd",
        conf=[f"spark.pyspark.python={bare_python}"],
    )
    assert run.returncode == 1
    assert "expected this package and all that it needs on Spark's workers" in (
        run.stdout
    )
    assert "No module named 'sea_ice_kedro'" in run.stdout
    assert "docs/dataproc.md" in run.stdout
    assert files(tmp_path / "data") == {}
