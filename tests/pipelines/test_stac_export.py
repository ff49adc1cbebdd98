import json
import logging
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pystac
import pytest
import rasterio
from pystac.extensions.classification import ClassificationExtension
from pystac.extensions.file import FileExtension
from pystac.extensions.mlm import MLMExtension
from pystac.extensions.projection import ProjectionExtension

from sea_ice_kedro.datasets import (
    ClassMapDataset,
    ParallelPartitionedDataset,
    StacCatalogueDataset,
)
from sea_ice_kedro.datasets.manifest import SINGLE_FILES
from sea_ice_kedro.imagery.arrays import ClassMap, Georeference
from sea_ice_kedro.networks import network_path
from sea_ice_kedro.pipelines.stac_export import describe_products
from sea_ice_kedro.rasters import files, geotiff
from sea_ice_kedro.reporting.run_report.report_inputs import products_of
from sea_ice_kedro.training.model_file import ModelFile
from tests.fabricate import ROSS_SEA, WHEN, folder_of_scenes
from tests.pipelines.test_gridding import RUN
from tests.runs import digests, from_folder, run_here
from tests.stac import expect_valid

CODES = np.array([[0, 1, 2, 255], [2, 2, 1, 0]], np.uint8)
AT_180 = Georeference("EPSG:3031", (1e4, 0.0, -2e4, 0.0, -1e4, -1.5e6))
LOCAL = Georeference(
    'PROJCRS["a floe",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",'
    'ELLIPSOID["WGS 84",6378137,298.257223563]]],CONVERSION["c",METHOD["Polar '
    'Stereographic (variant B)"],PARAMETER["Latitude of standard parallel",-71],'
    'PARAMETER["Longitude of origin",30]],CS[Cartesian,2],AXIS["x",north],AXIS["y",'
    'north],LENGTHUNIT["metre",1]]',
    (10.0, 0.0, 1e6, 0.0, -10.0, 1e6),
)


def described(folder, codes=CODES, land_source="", asset_ids=(), **places):
    """The catalogue of class maps a, b, ... with their places and times."""
    for name, (place, when) in places.items():
        path = str(folder / "maps" / f"{name}.tif")
        provenance = {"software": "sea_ice_kedro 0.1.0", "recipe": '["label", {}]'}
        dataset = ClassMapDataset(filepath=path, provenance=provenance)
        dataset.save(ClassMap(name, codes, place, when, land_source=land_source))
    maps = ParallelPartitionedDataset(
        path=str(folder / "maps"),
        filename_suffix=".tif",
        dataset={"type": "sea_ice_kedro.datasets.ClassMapDataset"},
    ).load()
    index = pd.DataFrame({"scene_id": list(places), "source": "folder"})
    index["location"] = index["scene_id"] + ".tif"
    if asset_ids:
        index["asset_id"] = asset_ids
    catalogue = describe_products(index, maps, *[None] * 9)
    StacCatalogueDataset(path=str(folder / "stac")).save(catalogue)
    return StacCatalogueDataset(path=str(folder / "stac")).load()


def test_an_item_says_where_and_when_a_scene_is_and_what_lies_where(tmp_path):
    catalogue = described(tmp_path, a=(ROSS_SEA, WHEN))
    expect_valid(tmp_path / "stac")
    (item,) = catalogue.get_items(recursive=True)
    assert (item.id, item.datetime) == ("a", WHEN)
    assert item.geometry["type"] == "Polygon"
    assert item.bbox == pytest.approx(
        [-165.965759, -78.651536, -165.963737, -78.651271], abs=1e-5
    )
    projection = ProjectionExtension.ext(item)
    assert projection.code == "EPSG:3031"
    assert projection.shape == [2, 4]
    assert projection.transform == list(ROSS_SEA.transform)
    assert item.properties["gsd"] == 10.0
    assert item.assets["class_map"].href == "../../../maps/a.tif"
    assert item.assets["class_map"].media_type == pystac.MediaType.COG
    assert item.properties["sea_ice:concentration"] == round(4 / 7, 6)
    assert item.properties["processing:lineage"].startswith("a.tif (source folder)")


