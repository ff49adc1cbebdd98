"""The whole job: what a run makes, makes again, and never leaves behind."""

import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from rasterio import Affine

from sea_ice_kedro.datasets import ClassMapDataset
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.rasters.value_names import beside
from tests.fabricate import cut, floes, folder_of_scenes, write
from tests.runs import (
    ROOT,
    digests,
    expect_whole,
    files,
    from_folder,
    kedro_run,
    run_here,
    run_in,
    start_kedro_run,
)

PRODUCTS = [
    "02_intermediate/scenes/{}.tif",
    "03_primary/filtered_scenes/{}.tif",
    "04_feature/class_maps/{}.tif",
    "04_feature/class_maps/{}.tif.aux.xml",
    "04_feature/class_maps/{}.qml",
    "08_reporting/quicklooks/{}.png",
]
TABLES = [
    "03_primary/scene_index.csv",
    "08_reporting/class_shares.json",
    "08_reporting/cloud_statistics.csv",
    "08_reporting/label_statistics.csv",
]


@pytest.fixture(scope="module")
def once(project, tmp_path_factory):
    """Four small scenes, and what a run makes of them: copied, never written to."""
    made = tmp_path_factory.mktemp("once")
    shutil.copytree(folder_of_scenes(made / "scenes", 4), made / "in")
    run_in(made / "data", **from_folder(made / "in"))
    return made


@pytest.fixture
def folder(once):
    """A folder with four small scenes a, b, c, d."""
    shutil.rmtree(once / "in")
    return shutil.copytree(once / "scenes", once / "in")


@pytest.fixture
def mapped(once, folder, data_root):
    """The folder, and a data root in which a run on it has gone through."""
    shutil.copytree(once / "data", data_root)
    return folder


def products_of(*scene_ids):
    return [name.format(scene_id) for name in PRODUCTS for scene_id in scene_ids]


def age(data_root):
    """Make all files old, so that what is written again shows."""
    for path in files(data_root).values():
        os.utime(path, ns=(1, 1))


def made_again(data_root):
    """Name the scene products that are not old any more."""
    return [
        name
        for name, path in files(data_root).items()
        if path.stat().st_mtime_ns != 1 and name not in TABLES
    ]


def test_a_run_makes_every_product_of_every_scene(once):
    assert sorted(files(once / "data")) == sorted(products_of(*"abcd") + TABLES)


@pytest.mark.parametrize(
    "name",
    [
        "threads",
        pytest.param("processes", marks=pytest.mark.slow),
        pytest.param("spark", marks=pytest.mark.spark),
    ],
)
def test_every_engine_makes_the_same_bytes(once, data_root, folder, name):
    run_here(**from_folder(folder), engine={"name": name, "workers": 2})
    sequential = digests(once / "data")
    assert len(sequential) == 28
    assert digests(data_root) == sequential


def test_another_data_root_gets_the_same_bytes(once, tmp_path, folder, monkeypatch):
    root = tmp_path / "there" / "a [data] root, 2"
    monkeypatch.setenv("SEA_ICE_DATA", str(root))
    run_here(**from_folder(folder))
    assert digests(root) == digests(once / "data")


def test_a_second_run_leaves_what_is_done_alone(data_root, mapped, caplog):
    before = digests(data_root)
    age(data_root)
    with caplog.at_level(logging.INFO):
        run_here(**from_folder(mapped))
    assert made_again(data_root) == []
    assert digests(data_root) == before
    for name in ("scenes", "filtered_scenes", "class_maps", "quicklooks"):
        assert f"{name}: 0 made, 4 unchanged, 0 failed" in caplog.text


def test_other_thresholds_make_filtered_scenes_and_labels_again(data_root, mapped):
    with rasterio.open(data_root / "04_feature/class_maps/a.tif") as file:
        before = file.read(1)
    age(data_root)
    run_here(
        **from_folder(mapped),
        autolabel={"thresholds": {"thin_ice_min": 9, "source": "values"}},
    )
    assert {name.split("/")[1] for name in made_again(data_root)} == {
        "filtered_scenes",
        "class_maps",
        "quicklooks",
    }
    assert len(made_again(data_root)) == 20
    with rasterio.open(data_root / "04_feature/class_maps/a.tif") as file:
        after = file.read(1)
    assert (before == 2).sum() > (after == 2).sum()


def test_labels_by_other_limits_than_the_filters_are_refused_and_cost_nothing(
    data_root, folder
):
    published = {
        "filtering": {"method": "published"},
        "autolabel": {"thresholds": {"source": "published"}},
    }
    run_here(**from_folder(folder), **published)
    age(data_root)
    with pytest.raises(InvalidScene, match=r"\(31, 190\).*--pipelines filtering,auto"):
        run_here(
            "autolabel",
            autolabel={"thresholds": {"thick_ice_min": 190, "source": "values"}},
        )
    assert made_again(data_root) == []
    assert len(list((data_root / "04_feature/class_maps").glob("*.tif"))) == 4


