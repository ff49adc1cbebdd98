import os
import subprocess
import sys

import pytest

from sea_ice_kedro.training import without_known_lines

KNOWN = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
E0000 00:00:1795563554.583321   11601 cuda_dnn.cc:8310] Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN when one has already been registered
"""
OTHER = "E0000 00:00:1795563554.58   11601 cuda.cc:1] failed call to cuInit: UNKNOWN\n"


def test_lines_that_are_no_errors_are_left_out_and_all_others_shown(capfd):
    with without_known_lines():
        os.write(2, (KNOWN + OTHER).encode())
    assert capfd.readouterr().err == OTHER


def test_what_was_said_before_an_import_failed_is_shown(capfd):
    def importing():
        os.write(2, b"no library\n")
        raise ImportError("no such library")

    with pytest.raises(ImportError), without_known_lines():
        importing()
    assert capfd.readouterr().err == "no library\n"


@pytest.mark.slow
@pytest.mark.train
def test_tensorflow_is_imported_without_a_word_and_is_a_module_like_any_other():
    code = (
        "import sea_ice_kedro.training, importlib.util, importlib.resources;"
        "assert importlib.util.find_spec('tensorflow');"
        "import keras, tensorflow as tf;"
        "assert importlib.resources.files('tensorflow').joinpath('python').is_dir();"
        "assert tf.constant([1, 2]).numpy().sum() == 3"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
