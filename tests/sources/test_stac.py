import copy
import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio

pytest.importorskip("pystac_client")

from sea_ice_kedro.engines.base import fingerprint_of
from sea_ice_kedro.errors import CannotFetch, InvalidOption, InvalidScene, NothingFound
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.sources import IngestionOptions, find_scenes
from sea_ice_kedro.sources import stac as source
from sea_ice_kedro.sources.product_options import StacOptions
from sea_ice_kedro.sources.stac import is_planetary, is_signed
from sea_ice_kedro.sources.stac_items import read_item
from tests.products import CORNER, ice_numbers, shortwave_numbers, write_band
from tests.runs import ROOT
from tests.web import ITEM, item_of, serving_files, write_catalogue

SHARED = ROOT.parent / "shared/data/products"
NUMBERS = ice_numbers(256, 320)
PLAIN = {"scale": 0.0001, "offset": 0}
SHIFTED = np.where(NUMBERS > 0, NUMBERS + 1000, 0).astype(np.uint16)


@pytest.fixture
def web(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_FIRST_WAIT_S", 0.001)
    with serving_files(tmp_path / "web") as state:
        yield state


def options(url, search=(), cutting=(), **stac):
    region = {"region": (-180, -78, -140, -70), "start": "2019-11-01"}
    return IngestionOptions(
        "stac",
        search={**region, "end": "2019-11-30", **dict(search)},
        cutting=dict(cutting),
        stac={"url": url, "max_attempts": 4, **stac},
    )


def served(web, *items, **chosen):
    """List what a static catalogue of these items gives."""
    write_catalogue(web.root, items)
    return find_scenes(options(f"{web.url}/catalog.json", **chosen))


def item(web, numbers=NUMBERS, raster=None, **facts):
    raster = {"scale": 0.0001, "offset": 0} if raster is None else raster
    return item_of(web.root, numbers, raster=raster, **facts)


def test_a_static_catalogue_gives_scenes_with_pixels_place_and_facts(web):
    (entry,) = served(web, item(web))
    raw = entry.download()
    assert np.array_equal(raw.numbers, NUMBERS)
    assert raw.valid_mask.sum() == 256 * 320 - 120
    assert (raw.scene_id, raw.origin.source) == (ITEM, "stac")
    assert raw.georeference.crs == "EPSG:32703"
    assert raw.georeference.transform == (10, 0, CORNER[0], 0, -10, CORNER[1])
    assert raw.acquired == datetime(2019, 11, 3, 19, 9, 21, tzinfo=UTC)
    assert (raw.acquisition.granule, raw.acquisition.asset_id) == ("T03CWT", ITEM)
    assert raw.acquisition.processing_baseline == "N0208"
    assert (raw.acquisition.sun_elevation_deg, raw.acquisition.cloud_percentage) == (
        28.5,
        12.5,
    )


def test_a_static_catalogue_may_lie_on_a_disk(tmp_path):
    numbers = NUMBERS[:, :128, :128]
    made = item_of(tmp_path, numbers, raster={"scale": 0.0001, "offset": 0})
    (entry,) = find_scenes(options(str(write_catalogue(tmp_path, [made]))))
    assert np.array_equal(entry.download().numbers, numbers)


def test_an_api_is_asked_for_box_and_days_and_its_pages_are_followed(web):
    for day in range(1, 6):
        made = item(web, name=f"day{day}", datetime=f"2019-11-0{day}T19:00:00Z")
        for asset in made["assets"].values():
            asset["href"] = f"{web.url}/day{day}/{asset['href'][2:]}"
        web.items.append(made)
    entries = find_scenes(
        options(
            f"{web.url}/api",
            search={"start": "2019-11-02", "end": "2019-11-04"},
            collection="sentinel-2-l1c",
        )
    )
    assert [e.scene_id for e in entries] == ["day2", "day3", "day4"]
    assert web.asked("/api/search") == 2
    assert np.array_equal(entries[0].download().numbers, NUMBERS)


def test_only_the_window_of_a_band_is_fetched(web):
    entries = served(web, item(web), cutting={"size_px": 128})
    assert len(entries) == 6
    web.sent = 0
    raw = entries[-1].download()
    assert np.array_equal(raw.numbers, NUMBERS[:, 128:, 256:])
    assert web.sent < sum(p.stat().st_size for p in web.root.rglob("B0*.tif"))


@pytest.mark.parametrize(
    ("facts", "raster", "chosen", "calibration"),
    [
        ({}, {"scale": 0.0001, "offset": 0}, {}, (0.0001, 0)),
        ({}, {}, {}, (0.0001, 0)),  # before 04.00 there is none to say
        ({}, {}, {"offset": -0.1}, (0.0001, 0)),
        ({"s2:processing_baseline": "05.10"}, {"scale": 0.0001, "offset": -0.1}, {}, (0.0001, -0.1)),
        ({"s2:processing_baseline": "05.10"}, {}, {"offset": -0.1}, (0.0001, -0.1)),
        ({"s2:processing_baseline": "05.10"}, {}, {"offset": 0.0}, (0.0001, 0)),
        ({"processing:version": "05.11", "s2:processing_baseline": None}, {"scale": 0.0001, "offset": -0.1}, {}, (0.0001, -0.1)),
        ({"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": True}, {"scale": 0.0001, "offset": -0.1}, {}, (0.0001, 0)),
        ({"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": False}, {"scale": 0.0001, "offset": -0.1}, {}, (0.0001, -0.1)),
        ({}, {"scale": 0.0002, "offset": 0}, {}, (0.0002, 0)),
        ({}, {"scale": 0.0002, "offset": 0}, {"scale": 0.0001}, (0.0001, 0)),
    ],
)  # fmt: skip
def test_scale_and_offset_are_the_item_s_with_its_provider_s_ways(
    tmp_path, facts, raster, chosen, calibration
):
    made = item_of(tmp_path, NUMBERS[:, :8, :8], raster=raster, **facts)
    found = read_item(made, StacOptions(**chosen)).calibrations
    assert found == (Calibration(*calibration),) * 3


@pytest.mark.parametrize("place", ["asset", "bands"])
def test_scale_and_offset_are_found_where_newer_items_have_them(tmp_path, place):
    made = item_of(tmp_path, NUMBERS[:, :8, :8], **{"s2:processing_baseline": "05.10"})
    named = {"raster:scale": 0.0001, "raster:offset": -0.1}
    for asset in made["assets"].values():
        if place == "asset":
            asset.update(named)
        else:
            asset["bands"] = [named]
    assert read_item(made, StacOptions()).calibrations[0] == Calibration(0.0001, -0.1)


@pytest.mark.parametrize("raster", [{}, {"scale": 0.0001, "offset": 0}])
@pytest.mark.parametrize("baseline", ["04.00", None])
def test_an_item_without_an_offset_where_one_is_due_costs_itself_only(
    web, raster, baseline
):
    facts = {"s2:processing_baseline": baseline}
    bad = item(web, SHIFTED, name="bad", raster=raster, **facts)
    entries = {e.scene_id: e for e in served(web, bad, item(web))}
    with pytest.raises(InvalidScene, match=r"item bad: expected an offset") as refusal:
        entries["bad"].scene()
    assert "ingestion.stac.offset=-0.1" in str(refusal.value)
    assert entries[ITEM].download().scene_id == ITEM


def test_an_offset_that_was_taken_out_already_is_noticed(web):
    wrong = {"scale": 0.0001, "offset": -0.1}
    made = item(web, raster=wrong, **{"s2:processing_baseline": "05.11"})
    (entry,) = served(web, made)
    with pytest.raises(
        InvalidScene, match=r"taken the offset out already.*alone with.*offset=0\.0"
    ):
        entry.download()
    (entry,) = served(web, made, offset=0.0)
    assert np.array_equal(entry.download().numbers, NUMBERS)


def test_a_scale_of_the_item_holds_for_its_bands(tmp_path):
    made = item_of(tmp_path, NUMBERS[:, :8, :8], raster=None, **{"raster:scale": 2e-4})
    calibrations = read_item(made, StacOptions()).calibrations
    assert {(one.scale, one.offset) for one in calibrations} == {(2e-4, 0.0)}


def test_a_scale_by_which_all_would_be_thick_ice_is_refused(web):
    (entry,) = served(web, item(web, raster={"scale": 0.01, "offset": 0}))
    with pytest.raises(InvalidScene, match=r"more than snow in full sun"):
        entry.download()


def test_a_band_whose_own_scale_contradicts_the_item_s_is_refused(web):
    made = item(web)
    for key in ("B04", "B03", "B02"):
        path = web.root / ITEM / f"{key}.tif"
        with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
            file.scales, file.offsets = (1e-4,), (-0.1,)
    (entry,) = served(web, made)
    with pytest.raises(CannotFetch, match=r"the offset 0, as the metadata say.*-0\.1"):
        entry.download()
    (entry,) = served(web, made, scale=1e-4)  # says nothing of the offset
    with pytest.raises(CannotFetch, match=r"the offset 0, as the metadata say.*-0\.1"):
        entry.download()
    (entry,) = served(web, made, offset=0.0)
    assert np.array_equal(entry.download().numbers, NUMBERS)


def test_a_scale_of_one_band_that_is_no_number_costs_its_item_only(tmp_path):
    made = item_of(tmp_path, NUMBERS[:, :8, :8])
    made["assets"]["green"]["raster:bands"] = [{"scale": "small"}]
    with pytest.raises(
        InvalidScene, match=r"numbers for scale and offset, got 'small'"
    ):
        read_item(made, StacOptions())


def test_offsets_of_some_bands_are_refused_but_where_they_are_taken_out(tmp_path):
    made = item_of(tmp_path, NUMBERS[:, :8, :8])
    for key, offset in (("green", -0.1), ("blue", -0.1)):
        (band,) = made["assets"][key].setdefault("raster:bands", [{}])
        band["offset"] = offset
    with pytest.raises(InvalidScene, match=r"the offset of red, green and blue.*leave"):
        read_item(made, StacOptions(offset=-0.1))  # of baselines from 04.00 on only
    made["properties"]["earthsearch:boa_offset_applied"] = True
    calibrations = read_item(made, StacOptions()).calibrations
    assert {one.offset for one in calibrations} == {0.0}


@pytest.mark.parametrize(
    "keys", [("B04", "B03", "B02"), ("B04_10m", "B03_10m", "B02_10m")]
)
def test_assets_are_found_by_their_usual_names(tmp_path, keys):
    made = item_of(tmp_path, NUMBERS[:, :8, :8])
    made["assets"] = dict(zip(keys, made["assets"].values(), strict=True))
    hrefs = read_item(made, StacOptions()).hrefs
    assert [href[-7:] for href in hrefs] == ["B04.tif", "B03.tif", "B02.tif"]


def test_other_assets_can_be_named_and_are_asked_for(tmp_path):
    made = item_of(tmp_path, NUMBERS[:, :8, :8])
    made["assets"] = dict(zip("xyz", made["assets"].values(), strict=True))
    with pytest.raises(InvalidScene, match=r"got x, y, z; name .*stac\.assets=a-b-c"):
        read_item(made, StacOptions())
    assert read_item(made, StacOptions(assets="x-y-z")).hrefs[2][-7:] == "B02.tif"


@pytest.mark.parametrize("missing", ["proj:epsg", "proj:shape", "proj:transform"])
def test_an_item_without_its_grid_is_refused(tmp_path, missing):
    made = item_of(tmp_path, NUMBERS[:, :8, :8])
    del made["properties"][missing]
    with pytest.raises(InvalidScene, match="proj:shape and proj:transform"):
        read_item(made, StacOptions())


@pytest.mark.parametrize(
    ("search", "text"),
    [
        ({"max_cloud_percentage": 10}, "got 1 at any cloud"),
        ({"min_sun_elevation_deg": 30}, "got 1 at any cloud"),
        ({"start": "2019-11-04"}, "got 0 at any cloud"),
        ({"region": (0, -78, 40, -70)}, "got 0 at any cloud"),
    ],
)
def test_nothing_found_says_what_there_is(web, search, text):
    with pytest.raises(NothingFound, match=text):
        served(web, item(web), search=search)


@pytest.mark.parametrize("how", ["500", "503", "429", "truncated", "reset"])
def test_a_passing_fault_of_a_band_is_tried_again(web, how):
    (entry,) = served(web, item(web))
    web.faults.append(
        lambda path, n: how if path.endswith("B03.tif") and n <= 2 else None
    )
    assert np.array_equal(entry.download().numbers, NUMBERS)


def odd(web, **properties):
    """An item beside a good one, with odd properties."""
    made = item(web, name="odd")
    made["properties"]["datetime"] = "2019-11-05T19:09:21Z"
    made["properties"] |= {k.replace("__", ":"): v for k, v in properties.items()}
    return made


@pytest.mark.parametrize(
    "properties", [{"eo__cloud_cover": None}, {"view__sun_elevation": "unknown"}]
)
def test_what_an_item_does_not_know_costs_nothing(web, properties):
    good, other = served(web, item(web), odd(web, **properties))
    assert (good.scene_id, other.scene_id) == (ITEM, "odd")
    assert other.download().acquisition.asset_id == "odd"


@pytest.mark.parametrize(
    "break_it",
    [
        lambda i: i.update(geometry=None, bbox=None),
        lambda i: i["properties"].update({"proj:epsg": 123456}),
        lambda i: i["properties"].update({"proj:shape": [0, 0]}),
        lambda i: i["properties"].update({"proj:transform": [0, 0, 0, 0, 0, 0]}),
        lambda i: i["assets"]["red"].update(href=None),
        lambda i: i["assets"]["red"]["raster:bands"][0].update(scale=-1),
        lambda i: i["assets"]["red"]["raster:bands"][0].update(scale="ten"),
        lambda i: i["properties"].update(datetime="yesterday"),
        lambda i: i.pop("assets"),
        lambda i: i["assets"]["red"]["raster:bands"][0].update(scale=math.nan),
        lambda i: i["properties"].update({"proj:transform": [math.nan] * 6}),
        lambda i: i["geometry"].update(coordinates=[[[math.inf, 0]] * 5]),
        lambda i: i.update(geometry={"type": "MultiPolygon", "coordinates": []}),
        lambda i: i["properties"].update({"proj:shape": [128.5, 160]}),
        lambda i: i["assets"]["green"].update(href=i["assets"]["red"]["href"]),
        lambda i: i["assets"]["red"]["raster:bands"][0].pop("scale"),
        lambda i: i["assets"]["red"].update({"eo:bands": [{"name": "B02"}]}),
    ],
    ids=[
        *("geometry", "crs", "shape", "grid", "href", "-1", "ten", "time", "assets"),
        *("NaN", "place NaN", "outline of infinity", "no outline", "half a row"),
        *("one file for two", "scale of two", "name of blue"),
    ],
)
def test_an_odd_item_costs_itself_and_is_named(web, break_it):
    broken = odd(web, platform="sentinel-2b")
    for asset in broken["assets"].values():
        asset["raster:bands"][0]["scale"] = 0.0002
    break_it(broken)
    entries = {e.scene_id: e for e in served(web, item(web), broken)}
    assert sorted(entries) == sorted([ITEM, "odd"])
    assert np.array_equal(entries[ITEM].download().numbers, NUMBERS)
    with pytest.raises(InvalidScene, match="odd"):
        entries["odd"].scene()


def test_nan_in_one_item_of_a_page_costs_that_item_only(web):
    broken = odd(web)
    broken["assets"]["red"]["raster:bands"][0]["scale"] = math.nan
    web.items[:] = [item(web), broken]
    for made in web.items:
        name = made["id"]
        for asset in made["assets"].values():
            asset["href"] = f"{web.url}/{name}/{asset['href'][2:]}"
    entries = {e.scene_id: e for e in find_scenes(options(f"{web.url}/api"))}
    assert np.array_equal(entries[ITEM].download().numbers, NUMBERS)
    with pytest.raises(InvalidScene, match="odd"):
        entries["odd"].scene()


def test_a_number_of_5000_digits_in_one_item_of_a_page_costs_that_item_only(web):
    broken = odd(web)
    broken["properties"]["proj:shape"] = "SHAPE"
    web.items[:] = [item(web), broken]
    for made in web.items:
        for asset in made["assets"].values():
            asset["href"] = f"{web.url}/{made['id']}/{asset['href'][2:]}"
    web.spelt = lambda text: text.replace('"SHAPE"', f"[{'1' * 5000}, 128]")
    entries = {e.scene_id: e for e in find_scenes(options(f"{web.url}/api"))}
    assert np.array_equal(entries[ITEM].download().numbers, NUMBERS)
    with pytest.raises(InvalidScene, match="odd"):
        entries["odd"].scene()


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: f"\ufeff{text}",
        lambda text: text.replace('"links": []', '"links": null'),
    ],
    ids=["a byte order mark", "no links"],
)
def test_what_other_programs_write_differently_costs_no_page(web, spell):
    made = item(web)
    for asset in made["assets"].values():
        asset["href"] = f"{web.url}/{ITEM}/{asset['href'][2:]}"
    web.items[:] = [made]
    web.spelt = spell
    (entry,) = find_scenes(options(f"{web.url}/api"))
    assert np.array_equal(entry.download().numbers, NUMBERS)