def test_another_size_of_pictures_makes_pictures_again_alone(data_root, mapped):
    age(data_root)
    run_here(**from_folder(mapped), autolabel={"quicklooks": {"panel_px": 99}})
    assert {name.split("/")[1] for name in made_again(data_root)} == {"quicklooks"}


def test_another_picture_under_the_same_name_is_made_again_alone(data_root, mapped):
    age(data_root)
    write(mapped / "b.tif", floes(seed=99))
    run_here(**from_folder(mapped))
    assert sorted(made_again(data_root)) == sorted(products_of("b"))


def test_a_raster_that_was_changed_between_two_pipelines_is_followed_once_it_is_meant(
    data_root, mapped
):
    age(data_root)
    stored = data_root / "02_intermediate/scenes"
    (stored / "b.tif").write_bytes((stored / "a.tif").read_bytes())
    with pytest.raises(PartitionsFailed, match=r"b\.tif: expected it as it was made"):
        run_here("filtering", "autolabel")
    assert made_again(data_root) == ["02_intermediate/scenes/b.tif"]  # by hand

    manifest = stored / ".manifest.jsonl"
    lines = manifest.read_text().splitlines(True)
    manifest.write_text("".join(line for line in lines if '"id": "b"' not in line))
    run_here("filtering", "autolabel")
    assert sorted(made_again(data_root)) == sorted(products_of("b"))


def test_a_missing_product_is_made_again_to_the_same_bytes(data_root, mapped):
    before = digests(data_root)
    for name in products_of("c"):
        (data_root / name).unlink()
    run_here(**from_folder(mapped))
    assert digests(data_root) == before


def test_a_scene_that_now_fails_loses_its_outdated_product(data_root, mapped):
    cut(mapped / "b.tif", 0.5)
    with pytest.raises(PartitionsFailed, match=r"scenes / b: b\.tif: expected a whole"):
        run_here(**from_folder(mapped))
    assert not (data_root / "02_intermediate/scenes/b.tif").exists()
    table = (data_root / "08_reporting/label_statistics.csv").read_text()
    assert [line[0] for line in table.splitlines()[1:]] == ["a", "c", "d"]


def test_a_scene_that_fails_in_the_middle_costs_its_later_products_only(
    data_root, mapped
):
    (data_root / "02_intermediate/scenes/b.tif").write_text("damaged")
    (data_root / "02_intermediate/scenes/c.tif").unlink()
    with pytest.raises(PartitionsFailed) as error:
        run_here("filtering", "autolabel")
    for product in ("filtered_scenes", "class_maps", "quicklooks"):
        failed = {f.partition_id for f in error.value.failures if f.dataset == product}
        assert failed == {"b", "c"}
    assert "b.tif: expected it as it was made" in str(error.value)
    assert "expected the ingested raster of scene c, got none" in str(error.value)
    left = {name for name in files(data_root) if name.startswith("04_feature")}
    kept = [f"04_feature/class_maps/{i}.tif" for i in "ad"]
    assert left == {*kept, *(path for name in kept for path in beside(name))}


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:3031", (10.0, 0.0, -300000.123456789, 0.0, -10.0, -1200000.5)),
        ("EPSG:32758", (7.1, 7.1, 499980.25, 7.1, -7.1, 1400040.75)),
        ("EPSG:4326", (1e-4 / 3, 0.0, -170.1, 0.0, -1e-4 / 3, -77.7)),
    ],
    ids=["polar", "rotated", "degrees"],
)
def test_the_place_of_a_scene_survives_all_pipelines_to_the_last_digit(
    data_root, tmp_path, crs, transform
):
    path = tmp_path / "in" / "a.tif"
    write(path, floes(), crs=crs, transform=Affine(*transform))
    run_here(**from_folder(tmp_path / "in"))
    for name in products_of("a")[:3]:
        with rasterio.open(data_root / name) as file:
            assert (file.crs.to_string(), tuple(file.transform)[:6]) == (crs, transform)


def test_the_classes_of_a_clear_scene_are_those_that_were_painted(data_root, tmp_path):
    rgb = np.full((64, 64, 3), 12, np.uint8)
    rgb[:, 20:40], rgb[:, 40:] = 110, 235
    write(tmp_path / "in" / "a.png", rgb)
    run_here(**from_folder(tmp_path / "in"), filtering={"method": "none"})
    path = str(data_root / "04_feature/class_maps/a.tif")
    codes = ClassMapDataset(filepath=path).load().codes
    assert np.unique(codes[:, :20]).tolist() == [2]
    assert np.unique(codes[:, 20:40]).tolist() == [1]
    assert np.unique(codes[:, 40:]).tolist() == [0]


@pytest.mark.slow
def test_options_of_the_command_line_are_followed(tmp_path, folder):
    mine = kedro_run(
        tmp_path / "mine",
        "--pipelines",
        "ingestion,filtering,autolabel",
        "--params",
        f"ingestion.source=folder,ingestion.folder={folder},"
        "engine.name=threads,engine.workers=4",
    )
    assert mine.returncode == 0, mine.stdout + mine.stderr
    assert sorted(files(tmp_path / "mine")) == sorted(products_of(*"abcd") + TABLES)


