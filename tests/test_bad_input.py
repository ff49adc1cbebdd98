"""Whatever comes in: one clear error, and no other scene pays for it."""

import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from kedro.validation.exceptions import ParameterValidationError
from rasterio import Affine

from sea_ice_kedro.datasets import ClassMapDataset
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.hooks.run_end import meant_for_people
from tests.fabricate import ROSS_SEA, cut, floes, folder_of_scenes, write
from tests.runs import (
    ROOT,
    SCENE_PIPELINES,
    environment,
    expect_whole,
    files,
    from_folder,
    kedro_run,
    run_here,
    run_in,
)

Spoil = Callable[..., object]

GOOD = ["a.tif", "b.tif"]
BLACK = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A folder with two good scenes."""
    return folder_of_scenes(tmp_path / "in", 2)


def class_maps(data_root):
    return sorted(p.name for p in (data_root / "04_feature/class_maps").glob("*.tif"))


def bomb(path):
    """Write a PNG of a few bytes that claims to have 100 000 x 100 000 pixels."""

    def chunk(kind, content):
        body = kind + content
        return (
            struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
        )

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def twice(folder):
    write(folder / "bad.png", floes())
    write(folder / "bad.tif", floes())


SPOILT: dict[str, tuple[Spoil, list[str]]] = {
    "truncated PNG": (
        lambda f: cut(write(f / "bad.png", floes(200, 200)), 0.6),
        ["bad.png: expected a whole", "Fetch or export it again"],
    ),
    "truncated JPEG": (
        lambda f: cut(write(f / "bad.jpg", floes(200, 200)), 0.6),
        ["bad.jpg: expected a whole", "Fetch or export it again"],
    ),
    "truncated TIFF": (
        lambda f: cut(write(f / "bad.tif", floes(200, 200)), 0.6),
        ["bad.tif: expected a whole", "Fetch or export it again"],
    ),
    "a text file": (
        lambda f: (f / "bad.png").write_text("hello"),
        ["bad.png: expected a whole, readable raster (GeoTIFF, PNG or JPEG)"],
    ),
    "an empty file": (
        lambda f: (f / "bad.png").touch(),
        ["bad.png: expected a whole, readable raster (GeoTIFF, PNG or JPEG)"],
    ),
    "one band": (
        lambda f: write(f / "bad.tif", floes()[..., 0]),
        ["bad.tif: expected three bands", "got 1 band(s)", "export the scene"],
    ),
    "two bands": (
        lambda f: write(f / "bad.tif", floes()[..., :2]),
        ["bad.tif: expected three bands", "got 2 band(s)", "export the scene"],
    ),
    "five bands": (
        lambda f: write(f / "bad.tif", np.dstack([floes(), floes()[..., :2]])),
        ["bad.tif: expected three bands", "got 5 band(s)", "raster.bands=3-2-1"],
    ),
    "16 bit": (
        lambda f: write(f / "bad.tif", floes().astype(np.uint16)),
        ["bad.tif: expected 8-bit", "got uint16", "raster.scale=0.0001"],
    ),
    "float": (
        lambda f: write(f / "bad.tif", floes().astype(np.float32)),
        ["bad.tif: expected 8-bit", "got float32", "raster.scale=0.0001"],
    ),
    "two files of one id": (
        twice,
        ["expected one scene with the id 'bad', got 2 files", "rename all but one"],
    ),
    "a name that is no id": (
        lambda f: write(f / "bad.png", floes()).rename(f / "a..\\b.png"),
        ["expected a scene id of letters", "got 'a..\\\\b'; rename the file"],
    ),
    "a decompression bomb": (
        lambda f: bomb(f / "bad.png"),
        ["bad.png: expected at most 150,000,000 pixels, got 100000 x 100000"],
    ),
    "an orphan label": (
        lambda f: write(f / "s2_seg_07.png", BLACK),
        ["s2_seg_07.png: expected this manual label's scene s2_vis_07 beside it"],
    ),
}


def of_kind(kind, name):
    """The name of a bad file among those of all kinds: bad_3.png."""
    return name.replace("bad", f"bad_{list(SPOILT).index(kind)}")


@pytest.fixture(scope="module")
def spoilt(project, tmp_path_factory):
    """A run on two good scenes and all that is spoilt: data root, and what it said."""
    made = tmp_path_factory.mktemp("spoilt")
    folder = folder_of_scenes(made / "in", 2)
    for kind, (spoil, _) in SPOILT.items():
        alone = tmp_path_factory.mktemp("alone")
        spoil(alone)
        for path in alone.iterdir():
            path.rename(folder / of_kind(kind, path.name))
    with pytest.raises(PartitionsFailed) as error:
        run_in(made / "data", **from_folder(folder))
    return made / "data", error.value


@pytest.mark.parametrize("kind", SPOILT)
def test_a_bad_file_is_named_with_the_way_out(spoilt, kind):
    _, error = spoilt
    words = [of_kind(kind, word) for word in SPOILT[kind][1]]
    said = [line for line in str(error).splitlines() if words[0] in line]
    assert len(said) == 1
    assert [word for word in words if word not in said[0]] == []


def test_bad_files_cost_no_other_scene(spoilt):
    data_root, error = spoilt
    assert f"{len(SPOILT)} products could not be made" in str(error)
    assert class_maps(data_root) == GOOD


def test_nan_in_a_float_raster_costs_that_scene_only(data_root, tmp_path):
    for name, value in (("good", 0.5), ("bad", np.nan)):
        pixels = np.full((20, 20, 3), 0.5, np.float32)
        pixels[3, 4] = value
        write(tmp_path / "in" / f"{name}.tif", pixels)
    raster = {"raster": {"scale": 1.0}}
    with pytest.raises(PartitionsFailed, match=r"bad\.tif: expected numbers, got NaN"):
        run_here(**from_folder(tmp_path / "in", ingestion=raster))
    assert class_maps(data_root) == ["good.tif"]


def test_a_decompression_bomb_takes_no_memory(data_root, folder):
    bomb(folder / "bad.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PartitionsFailed):
        run_here("ingestion", **from_folder(folder))
    unit = 1 if sys.platform == "darwin" else 1024
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
    assert grown < 100e6


@pytest.mark.parametrize(
    ("colours", "words"),
    [
        (np.zeros((47, 64, 3)), "s2_seg_00.png: expected the size of its scene"),
        (np.full((48, 64, 3), 9), "s2_seg_00.png: expected only #ff0000 thick ice"),
    ],
    ids=["another size", "unknown colours"],
)
def test_a_bad_manual_label_costs_the_label_only(data_root, folder, colours, words):
    write(folder / "s2_vis_00.png", floes())
    write(folder / "s2_seg_00.png", colours.astype(np.uint8))
    with pytest.raises(PartitionsFailed) as error:
        run_here(**from_folder(folder))
    assert "manual_labels / s2_vis_00: " + words in str(error.value)
    assert class_maps(data_root) == [*GOOD, "s2_vis_00.tif"]
    assert (data_root / "08_reporting/class_shares.json").exists()


@pytest.mark.parametrize("make", ["nothing", "an empty folder"])
def test_a_folder_without_scenes_is_an_error_at_once(data_root, tmp_path, make):
    if make == "an empty folder":
        (tmp_path / "in").mkdir()
    with pytest.raises(InvalidScene, match=f"{tmp_path}/in"):
        run_here(**from_folder(tmp_path / "in"))
    assert list(files(data_root)) == []  # but for the record of the run


CONSTANT = {
    "all no data": (BLACK, 255, "nan"),
    "all water": (np.full((48, 64, 3), 12, np.uint8), 2, "0.0"),
    "one grey": (np.full((48, 64, 3), 110, np.uint8), 1, "1.0"),
    "one pixel": (np.full((1, 1, 3), 235, np.uint8), 0, "1.0"),
    "one row": (np.full((1, 300, 3), 12, np.uint8), 2, "0.0"),
}


@pytest.fixture(scope="module")
def constant(project, tmp_path_factory):
    """A data root of scenes of one kind each, and of two others."""
    made = tmp_path_factory.mktemp("constant")
    folder = folder_of_scenes(made / "in", 2)
    for kind, (rgb, *_) in CONSTANT.items():
        write(folder / f"{kind.replace(' ', '_')}.png", rgb)
    return run_in(made / "data", **from_folder(folder))


@pytest.mark.parametrize("kind", CONSTANT)
def test_a_scene_of_one_kind_is_a_scene(constant, kind):
    scene_id = kind.replace(" ", "_")
    rgb, code, ice = CONSTANT[kind]
    path = constant / f"04_feature/class_maps/{scene_id}.tif"
    codes = ClassMapDataset(filepath=str(path)).load().codes
    assert (codes.shape, np.unique(codes).tolist()) == (rgb.shape[:2], [code])
    table = pd.read_csv(constant / "08_reporting/label_statistics.csv")
    row = table.set_index("scene_id").loc[scene_id]
    assert str(row["sea_ice_concentration"]) == ice
    assert row["valid_fraction"] == (code != 255)


def test_scenes_of_all_sizes_run_together(data_root, tmp_path):
    for index, shape in enumerate([(1, 1), (20, 30), (200, 100), (300, 300)]):
        write(tmp_path / "in" / f"{index}.png", floes(*shape))
    run_here(**from_folder(tmp_path / "in"))
    index = pd.read_csv(data_root / "03_primary/scene_index.csv")
    assert index["height"].tolist() == [1, 20, 200, 300]
    assert class_maps(data_root) == ["0.tif", "1.tif", "2.tif", "3.tif"]


@pytest.mark.parametrize("ids", [["001", "1e5"], ["NA", "nan", "true"]])
def test_ids_that_look_like_numbers_or_nothing_stay_what_they_are(
    data_root, tmp_path, ids
):
    for scene_id in ids:
        write(tmp_path / "in" / f"{scene_id}.png", floes(20, 20))
    run_here("ingestion", **from_folder(tmp_path / "in"))
    run_here("filtering")
    run_here("autolabel")
    assert class_maps(data_root) == [f"{scene_id}.tif" for scene_id in sorted(ids)]
    for table in ("cloud_statistics", "label_statistics"):
        text = (data_root / f"08_reporting/{table}.csv").read_text()
        assert [line.split(",")[0] for line in text.splitlines()[1:]] == sorted(ids)


def test_areas_are_unknown_without_a_place_and_known_with_one(data_root, tmp_path):
    write(tmp_path / "in" / "nowhere.png", floes())
    transform = Affine(*ROSS_SEA.transform)
    write(tmp_path / "in" / "sea.tif", floes(), crs="EPSG:3031", transform=transform)
    run_here(**from_folder(tmp_path / "in"))
    table = pd.read_csv(data_root / "08_reporting/label_statistics.csv")
    areas = table.set_index("scene_id").filter(like="_km2").sum(axis=1, skipna=False)
    assert np.isnan(areas["nowhere"])
    # 48 x 64 pixels of 103.6 m2 at 78.6 degrees south
    assert areas["sea"] == pytest.approx(0.3184, abs=5e-4)


REFUSED = {
    "thresholds": (
        {"autolabel": {"thresholds": {"thin_ice_min": 230}}},
        "with 0 < thin_ice_min < thick_ice_min <= 255, got 230 and 205",
    ),
    "a threshold out of range": (
        {"autolabel": {"thresholds": {"thick_ice_min": 256}}},
        "got 256",
    ),
    "window": (
        {"filtering": {"method": "published", "published": {"window_px": 154}}},
        "expected filtering.published.window_px to be odd, got 154",
    ),
    "method": (
        {"filtering": {"method": "magic"}},
        "one of illumination, none, published",
    ),
    "source": ({"ingestion": {"source": "ftp"}}, "safe, sample, stac, got 'ftp'"),
    "panel": ({"autolabel": {"quicklooks": {"panel_px": 1}}}, "panel_px"),
}


@pytest.mark.parametrize(("parameters", "words"), REFUSED.values(), ids=REFUSED)
def test_an_impossible_setting_is_refused_before_any_work(data_root, parameters, words):
    with pytest.raises(ParameterValidationError) as error:
        run_here(**parameters)
    assert words in str(error.value)
    assert not data_root.exists()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"filtering": {"windw": 3}}, "windw"),
        ({"ingestion": {"raster": {"scal": 3}}}, "scal"),
    ],
)
def test_a_misspelt_setting_is_refused_before_any_work(data_root, parameters, words):
    with pytest.raises(InvalidOption, match=words):
        run_here(**parameters)
    assert not data_root.exists()


@pytest.mark.parametrize("place", ["04_feature", "08_reporting/quicklooks"])
def test_a_folder_that_cannot_be_written_to_is_said_with_the_way_out(
    data_root, folder, place
):
    # A file in its place: permissions do not stop root.
    path = data_root / place
    path.parent.mkdir(parents=True)
    path.write_text("a file where a folder should be")
    with pytest.raises(DatasetError) as error:
        run_here(**from_folder(folder))
    assert "expected to write it to" in str(error.value)
    assert "SEA_ICE_DATA" in str(error.value)
    assert path.read_text() == "a file where a folder should be"
    if place == "08_reporting/quicklooks":  # nothing is made from them
        assert class_maps(data_root) == GOOD
        assert (data_root / "08_reporting/class_shares.json").exists()


@pytest.mark.slow
def test_a_run_that_cannot_start_says_why_in_words_and_exits_with_an_error(tmp_path):
    run = kedro_run(tmp_path / "data", "--pipeline", "autolabel")
    assert run.returncode == 1
    assert "scene_index: made by: kedro run --pipelines ingestio" in run.stderr
    assert "Traceback" not in run.stderr + run.stdout


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"engine": {"workers": 0}}, "at least 1, got 0"),
        (
            {"engine": {"name": "sprak"}},
            "one of sequential, threads, processes, spark, got 'sprak'",
        ),
        ({"autolabel": {"thresholds": {"thin_ice_min": 230}}}, "got 230 and 205"),
        (from_folder("/nowhere"), "/nowhere, which does"),
    ],
)
def test_what_else_stops_a_run_from_starting_is_said_in_words_too(
    data_root, parameters, words
):
    with pytest.raises(Exception, match=words) as error:
        run_here(**parameters)
    assert words in str(meant_for_people(error.value))


@pytest.mark.slow
def test_a_run_with_a_bad_scene_exits_with_an_error_that_names_it_last(
    tmp_path, folder
):
    cut(write(folder / "bad.png", floes(200, 200)), 0.6)
    params = f"ingestion.source=folder,ingestion.folder={folder}"
    pipelines = ",".join(SCENE_PIPELINES)
    run = kedro_run(tmp_path / "data", "--pipelines", pipelines, "--params", params)
    assert run.returncode == 1
    assert "scenes / bad: bad.png: expected a whole, readable" in run.stderr
    assert run.stderr.strip().endswith("SEA_ICE_TRACE=1 prints the traceback)")
    assert "Traceback" not in run.stderr + run.stdout
    assert class_maps(tmp_path / "data") == GOOD


@pytest.mark.slow
def test_a_full_disk_ends_a_run_in_words_and_leaves_only_whole_files(tmp_path):
    # A limit on the size of files stands for the end of the disk: it needs no root.
    command = 'ulimit -f 40 && exec "$@"'
    kedro = [sys.executable, "-m", "kedro", "run", "--env", "test"]
    run = subprocess.run(
        ["bash", "-c", command, "-", *kedro, "--pipelines", "ingestion"],
        cwd=ROOT,
        env=environment(tmp_path / "data"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 1
    assert "expected to write it to" in run.stderr
    assert "Free some room" in run.stderr
    assert "Traceback" not in run.stderr + run.stdout
    for name, path in files(tmp_path / "data").items():
        assert not name.endswith(".part")
        expect_whole(path)