@pytest.mark.parametrize("entry", [None, 1, "x", []])
def test_what_is_no_item_on_a_page_costs_itself_only(web, entry):
    good = item(web)
    for asset in good["assets"].values():
        asset["href"] = f"{web.url}/{ITEM}/{asset['href'][2:]}"
    web.items[:] = [good, entry]
    entries = {e.scene_id: e for e in find_scenes(options(f"{web.url}/api"))}
    assert np.array_equal(entries.pop(ITEM).download().numbers, NUMBERS)
    (refused,) = entries.values()
    with pytest.raises(InvalidScene, match="item 1 of the answer: expected an item"):
        refused.scene()


@pytest.mark.parametrize("name", ["=cmd|calc", "a" * 240, "a/b"])
def test_an_item_whose_id_can_name_no_file_takes_no_other_s_place(web, name):
    newer = item(web, name="newer", **{"s2:processing_baseline": "02.12"})
    newer["id"] = name
    entries = {e.scene_id: e for e in served(web, item(web), newer)}
    assert np.array_equal(entries.pop(ITEM).download().numbers, NUMBERS)
    (refused,) = entries.values()
    with pytest.raises(InvalidScene, match=r"expected a scene id of .* tell its prov"):
        refused.scene()


@pytest.mark.parametrize("cloud", [-5e300, -1, 101, math.nan])
def test_a_cloud_cover_that_cannot_be_fits_no_limit(web, cloud):
    unclear = odd(web, eo__cloud_cover=cloud)
    limit = {"max_cloud_percentage": 50}
    assert [e.scene_id for e in served(web, item(web), unclear, search=limit)] == [ITEM]
    (entry,) = (e for e in served(web, item(web), unclear) if e.scene_id == "odd")
    assert entry.download().acquisition.cloud_percentage is None