@pytest.mark.slow
@pytest.mark.train
def test_a_whole_run_on_pictures_without_day_and_place_ends_with_report_and_catalogue(
    data_root, tmp_path, variants
):
    for index in range(4):
        write(tmp_path / f"in/s2_vis_{index:02d}.png", floes(128, 128, seed=index))
    run_here("__default__", **from_folder(tmp_path / "in"))
    reports = data_root / "08_reporting"
    page = (reports / "report.html").read_text()
    finding = page[page.index("4 scenes without a time of acquisition") :]
    finding = finding[: finding.index("</article>")]
    assert [i for i in range(4) if f"s2_vis_{i:02d}" not in finding] == []
    assert "no day of a time series and are not in the STAC catalogue" in finding
    catalogue = pystac.Catalog.from_file(str(reports / "stac/catalog.json"))
    assert list(catalogue.get_items(recursive=True)) == []


SAVE_FOREVER = """
import sys
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from sea_ice_kedro.datasets import (
    ClassMapDataset, FigureDataset, FileDataset, SceneDataset, SceneTableDataset
)
from sea_ice_kedro.imagery.arrays import ClassMap, Scene

rgb = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
table = pd.DataFrame(rgb[:, 0]).assign(scene_id="s")
figure = go.Figure(go.Scatter(x=[*range(1800)], y=rgb[0].ravel().tolist()))
while True:
    scene = Scene("s", rgb, rgb[..., 0] > 20)
    SceneDataset(filepath=f"{sys.argv[1]}/scene.tif").save(scene)
    class_map = ClassMap("s", rgb[..., 0] % 3)
    ClassMapDataset(filepath=f"{sys.argv[1]}/map.tif").save(class_map)
    picture = f"{sys.argv[1]}/picture.png"
    FileDataset(filepath=picture, file_format="png").save(rgb)
    SceneTableDataset(filepath=f"{sys.argv[1]}/table.csv").save(table)
    FigureDataset(filepath=f"{sys.argv[1]}/figure.json").save(figure)
    print("saved", flush=True)
"""
NAMES_SAVED = ["scene.tif", "map.tif", "picture.png", "table.csv", "figure.json"]
NAMES_SAVED += ["map.tif.aux.xml", "map.qml"]


@pytest.mark.slow
def test_a_save_killed_at_any_moment_leaves_no_half_file(tmp_path):
    moments = random.Random(0)
    for _ in range(5):
        run = subprocess.Popen(
            [sys.executable, "-c", SAVE_FOREVER, str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert run.stdout.readline() == b"saved\n"
        time.sleep(moments.uniform(0.0, 0.3))
        run.kill()
        run.communicate()
        for name in NAMES_SAVED:
            expect_whole(tmp_path / name)
    left = len(list(tmp_path.iterdir()))
    assert 9 <= left <= 9 + 4  # its own leftovers, no more


FIVE = {"ingestion": {"sample": {"count": 5, "size_px": 128}}}


@pytest.fixture(scope="module")
def whole(project, tmp_path_factory):
    """Digests of what a run makes of five scenes that nobody kills."""
    return digests(run_in(tmp_path_factory.mktemp("whole"), **FIVE))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sequential", "processes"])
def test_a_killed_run_leaves_no_half_file_and_the_next_one_finishes_it(
    tmp_path, monkeypatch, whole, engine
):
    params = "ingestion.sample.count=5,ingestion.sample.size_px=128"
    params += f",engine.name={engine},engine.workers=2"
    killed = tmp_path / "killed"
    moments = random.Random(engine)
    for wanted in (2, 13):
        run = start_kedro_run(killed, "--params", params)
        wait_for_files(killed, wanted, run)
        time.sleep(moments.uniform(0.0, 0.05))
        run.send_signal(signal.SIGKILL)
        run.wait()
        wait_for_workers_to_end(killed)
        for name, path in files(killed).items():
            if ".part" not in name:
                expect_whole(path)
    monkeypatch.setenv("SEA_ICE_DATA", str(killed))
    run_here(**FIVE)
    assert len(whole) == 5 * 9 + 4
    assert digests(killed) == whole


def wait_for_files(data_root, count, run):
    deadline = time.monotonic() + 60
    while len(files(data_root)) < count and run.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def wait_for_workers_to_end(data_root):
    """Fail if a process of a killed run lives on; its environment tells whose it is."""
    mark = f"SEA_ICE_DATA={data_root}\\0".encode()
    deadline = time.monotonic() + 10
    while any(mark in content for content in environments()):
        assert time.monotonic() < deadline, "a worker lives on"
        time.sleep(0.05)


def environments():
    """Read what the system shows of all processes; nothing where there is no /proc."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            yield path.read_bytes()
        except OSError:
            continue
