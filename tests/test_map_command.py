"""One command from a folder to maps."""

import os
import shlex

import numpy as np
import pytest
import rasterio

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.map_command import map_run
from tests.fabricate import ROSS_SEA, floes, folder_of_scenes, write
from tests.runs import command_here


@pytest.fixture
def scenes(tmp_path):
    folder = tmp_path / "my scenes"
    folder.mkdir()
    return folder


@pytest.fixture
def mapped(tmp_path, monkeypatch, capsys):
    """Map a folder in this process; gives the folder of the maps."""
    for name in ("SEA_ICE_DATA", "KEDRO_LOGGING_CONFIG"):
        monkeypatch.setenv(name, os.environ.get(name, ""))

    def mapped(folder, *options):
        out = tmp_path / "out"
        code, *said = command_here(capsys, "map", folder, "--out", out, *options)
        assert code in (0, None), said
        return out

    return mapped


def settings(run):
    return dict(pair.split("=", 1) for pair in run.arguments[-1].split(","))


def test_a_folder_is_mapped_by_the_network_that_ships_unless_another_is_named(
    scenes, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run = map_run([str(scenes)], "sea-ice-kedro")
    assert run.arguments[:2] == ["--pipelines", "inference,reporting"]
    assert settings(run) == {
        "ingestion.source": "folder",
        "ingestion.folder": str(scenes),
    }
    assert run.data_root == str(tmp_path / "my scenes_maps")
    model = tmp_path / "mine.keras"
    model.touch()
    run = map_run(
        [str(scenes), "--network", "mine.keras", "--out", "maps"], "sea-ice-kedro"
    )
    assert settings(run)["inference.model"] == str(model)
    assert run.data_root == str(tmp_path / "maps")


def test_intermediates_are_kept_unless_it_is_said_that_they_go(scenes):
    run = map_run([str(scenes), "--no-intermediates"], "sea-ice-kedro")
    assert settings(run)["keep_intermediates"] == "false"


def test_floes_are_measured_on_request_in_the_maps_of_either_kind(scenes):
    for network, last in (("polar", ",network_floes"), ("none", ",floes")):
        given = [str(scenes), "--network", network, "--floes"]
        arguments = map_run(given, "sea-ice-kedro").arguments
        assert arguments[1].endswith(last)
    assert map_run([str(scenes)], "sea-ice-kedro").arguments[1] == "inference,reporting"


def test_the_run_is_printed_so_that_a_shell_repeats_it(scenes):
    run = map_run([str(scenes)], "sea-ice-kedro")
    words = shlex.split(run.command)
    assert words[0] == f"SEA_ICE_DATA={run.data_root}"
    assert words[1:] == ["kedro", "run", *run.arguments]


def test_an_area_of_interest_is_a_box_or_a_file_of_polygons(
    scenes, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bay.geojson").touch()
    areas = [
        settings(map_run([str(scenes), "--aoi", given], "sea-ice-kedro"))[
            "ingestion.area_of_interest"
        ]
        for given in ("-180/-78/-140/-70", "bay.geojson")
    ]
    assert areas == ["-180/-78/-140/-70", str(tmp_path / "bay.geojson")]


def test_land_is_a_file_that_there_is(scenes, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coast.gpkg").touch()
    run = map_run([str(scenes), "--land", "coast.gpkg"], "sea-ice-kedro")
    assert settings(run)["ingestion.land"] == str(tmp_path / "coast.gpkg")
    code, _, said = command_here(capsys, "map", scenes, "--land", "gone.gpkg")
    assert code == 2
    assert "'gone.gpkg' does not exist" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere"], "does not exist"),
        ([], "FOLDER"),
        (["{scenes}", "--network", "nothing.keras"], "nothing.keras"),
        (["{scenes}/a,b"], "without , and ="),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_why(scenes, capsys, arguments, said):
    (scenes / "a,b").mkdir()
    given = (a.format(scenes=scenes) for a in arguments)
    code, _, err = command_here(capsys, "map", *given)
    assert code == 2
    assert said in err


@pytest.mark.slow
def test_maps_come_out_by_the_network_that_ships(scenes, mapped):
    write(scenes / "one.png", floes(256, 256))
    out = mapped(scenes)
    with rasterio.open(out / "07_model_output/predictions/one.tif") as file:
        assert set(np.unique(file.read(1))) <= {*SeaIceClass, 255}
    made = {path.name for path in (out / "08_reporting").iterdir()}
    assert {"network_statistics.csv", "network_concentration_map.png"} <= made
    assert "classes by the network" in (out / "08_reporting/report.html").read_text()


@pytest.mark.slow
def test_floes_and_leads_of_the_maps_come_out_where_they_are_asked_for(scenes, mapped):
    write(scenes / "one.png", np.kron(floes(64, 64), np.ones((4, 4, 1), np.uint8)))
    out = mapped(scenes, "--floes")
    made = {path.name for path in (out / "08_reporting").glob("network_*")}
    assert {"network_floes.csv", "network_leads.csv"} <= made
    assert {"network_floe_summary.csv", "network_floe_figure.png"} <= made
    assert (out / "08_reporting/network_floe_polygons/one.parquet").is_file()


@pytest.mark.slow
def test_maps_and_a_report_come_out_without_any_network(scenes, mapped):
    write(scenes / "one.png", floes(64))
    out = mapped(scenes, "--network", "none")
    with rasterio.open(out / "04_feature/class_maps/one.tif") as file:
        assert set(np.unique(file.read(1))) <= {*SeaIceClass, 255}
    made = {path.name for path in (out / "08_reporting").iterdir()}
    assert {"label_statistics.csv", "concentration_map.png", "report.html"} <= made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "maps"),
    [("polar", "07_model_output/predictions"), ("none", "04_feature/class_maps")],
)
def test_land_is_in_the_maps_of_either_kind(tmp_path, mapped, network, maps):
    folder = folder_of_scenes(tmp_path / "scenes", 1)
    land = np.zeros((40, 64), np.uint8)
    land[10:20, 30:] = 1
    place = {"crs": "EPSG:3031", "transform": rasterio.Affine(*ROSS_SEA.transform)}
    mask = write(tmp_path / "coast.tif", land, **place)
    out = mapped(folder, "--network", network, "--land", mask)
    with rasterio.open(out / maps / "a.tif") as file:
        assert np.array_equal(file.read(1) == 254, land == 1)
        assert file.tags()["SEA_ICE_LAND"].startswith("coast.tif md5:")