def test_an_item_whose_outline_lies_beside_its_grid_costs_itself(web):
    lies = odd(web)
    left, top = lies["properties"]["proj:transform"][2::3]
    lies["properties"]["proj:transform"] = [10, 0, left + 50_000, 0, -10, top]
    entries = served(web, item(web), lies)
    (lost,) = (e for e in entries if e.scene_id != ITEM)
    with pytest.raises(InvalidScene, match=r"item odd: expected an outline on the"):
        lost.scene()


def test_an_item_that_is_not_there_costs_itself_and_is_named(web):
    write_catalogue(web.root, [item(web), odd(web)])
    (web.root / "odd/item.json").unlink()
    entries = find_scenes(options(f"{web.url}/catalog.json", max_attempts=1))
    assert len(entries) == 2
    (lost,) = (e for e in entries if e.scene_id != ITEM)
    with pytest.raises(InvalidScene, match="got APIError: HTTP status 404"):
        lost.scene()


def test_of_an_acquisition_that_was_processed_twice_the_newer_is_taken(web, caplog):
    newer = item(web, name="newer", **{"s2:processing_baseline": "02.12"})
    with caplog.at_level("INFO"):
        (entry,) = served(web, newer, item(web))
    assert entry.scene_id == "newer"
    assert f"one acquisition is one scene: {ITEM} (shown by newer)" in caplog.text


