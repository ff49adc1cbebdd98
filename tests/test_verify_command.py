"""Whether products are as they were made, by one command."""

import shutil

import numpy as np
import pytest

from sea_ice_kedro.datasets.manifest import keep_file
from sea_ice_kedro.networks import POLAR
from tests.datasets.test_manifest import AB, flip, made
from tests.runs import command_here


def verified(capsys, *arguments):
    """Give the exit code and the lines of the command."""
    code, out, err = command_here(capsys, "verify", *arguments)
    return code, (out + err).splitlines()


@pytest.fixture
def root(tmp_path, capsys):
    """A data root with two class maps and a network."""
    root = tmp_path / "data"
    made(root / "04_feature" / "class_maps", *AB)
    (root / "06_models").mkdir()
    shutil.copy(POLAR, root / "06_models" / "unet.onnx")
    capsys.readouterr()
    return root


def test_what_is_as_it_was_made_is_said_to_be(root, capsys, monkeypatch):
    whole = 0, ["2 products in 1 folders, 1 networks: all match"]
    assert verified(capsys, root) == whole
    monkeypatch.setenv("SEA_ICE_DATA", str(root))
    assert verified(capsys) == whole


def test_what_is_not_as_it_was_made_is_listed_and_ends_with_exit_code_1(root, capsys):
    maps = root / "04_feature" / "class_maps"
    flip(maps / "a.tif")
    (maps / "b.qml").unlink()
    path = root / "06_models" / "unet.onnx"
    content = np.fromfile(path, np.uint8)
    content[len(content) // 2] ^= 1
    content.tofile(path)
    code, lines = verified(capsys, root)
    assert code == 1
    assert lines[0].startswith(f"{maps}/a.tif: expected md5:")
    assert lines[1] == f"{maps}/b.qml: missing"
    assert lines[2].startswith(f"{path}: unet.onnx: ")
    assert lines[3].endswith("3 do not match")
    assert len(lines) == 4


def test_a_table_that_was_cut_at_the_end_of_a_row_is_listed(root, capsys):
    table = root / "08_reporting" / "region_series.csv"
    table.parent.mkdir()
    table.write_text("day,km2\n1,2\n2,3\n")
    keep_file(str(table))
    assert verified(capsys, root)[1][0].startswith("3 products in 2 folders")
    table.write_text("day,km2\n1,2\n")
    code, lines = verified(capsys, root)
    assert code == 1
    assert lines[0].startswith(f"{table}: expected md5:")


def test_a_folder_without_products_is_no_folder_that_matches(tmp_path, capsys):
    code, lines = verified(capsys, tmp_path)
    assert code == 1
    assert "expected products with a table" in lines[0]
