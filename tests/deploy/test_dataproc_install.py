import tarfile

import pytest

from tests.deploy.scripts import DATAPROC, bare_machine, program, start

LOG = 'echo "$@" >> "$LOG"'


@pytest.fixture
def node(tmp_path):
    """A node with a Python, and a gcloud that copies a release from a folder."""
    machine = bare_machine(tmp_path / "bin")
    (machine / "gzip").symlink_to("/bin/gzip")
    program(machine, "gcloud", 'eval "cp $(echo "$3" | sed s,gs://,$BUCKETS/,) $4"')
    python = f'#!/bin/sh\n{LOG}\n[ "$2" = venv ] || exit 0\nmkdir -p "$3/bin"\ncp "$0" "$3/bin/python"\n'
    (machine / "python3.11").write_text(python)
    (machine / "python3.11").chmod(0o755)
    return machine


@pytest.fixture
def install(node, tmp_path):
    def run():
        ended = start(
            DATAPROC / "install.sh",
            "gs://b/1",
            machine=node,
            NODE_PYTHON=str(node / "python3.11"),
            TARGET=str(tmp_path / "opt"),
            BUCKETS=str(tmp_path / "buckets"),
            LOG=str(tmp_path / "log"),
        )
        assert ended.returncode == 0, ended.stderr
        return (tmp_path / "log").read_text().splitlines()

    (tmp_path / "buckets" / "b" / "1").mkdir(parents=True)
    return run


def test_a_node_installs_what_is_locked_and_then_the_project(install, tmp_path):
    release = tmp_path / "buckets" / "b" / "1"
    for name in ("requirements.txt", "sea_ice_kedro-1-py3-none-any.whl", "main.py"):
        (release / name).touch()
    made, locked, project, tried = install()
    assert made == f"-m venv {tmp_path / 'opt'}"
    assert "--require-hashes" in locked
    assert locked.endswith("/requirements.txt")
    assert "--no-deps" in project
    assert project.endswith("/sea_ice_kedro-1-py3-none-any.whl")
    assert tried.startswith("-c import ")


def test_a_node_without_pypi_unpacks_the_environment(install, tmp_path, node):
    release = tmp_path / "buckets" / "b" / "1"
    with tarfile.open(release / "environment.tar.gz", "w:gz") as archive:
        archive.add(node / "python3.11", "./bin/python")
    (tried,) = install()
    assert tried.startswith("-c import ")
    assert (tmp_path / "opt" / "bin" / "python").exists()