def elsewhere(web, made):
    """Have an item lead to bands of another grid."""
    other = item_of(web.root, NUMBERS[:, :128], name="other")
    for asset in made["assets"].values():
        asset["href"] = f"../other/{asset['href'][2:]}"
    assert other["properties"]["proj:shape"] == [128, 320]


def cut_short(web, made):
    path = web.root / "newer/B02.tif"
    path.write_bytes(path.read_bytes()[:-9000])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda web, made: (web.root / "newer/B03.tif").unlink(),
        lambda web, made: made["assets"]["red"].update(href="file:///vsicurl?url=x"),
        lambda web, made: made["assets"]["red"].update(href="s3://nobody-s/B04.tif"),
        elsewhere,
        cut_short,
    ],
    ids=["missing", "vsi", "no bucket", "another grid", "cut short"],
)
def test_an_item_that_only_claims_to_be_newer_takes_no_other_s_place(
    web, caplog, monkeypatch, spoil
):
    monkeypatch.setenv("AWS_S3_ENDPOINT", web.url.removeprefix("http://"))
    monkeypatch.setenv("AWS_HTTPS", "NO")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTING", "FALSE")
    claims = {"s2:processing_baseline": "05.10", "created": "2024-01-01T00:00:00Z"}
    raster = {"scale": 0.0001, "offset": -0.1}
    newer = item(web, SHIFTED, raster, name="newer", **claims)
    spoil(web, newer)
    (entry,) = served(web, newer, item(web), max_attempts=1)
    assert entry.scene_id == ITEM
    assert np.array_equal(entry.download().numbers, NUMBERS)
    assert f"newer (shown by {ITEM})" in caplog.text


