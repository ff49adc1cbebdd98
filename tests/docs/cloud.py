"""Programs that this machine does not have: stubs that take what the real ones take."""

import shlex
import subprocess
from pathlib import Path

from tests.runs import ROOT

OPTIONS = {
    "gcloud auth login": set(),
    "gcloud services enable": {"--project"},
    "gcloud storage buckets create": {"--project", "--location"},
    "gcloud storage cp": {"--recursive"},
    "gcloud storage rm": {"--recursive"},
    "gcloud dataproc jobs list": {"--cluster", "--region", "--project"},
    "gcloud dataproc jobs wait": {"--region", "--project"},
    "gcloud dataproc jobs describe": {"--region", "--project"},
    "gcloud dataproc clusters describe": {"--region", "--project"},
    "gcloud dataproc batches wait": {"--region", "--project"},
    "gcloud artifacts repositories create": {
        *("--repository-format", "--location", "--project"),
    },
    "docker build": {"-f", "-t"},
    "docker run": {
        *(
            "--rm",
            "--gpus",
            "--shm-size",
            "--ulimit",
            "--network",
            "--user",
            "-e",
            "-v",
        ),
    },
}
"""Command -> options that it takes, of those that we use (gcloud 528, Docker 27)."""


def stub(folder, name):
    """Put a program on a machine that writes its arguments down and does nothing."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\0" {name} "$@" > "{folder}/{name}.said"\n')
    path.chmod(0o755)


def said_to_stubs(command, folder, **variables):
    """Run a shell command where gcloud and docker are stubs; give what one was told."""
    for name in ("gcloud", "docker"):
        stub(folder, name)
    subprocess.run(
        ["bash", "-ceu", command],
        cwd=ROOT,
        env={"PATH": f"{folder}:/usr/bin:/bin", **variables},
        check=True,
        timeout=60,
    )
    (told,) = folder.glob("*.said")
    return told.read_text().split("\0")[:-1]


def expect_known(told):
    """Refuse a command, or an option of it, that the real program would not take."""
    line = shlex.join(told)
    (known,) = [name for name in OPTIONS if line.startswith(name)] or [None]
    assert known, f"{line}: not a command that is known to be one"
    ours = told[len(known.split()) :]
    end = next((i for i, word in enumerate(ours) if word == "run"), len(ours))
    options = {word.split("=")[0] for word in ours[:end] if word.startswith("-")}
    assert options <= OPTIONS[known], line
    if "-f" in ours:
        assert (ROOT / Path(ours[ours.index("-f") + 1])).is_file()