def test_a_class_has_a_value_a_name_a_colour_and_a_share(tmp_path):
    (item,) = described(tmp_path, a=(ROSS_SEA, WHEN)).get_items(recursive=True)
    asset = item.assets["class_map"]
    classes = asset.extra_fields["bands"][0]["classification:classes"]
    found = [(c["value"], c["name"], c.get("color_hint"), c["count"]) for c in classes]
    assert found == [
        (0, "thick_ice", "FF0000", 2),
        (1, "thin_ice", "0000FF", 2),
        (2, "open_water", "00FF00", 3),
        (255, "nodata", None, 1),
    ]
    collection = item.get_collection()
    summaries = ClassificationExtension.summaries(collection).classes
    assert [c.title for c in summaries] == [
        *("thick ice", "thin ice", "open water", "no data")
    ]


def test_an_asset_has_its_checksum_and_what_made_it(tmp_path):
    (item,) = described(tmp_path, a=(ROSS_SEA, WHEN)).get_items(recursive=True)
    asset = item.assets["class_map"]
    size = (tmp_path / "maps" / "a.tif").stat().st_size
    assert FileExtension.ext(asset).size == size
    assert FileExtension.ext(asset).checksum.startswith("d50110")
    assert asset.extra_fields["processing:software"] == {"sea_ice_kedro": "0.1.0"}
    expression = asset.extra_fields["processing:expression"]
    assert expression == {
        "format": "sea_ice_kedro recipe",
        "expression": ["label", {}],
    }


def test_a_scene_at_180_degrees_is_cut_and_its_collection_goes_around(tmp_path):
    catalogue = described(tmp_path, a=(AT_180, WHEN), b=(ROSS_SEA, WHEN))
    expect_valid(tmp_path / "stac")
    first, _ = catalogue.get_items(recursive=True)
    assert first.geometry["type"] == "MultiPolygon"
    assert first.bbox[0] > first.bbox[2]
    (box,) = first.get_collection().extent.spatial.bboxes
    assert (box[0], box[2]) == (-180, 180)


def test_a_scene_without_a_place_has_no_geometry(tmp_path):
    catalogue = described(tmp_path, a=(None, WHEN))
    expect_valid(tmp_path / "stac")
    (item,) = catalogue.get_items(recursive=True)
    assert (item.geometry, item.bbox) == (None, None)
    assert "proj:code" not in item.properties


def test_a_projection_without_a_number_is_written_out(tmp_path):
    catalogue = described(tmp_path, a=(LOCAL, WHEN))
    expect_valid(tmp_path / "stac")
    (item,) = catalogue.get_items(recursive=True)
    assert item.properties["proj:code"] is None
    assert item.properties["proj:wkt2"].startswith('PROJCRS["a floe"')