def test_an_item_whose_outline_is_larger_than_its_pixels_takes_no_other_s_place(
    web, caplog
):
    half = NUMBERS.copy()
    half[:, 128:] = 0
    newer = item(web, half, name="newer", **{"s2:processing_baseline": "02.12"})
    (entry,) = served(web, newer, item(web))
    assert entry.scene_id == ITEM
    assert "newer takes no other's place: its outline holds ground" in caplog.text


def test_of_two_hosts_that_no_setting_names_none_is_believed(web):
    items = []
    for name, host in (("good", "127.0.0.2"), ("newer", "127.0.0.3")):
        made = item(web, name=name, **{"s2:processing_baseline": "02.12"})
        for asset in made["assets"].values():
            asset["href"] = f"http://{host}:9/{name}/{asset['href'][2:]}"
        items.append(made)
    entries = served(web, *items)
    assert [entry.scene_id for entry in entries] == ["good", "newer"]
    for entry in entries:
        with pytest.raises(InvalidScene, match=r"nobody can tell which is right"):
            entry.scene()
    (other,) = served(web, items[0])
    assert other.download is not None


def test_two_halves_that_both_claim_the_whole_tile_are_scenes(web):
    upper, lower = NUMBERS.copy(), NUMBERS.copy()
    upper[:, 130:] = lower[:, :126] = 0
    made = item(web, upper, name="upper"), item(web, lower, name="lower")
    assert [entry.scene_id for entry in served(web, *made)] == ["lower", "upper"]


def test_a_time_of_processing_that_is_still_to_come_counts_for_nothing(web):
    real, claimed = "2024-01-01T00:00:00.5Z", "2999-01-01T00:00:00Z"
    newer = item(web, name="newer", created=real)
    (entry,) = served(web, newer, item(web, name="claimed", created=claimed))
    assert entry.scene_id == "newer"


@pytest.mark.parametrize("declared", ["file", "item", "nobody"])
def test_signed_numbers_below_0_are_dark_and_the_declared_one_is_no_data(web, declared):
    numbers = NUMBERS.astype(np.int16)
    numbers[:, 40:80] = np.array([-30, -5, 12])[:, None, None]
    numbers[:, 80:90] = -9999
    nodata = {"nodata": -9999} if declared == "item" else {}
    made = item(web, numbers, {"scale": 0.0001, "offset": 0, **nodata})
    for key, pixels in zip(("B04", "B03", "B02"), numbers, strict=True):
        write_band(
            web.root / ITEM / f"{key}.tif",
            pixels,
            driver="COG",
            dtype="int16",
            nodata=-9999 if declared == "file" else None,
        )
    (entry,) = served(web, made)
    raw = entry.download()
    observed = np.ones((256, 320), bool)
    observed[:10, :12] = observed[80:90] = False
    assert np.array_equal(raw.valid_mask, observed)
    assert (raw.numbers[:, 50, 50] == (1, 1, 12)).all()
    bright = observed & (numbers > 0).all(axis=0)
    assert np.array_equal(raw.numbers[:, bright], numbers[:, bright])


def test_a_number_that_the_file_declares_is_no_data(web):
    numbers = NUMBERS.copy()
    numbers[:, 80:90] = 65535
    made = item(web, numbers)
    for key, pixels in zip(("B04", "B03", "B02"), numbers, strict=True):
        write_band(web.root / ITEM / f"{key}.tif", pixels, driver="COG", nodata=65535)
    (entry,) = served(web, made)
    assert not entry.download().valid_mask[80:90].any()


def test_a_band_that_lies_elsewhere_than_its_item_says_is_refused(web):
    shifted = item(web)
    shifted["properties"]["proj:transform"] = [10, 0, CORNER[0] + 10, 0, -10, CORNER[1]]
    (entry,) = served(web, shifted, max_attempts=1)
    with pytest.raises(CannotFetch, match=r"B04\.tif: expected a band at"):
        entry.download()


def test_a_catalogue_on_the_web_leads_to_no_file_of_this_machine(web, tmp_path):
    made = item(web)
    band = next((web.root / ITEM).glob("B04.tif"))
    made["assets"]["red"]["href"] = f"file://{band}"
    (entry,) = served(web, made)
    with pytest.raises(InvalidScene, match="no catalogue on the web"):
        entry.download()


def test_dark_water_with_0_in_red_was_observed(web):
    dark = NUMBERS.copy()
    dark[:, 128:] = np.array([0, 60, 120])[:, None, None]
    (entry,) = served(web, item(web, dark))
    assert entry.download().valid_mask[128:].all()


def test_a_passing_fault_of_the_catalogue_is_tried_again(web):
    web.faults.append(
        lambda path, n: "503" if path.endswith(".json") and n <= 1 else None
    )
    assert len(served(web, item(web))) == 1


@pytest.mark.parametrize(("how", "max_attempts"), [("404", 1), ("403", 1), ("500", 4)])
def test_a_band_that_cannot_be_had_is_named_without_its_signature(
    web, how, max_attempts
):
    made = item(web)
    made["assets"]["green"]["href"] = f"{web.url}/{ITEM}/B03.tif?sig=SECRET"
    (entry,) = served(web, made)
    web.faults.append(lambda path, _: how if path.endswith("B03.tif") else None)
    with pytest.raises(CannotFetch, match=r"B03\.tif: .*run the same command") as error:
        entry.download()
    assert "SECRET" not in str(error.value)
    assert error.value.__cause__ is None
    assert web.asked("B03.tif") >= max_attempts


@pytest.mark.parametrize("there", ["nothing", "text", "another server"])
def test_what_is_no_catalogue_is_said(web, there):
    web.root.mkdir(parents=True, exist_ok=True)
    url = f"{web.url}/catalog.json"
    if there == "text":
        (web.root / "catalog.json").write_text("<html>hello</html>")
    if there == "another server":
        url = "http://127.0.0.1:9/catalog.json"
    with pytest.raises(CannotFetch, match=r"catalogue at http.*Is the address right"):
        find_scenes(options(url, max_attempts=1))


def test_no_address_is_refused_with_the_way_out():
    with pytest.raises(InvalidOption, match=r"ingestion\.stac\.url=https"):
        find_scenes(options(None))