def test_scenes_without_a_time_are_left_out_and_named(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        catalogue = described(tmp_path, a=(ROSS_SEA, None), b=(ROSS_SEA, WHEN))
    assert [item.id for item in catalogue.get_items(recursive=True)] == ["b"]
    assert "1 of 2 scenes have no time of acquisition" in caplog.text
    assert caplog.text.rstrip().endswith("which needs one: a")


def test_a_run_without_any_time_has_a_valid_empty_catalogue(tmp_path):
    described(tmp_path, a=(ROSS_SEA, None))
    assert len(expect_valid(tmp_path / "stac")) == 1


def test_a_run_describes_what_it_has_made_and_no_more(data_root, tmp_path):
    folder = tmp_path / "in"
    folder_of_scenes(folder, 2)
    for name in "ab":
        (folder / f"{name}.tif").rename(folder / f"{name}_20191103T190919.tif")
    run_here(*RUN, "time_series", "stac_export", **from_folder(folder))
    stac = data_root / "08_reporting" / "stac"
    paths = [str(path.relative_to(stac)) for path in expect_valid(stac)]
    day = "daily-concentration/2019-11-03_epsg6932_25km/2019-11-03_epsg6932_25km.json"
    scenes = [
        f"scenes/{n}/{n}.json" for n in ("a_20191103T190919", "b_20191103T190919")
    ]
    collections = [f"{n}/collection.json" for n in ("scenes", "daily-concentration")]
    assert sorted(paths) == sorted(["catalog.json", *collections, *scenes, day])
    (first, _) = pystac.read_file(stac / "scenes/collection.json").get_items()
    assert list(first.assets) == ["class_map", "filtered_scene", "quicklook"]
    before = digests(stac)
    run_here("stac_export")
    assert digests(stac) == before
    # A scene that has gone is in no catalogue any more, though its files are there.
    (folder / "b_20191103T190919.tif").unlink()
    run_here(*RUN, "time_series", "stac_export", **from_folder(folder))
    assert not (stac / scenes[1]).exists()
    expect_valid(stac)


def test_land_is_described_where_a_mask_was_named(tmp_path):
    codes = np.array([[0, 254, 254, 255], [2, 2, 1, 0]], np.uint8)
    made = described(tmp_path, codes, "coast.gpkg md5:0", a=(ROSS_SEA, WHEN))
    expect_valid(tmp_path / "stac")
    (item,) = made.get_items(recursive=True)
    bands = item.assets["class_map"].extra_fields["bands"]
    found = {c["value"]: c for c in bands[0]["classification:classes"]}
    assert (found[254]["name"], found[254]["count"]) == ("land", 2)
    assert found[255]["count"] == 1
    assert item.properties["sea_ice:land_fraction"] == 0.25
    assert item.properties["sea_ice:concentration"] == 0.6
    summaries = ClassificationExtension.summaries(item.get_collection()).classes
    assert "land or ice shelf" in [c.title for c in summaries]


def test_an_item_names_the_satellite_that_its_product_names(tmp_path):
    names = ["S2B_MSIL1C_20191103T190919_N0208_R056_T03CWT_20191103T204118.SAFE", ""]
    catalogue = described(
        tmp_path, asset_ids=names, a=(ROSS_SEA, WHEN), S2A_mine=(ROSS_SEA, WHEN)
    )
    expect_valid(tmp_path / "stac")
    said = {
        item.id: item.common_metadata for item in catalogue.get_items(recursive=True)
    }
    assert said["a"].platform == "sentinel-2b"
    assert said["a"].instruments == ["msi"]
    assert said["S2A_mine"].platform is None


def test_a_day_is_derived_from_its_scenes(tmp_path):
    """Scenes of the day and the hemisphere, by links that can be followed."""
    from sea_ice_kedro.reporting.products import Product, ProductGroup
    from sea_ice_kedro.reporting.stac_products import catalogue_of

    def group(name, kind, place, **facts):
        facts |= {"height": 2, "width": 4, "crs": place.crs}
        facts["transform"] = place.transform
        path = tmp_path / f"{name}.tif"
        path.write_text("")
        return ProductGroup(name, (Product(kind, str(path), facts=facts),))

    north = Georeference("EPSG:3413", ROSS_SEA.transform)
    scenes = [
        group(name, "filtered_scene", place, acquired=when)
        for name, place, when in [
            ("a #1", ROSS_SEA, "2019-11-03T19:09:19+00:00"),
            ("b", ROSS_SEA, "2019-11-04T00:00:00+00:00"),
            ("c", north, "2019-11-03T19:09:19+00:00"),
        ]
    ]
    days = [group("d", "concentration", ROSS_SEA, day="2019-11-03")]
    dataset = StacCatalogueDataset(path=str(tmp_path / "stac"))
    dataset.save(catalogue_of(scenes, days))
    expect_valid(tmp_path / "stac")
    day = dataset.load().get_child("daily-concentration").get_item("d")
    assert [item.id for item in day.get_derived_from()] == ["a #1"]


def test_a_scene_is_derived_from_the_network_that_mapped_it(tmp_path):
    """And from no other that lies in its place now; its item says what it takes."""
    from sea_ice_kedro.reporting.products import Product, ProductGroup
    from sea_ice_kedro.reporting.stac_products import catalogue_of

    network = ModelFile(network_path("polar"))
    facts = {"height": 2, "width": 4, "acquired": WHEN.isoformat()}
    facts |= dict.fromkeys(["pixels_thick_ice", "pixels_thin_ice"], 1)
    facts |= {"pixels": 8, "pixels_open_water": 6}

    def scene(name, digest):
        path = tmp_path / f"{name}.tif"
        path.write_text("")
        said = {**facts, "model_checksum": digest}
        product = Product("prediction", str(path), facts=said)
        return ProductGroup(name, (product,))

    scenes = [scene("a", network.fingerprint()), scene("b", "another")]
    dataset = StacCatalogueDataset(path=str(tmp_path / "stac"))
    dataset.save(catalogue_of(scenes, [], network))
    assert any(path.stem == "polar" for path in expect_valid(tmp_path / "stac"))
    catalogue = dataset.load()
    (item,) = catalogue.get_child("networks").get_items()
    assert item.common_metadata.start_datetime == WHEN
    described = MLMExtension.ext(item)
    assert described.mlm_name == "polar"
    assert [port.name for port in described.input] == ["rgb", "context"]
    assert described.input[0].input.shape == [-1, -1, -1, 3]
    assert [c.name for c in described.output[0].classes][-1] == "no_class"
    assert "mlm:model" in item.assets["network"].roles
    made = catalogue.get_child("scenes")
    assert [i.id for i in made.get_item("a").get_derived_from()] == ["polar"]
    assert not list(made.get_item("b").get_derived_from())


ODD = ["a b", "#1", "a#b", "what?", "50%", "a%20b", "é", "x:y", "&<>'()[]"]


@pytest.mark.parametrize("root", ["data", "my #1 data", "50%?"])
def test_whatever_a_scene_is_called_its_links_lead_to_it(tmp_path, root):
    ours = described(tmp_path / root, **dict.fromkeys(ODD, (ROSS_SEA, WHEN)))
    # Who reads a catalogue without this package names a folder that pystac can read.
    (tmp_path / root).rename(tmp_path / "moved")
    moved = pystac.Catalog.from_file(str(tmp_path / "moved" / "stac" / "catalog.json"))
    items = {item.id: item for item in moved.get_items(recursive=True)}
    assert sorted(items) == sorted(ODD)
    for name, item in items.items():
        href = item.assets["class_map"].href
        assert not {"#", "?", " "} & set(href)
        path = unquote(item.assets["class_map"].get_absolute_href())
        assert path == str(tmp_path / "moved" / "maps" / f"{name}.tif")
        with rasterio.open(path) as file:
            assert file.shape == CODES.shape
    (tmp_path / "moved").rename(tmp_path / root)
    assert sorted(item.id for item in ours.get_items(recursive=True)) == sorted(ODD)
    links = products_of(ours, set(ODD))
    assert set(links) == set(ODD)
    for name in ODD:
        (link,) = links[name].values()
        assert link.isascii()
        assert unquote(link) == f"maps/{name}.tif"


def test_a_run_with_nothing_to_do_opens_no_product(data_root, tmp_path, monkeypatch):
    folder = folder_of_scenes(tmp_path / "in")
    for path in list(folder.iterdir()):
        path.rename(folder / f"{path.stem}_20191103.tif")
    pipelines = [*RUN, "stac_export"]
    run_here(*pipelines, **from_folder(folder))
    before, opened = digests(data_root), []

    def noting(opens):
        def noted(path, *args, **kwargs):
            if str(path).startswith(str(data_root)):
                opened.append(path)
            return opens(path, *args, **kwargs)

        return noted

    monkeypatch.setattr(rasterio, "open", noting(rasterio.open))
    monkeypatch.setattr(geotiff, "DatasetReader", noting(geotiff.DatasetReader))
    monkeypatch.setattr(files, "_md5", noting(files._md5))
    run_here(*pipelines, **from_folder(folder))
    # But for the digests of the tables and figures that every run writes.
    tables = list(data_root.rglob(SINGLE_FILES))
    lines = [
        (table, line) for table in tables for line in table.read_text().splitlines()
    ]
    written = {str(table.parent / json.loads(line)["id"]) for table, line in lines}
    assert written
    assert {str(path) for path in opened} <= written
    assert digests(data_root) == before


def test_the_report_links_to_what_the_catalogue_describes(tmp_path):
    catalogue = described(tmp_path, **{"a é": (ROSS_SEA, WHEN)})
    assert products_of(catalogue, {"b"}) == {}
    assert products_of(catalogue, {"a é", "b"}) == {
        "a é": {"Classes by brightness": "maps/a%20%C3%A9.tif"}
    }
    assert (tmp_path / unquote("maps/a%20%C3%A9.tif")).exists()