def test_a_fingerprint_asks_for_nothing_and_leaves_signatures_out(web):
    made = item(web)
    (entry,) = served(web, made)
    signed = copy.deepcopy(made)
    for asset in signed["assets"].values():
        asset["href"] += "?sig=SECRET"
    (again,) = served(web, signed)
    asked = sum(web.requests.values())
    assert fingerprint_of(entry.download) == fingerprint_of(again.download)
    facts = replace(entry.download.facts, calibrations=(Calibration(0.1),) * 3)
    other = replace(entry.download, facts=facts)
    assert fingerprint_of(entry.download) != fingerprint_of(other)
    assert sum(web.requests.values()) == asked


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_real_items_are_read():
    path = "rio-tiler-pds/cog_S2A_29RKH_20200219_0_L2A/S2A_29RKH_20200219_0_L2A.json"
    facts = read_item(json.loads((SHARED / path).read_text()), StacOptions())
    assert facts.acquisition.granule == "T29RKH"
    assert facts.calibrations == (Calibration(0.0001, 0.0),) * 3
    assert facts.grid.shape == (10_980, 10_980)
    found = {}
    for path in (SHARED / "stactools_sentinel2").glob("*/expected_output.json"):
        facts = read_item(json.loads(path.read_text()), StacOptions())
        found[facts.acquisition.granule] = facts.calibrations[0].offset
    assert found == {
        "T01LAC": 0, "T46RER": 0, "T10SDG": 0, "T01CCV": 0, "T33XWJ": -0.1,
        "T60CWS": -0.1,
    }  # fmt: skip


SWIR = shortwave_numbers(256, 320, cloud=np.s_[60:120, 120:240])


def test_short_wave_bands_come_beside_a_download_on_its_grid(web):
    entries = served(web, item(web, shortwave=SWIR), cutting={"size_px": 100})
    raw = next(e for e in entries if e.scene_id.endswith("_y00000x00100")).download()
    assert sorted(raw.extra_bands) == ["b10", "b11", "b12"]
    for name, cloud, rest in (("b10", 204, 5), ("b11", 140, 23), ("b12", 102, 15)):
        band = raw.extra_bands[name]
        assert (band[60:, 20:] == cloud).all()
        assert (band == rest).sum() == 100 * 100 - 40 * 80


def test_a_download_without_the_bands_or_the_wish_is_as_before(web):
    (plain,) = served(web, item(web))
    made = item(web, shortwave=SWIR)
    write_catalogue(web.root, [made])
    chosen = options(f"{web.url}/catalog.json")
    (unwished,) = find_scenes(replace(chosen, swir=False))
    (wished,) = find_scenes(chosen)
    assert fingerprint_of(plain.download) == fingerprint_of(unwished.download)
    assert fingerprint_of(plain.download) != fingerprint_of(wished.download)
    assert unwished.download().extra_bands == {}


def test_a_band_without_an_offset_is_left_out_with_a_warning(web, caplog):
    raster, baseline = (
        {"scale": 0.0001, "offset": -0.1},
        {"s2:processing_baseline": "05.10"},
    )
    made = item(web, SHIFTED, raster, shortwave=SWIR, **baseline)
    del made["assets"]["swir16"]["raster:bands"]
    (entry,) = served(web, made)
    assert sorted(entry.download().extra_bands) == ["b10", "b12"]
    assert "left out band B11" in caplog.text


@pytest.mark.parametrize(
    ("href", "chosen", "signed"),
    [
        ("https://own.org/B04.tif", {}, True),
        ("https://OWN.org:443/B04.tif", {}, True),
        ("https://bands.org/B04.tif", {}, False),
        ("https://own.org@bands.org/B04.tif", {}, False),
        ("https://own.org.bands.org/B04.tif", {}, False),
        ("https://bands.org/B04.tif", {"hosts": "x.org+bands.org"}, True),
        ("https://bands.org:8443/B04.tif", {"hosts": "bands.org:443"}, False),
        ("s3://bucket/B04.tif", {}, False),
        ("s3://bucket/B04.tif", {"buckets": "x+bucket"}, True),
        ("gs://bucket/B04.tif", {"buckets": ["bucket"]}, True),
        ("gs://bucket2/B04.tif", {"buckets": ["bucket"]}, False),
        ("/home/me/B04.tif", {}, True),
    ],
)
def test_credentials_are_for_the_catalogue_s_host_and_what_settings_name(
    href, chosen, signed
):
    options = StacOptions(url="https://own.org/catalog.json", **chosen)
    assert is_signed(href, options) == signed


@pytest.mark.parametrize(
    ("href", "chosen"),
    [
        ("https://sentinel2.blob.core.windows.net/c/B04.tif", True),
        ("https://sentinel2.blob.core.windows.net/c/B04.tif?sig=x", False),
        ("http://sentinel2.blob.core.windows.net/c/B04.tif", False),
        ("https://blob.core.windows.net.org/B04.tif", False),
        ("https://own.org/B04.tif", False),
        ("s3://bucket/B04.tif", False),
    ],
)
def test_planetary_computer_signs_addresses_on_its_servers_alone(href, chosen):
    options = StacOptions(url="https://own.org", planetary_computer=True)
    assert is_planetary(href, options) == chosen
    assert not is_planetary(href, StacOptions(url="https://own.org"))
    with pytest.raises(InvalidOption, match="planetary_computer to be true or false"):
        StacOptions(planetary_computer="yes")


def test_the_day_of_an_item_is_that_of_utc(tmp_path):
    made = item_of(tmp_path, NUMBERS[:, :128, :128], raster=PLAIN)
    made["properties"]["datetime"] = "2019-11-04T02:09:21+13:00"
    write_catalogue(tmp_path, [made])
    (entry,) = find_scenes(options(str(tmp_path / "catalog.json")))
    assert entry.download().acquired.isoformat() == "2019-11-03T13:09:21+00:00"


@pytest.mark.parametrize(
    "said",
    [{"eo:bands": [{"common_name": "blue"}]}, {"bands": [{"eo:common_name": "blue"}]}],
)
def test_assets_whose_bands_are_of_other_colours_are_refused(tmp_path, said):
    made = item_of(tmp_path, NUMBERS[:, :128, :128], raster=PLAIN)
    made["assets"]["red"] |= said
    write_catalogue(tmp_path, [made])
    url = str(tmp_path / "catalog.json")
    (entry,) = find_scenes(options(url))
    with pytest.raises(InvalidScene, match="expected asset red to be red, got a band"):
        entry.scene()
    (entry,) = find_scenes(options(url, assets="red-green-blue"))
    assert entry.download().numbers.any()


def test_an_item_without_what_a_limit_is_about_is_left_out_and_named(web, caplog):
    limits = {"min_sun_elevation_deg": 10, "max_cloud_percentage": 50}
    silent = odd(web)
    del silent["properties"]["view:sun_elevation"]
    (entry,) = served(web, item(web), silent, search=limits)
    assert entry.scene_id == ITEM
    assert "sun elevation is not known" in caplog.text
    assert "asked for: odd" in caplog.text


def test_the_sun_s_zenith_stands_for_its_elevation(web):
    low = odd(web, **{"s2__mean_solar_zenith": 85.0})
    del low["properties"]["view:sun_elevation"]
    (entry,) = served(web, item(web), low, search={"min_sun_elevation_deg": 10})
    assert entry.scene_id == ITEM


def test_an_item_without_a_box_lies_where_its_outline_does(web):
    away = odd(web)
    away.pop("bbox")
    away["geometry"]["coordinates"] = [[[10, 70], [20, 70], [20, 71], [10, 70]]]
    (entry,) = served(web, item(web), away)
    assert entry.scene_id == ITEM


def test_an_item_that_does_not_say_its_collection_belongs_to_where_it_is_listed(web):
    made = item(web)
    del made["collection"]
    (entry,) = served(web, made, collection="sentinel-2-l1c")
    assert entry.scene_id == ITEM


@pytest.mark.parametrize(
    "facts",
    [
        {"s2:processing_baseline": 2.13},
        {"sentinel:product_id": "S2A_MSIL2A_20191103T190919_N0213_R013_T03CWT_2019"},
        {"s2:granule_id": "S2B_OPER_MSI_L2A_TL_SGS__20191103T202518_A1_T03CWT_N02.13"},
    ],
)
def test_a_baseline_under_another_name_needs_no_offset(tmp_path, facts):
    made = item_of(tmp_path, NUMBERS[:, :8, :8])
    del made["properties"]["s2:processing_baseline"]
    made["properties"] |= facts
    found = read_item(made, StacOptions(offset=-0.1))
    assert found.calibrations[0] == Calibration(0.0001, 0.0)
    assert found.acquisition.processing_baseline == "N0213"


def test_without_a_baseline_the_way_out_is_to_find_it_first(tmp_path):
    made = item_of(tmp_path, NUMBERS[:, :8, :8])
    del made["properties"]["s2:processing_baseline"]
    with pytest.raises(
        InvalidScene, match=r"find out the baseline first.*Before 04\.00"
    ):
        read_item(made, StacOptions())


def test_both_datastrips_of_a_tile_are_scenes(web):
    upper, lower = item(web, name="upper"), item(web, name="lower")
    ring = upper["geometry"]["coordinates"][0]
    half = [
        [(a + b) / 2 for a, b in zip(p, q, strict=True)]
        for p, q in ((ring[0], ring[3]), (ring[1], ring[2]))
    ]
    upper["geometry"]["coordinates"] = [[ring[0], ring[1], half[1], half[0]]]
    lower["geometry"]["coordinates"] = [[half[0], half[1], ring[2], ring[3]]]
    assert [e.scene_id for e in served(web, upper, lower)] == ["lower", "upper"]
