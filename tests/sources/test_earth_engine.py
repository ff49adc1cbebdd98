import json
import pickle
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest

pytest.importorskip("ee")

from sea_ice_kedro.engines.base import fingerprint_of, make_engine, recipe_of
from sea_ice_kedro.errors import (
    CannotFetch,
    InvalidScene,
    NoAccess,
    NothingFound,
    QuotaExhausted,
)
from sea_ice_kedro.sources import IngestionOptions, earth_engine_search, find_scenes
from sea_ice_kedro.sources import earth_engine as source
from sea_ice_kedro.sources import earth_engine_search as access
from tests.earth_engine import (
    PROJECT,
    SECRET,
    GranuleThere,
    after,
    every,
    with_access,
)
from tests.products import CORNER, shortwave_numbers
from tests.runs import ROOT

SHARED = ROOT.parent / "shared/data/products/gee"
INDEX = "20191103T190919_20191103T190917_T03CWT"
REGION = (-180, -78, -140, -70)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Earth Engine with one granule, and credentials in the environment."""
    with with_access([GranuleThere(INDEX)], tmp_path, monkeypatch) as state:
        yield state


def options(server, search=(), cutting=(), brightness=(), **engine):
    search = {
        "region": REGION,
        "start": "2019-11-01",
        "end": "2019-11-30",
        **dict(search),
    }
    quick = {"url": server.url, "first_wait_s": 0.001, "requests_per_s": 100.0}
    return IngestionOptions(
        "earth_engine",
        brightness=dict(brightness),
        search=search,
        cutting=dict(cutting),
        earth_engine={**quick, **engine},
    )


def listed(server, **chosen):
    return find_scenes(options(server, **chosen))


def fetch(server, **chosen):
    (entry,) = listed(server, **chosen)
    return entry.download()


WHOLE = range(256)


def right(granule, rows=WHOLE, columns=WHOLE):
    bands = granule.pixels(np.array(rows), np.array(columns))
    numbers = np.stack([bands[name][0] for name in ("B4", "B3", "B2")])
    return numbers, bands["B4"][1]


def test_a_granule_comes_with_its_pixels_validity_place_and_facts(server):
    raw = fetch(server)
    numbers, valid = right(server.granules[0])
    assert np.array_equal(raw.numbers, numbers)
    assert np.array_equal(raw.valid_mask, valid)
    assert (raw.numbers[:, valid] == 0).any(), "dark pixels are no missing pixels"
    assert raw.scene_id == INDEX
    assert raw.georeference.crs == "EPSG:32703"
    assert raw.georeference.transform == (10, 0, CORNER[0], 0, -10, CORNER[1])
    assert raw.acquired == datetime(2019, 11, 3, 19, 9, 19, tzinfo=UTC)
    acquisition = raw.acquisition
    assert (acquisition.granule, acquisition.processing_baseline) == ("T03CWT", "N0208")
    assert (acquisition.sun_elevation_deg, acquisition.cloud_percentage) == (28.5, 12.5)
    assert acquisition.asset_id == f"COPERNICUS/S2_HARMONIZED/{INDEX}"


def test_scenes_lie_on_the_granule_s_grid(server):
    entries = listed(server, cutting={"size_px": 128})
    assert [e.scene_id for e in entries] == [
        f"{INDEX}_y{row:05d}x{column:05d}" for row in (0, 128) for column in (0, 128)
    ]
    raw = entries[-1].download()
    numbers, _ = right(server.granules[0], range(128, 256), range(128, 256))
    assert np.array_equal(raw.numbers, numbers)
    assert raw.georeference.transform[2::3] == (CORNER[0] + 1280, CORNER[1] - 1280)


def test_large_scenes_are_asked_for_in_parts_of_less_than_48_mb(server, monkeypatch):
    monkeypatch.setattr(source, "REQUEST_BYTES", 256 * 7 * 100)
    raw = fetch(server)
    assert np.array_equal(raw.numbers, right(server.granules[0])[0])
    assert server.asked("computePixels") == 3
    assert server.largest_bytes <= 256 * 7 * 100


def test_a_whole_granule_never_asks_for_more_than_the_limit():
    from sea_ice_kedro.sources.cutting import Cut

    names = ["B4", "B3", "B2", "valid", "qa60", "cloud_probability"]
    parts = list(source.strips(Cut(0, 0, 10_980, 10_980), names))
    assert sum(part.height for part in parts) == 10_980
    assert max(part.height for part in parts) * 10_980 * 9 <= 48_000_000


def test_other_bands_can_be_red_green_and_blue(server):
    raw = fetch(server, bands="B8-B4-B3")
    bands = server.granules[0].pixels(np.array(WHOLE), np.array(WHOLE))
    expected = [bands[name][0] for name in ("B8", "B4", "B3")]
    assert np.array_equal(raw.numbers, np.stack(expected))


def test_cloud_bands_come_alongside(server):
    raw = fetch(server, extra_bands="qa60+cloud_probability")
    assert set(raw.extra_bands) == {"qa60", "cloud_probability"}
    flags, clouds = raw.extra_bands["qa60"], raw.extra_bands["cloud_probability"]
    assert flags[:, :8].min() == 255  # masked there
    assert (flags[0, 8:].max(), flags[16, 8:].max()) == (1, 2)
    assert clouds[3, 4] == 7


def test_a_cloud_probability_that_is_not_there_is_said(server):
    server.granules[0].clouds_known = False
    with pytest.raises(CannotFetch, match=r"S2_CLOUD_PROBABILITY/.* not found"):
        fetch(server, extra_bands="cloud_probability")


def test_what_does_not_fit_is_left_out(server):
    def there(name, **facts):
        return GranuleThere(f"20191{name}T190919_20191103T190917_T03CWT", **facts)

    day = 86_400_000
    server.granules += [
        there("104", time_ms=1572808159000 + day, cloud=50.1),
        there("105", time_ms=1572808159000 + 2 * day, zenith=70.1),
        there("201", time_ms=1572808159000 + 28 * day),  # 1 December
        there("130", time_ms=1572808159000 + 27 * day),  # 30 November: included
        there("106", corner=(399960.0, 2900020.0), crs="EPSG:32703"),  # 64° south
    ]
    fitting = {"max_cloud_percentage": 50.0, "min_sun_elevation_deg": 20.0}
    found = [e.scene_id[:8] for e in listed(server, search=fitting)]
    assert found == ["20191103", "20191130"]


def test_of_an_acquisition_that_was_processed_twice_the_newer_is_taken(server):
    again = INDEX.replace("T190917", "T202518")
    server.granules.append(GranuleThere(again, baseline="05.00"))
    assert [e.scene_id for e in listed(server)] == [again]


@dataclass
class Half(GranuleThere):
    """One of two datastrips of a tile."""

    rows: tuple = (0, 256)

    def ring(self):
        whole = GranuleThere(self.index, (CORNER[0], CORNER[1] - 10 * self.rows[0]))
        whole.shape = (self.rows[1] - self.rows[0], 256)
        return whole.ring()


def test_both_datastrips_of_a_tile_are_scenes(server):
    server.granules[:] = [
        Half(INDEX, rows=(0, 134)),
        Half(INDEX.replace("T190917", "T191205"), rows=(120, 256)),
    ]
    assert len(listed(server)) == 2


@dataclass
class Silent(GranuleThere):
    """A granule without some of its properties."""

    lacking: tuple = ()

    def record(self):
        record = super().record()
        for name in self.lacking:
            del record["properties"][name]
        return record


def test_a_granule_that_does_not_say_sun_or_cloud_fits_no_limit_on_it(server, caplog):
    lacking = ("MEAN_SOLAR_ZENITH_ANGLE", "CLOUDY_PIXEL_PERCENTAGE")
    silent = INDEX.replace("20191103T190919", "20191105T190919")
    server.granules.append(Silent(silent, lacking=lacking))
    assert [e.scene_id for e in listed(server)] == [INDEX, silent]
    limit = {"max_cloud_percentage": 50}
    assert [e.scene_id for e in listed(server, search=limit)] == [INDEX]
    assert silent in caplog.text


def test_granules_without_a_scene_are_counted_and_named(server, caplog):
    caplog.set_level("INFO")
    sliver = Half(INDEX.replace("20191103T", "20191105T"), rows=(0, 8))
    server.granules.append(sliver)
    found = listed(server, cutting={"min_observed_fraction": 0.5})
    assert [e.scene_id for e in found] == [INDEX]
    assert "1 of 2 products have no scene" in caplog.text
    assert sliver.index in caplog.text


def test_long_lists_come_in_pages(server, monkeypatch):
    monkeypatch.setattr(earth_engine_search, "_PAGE", 2)
    for minute in range(5):
        server.granules.append(GranuleThere(f"20191105T1909{minute:02d}_x_T03CWT"))
    assert len(listed(server)) == 6


def test_so_many_scenes_are_drawn_the_same_every_time(server):
    some = {"max_scenes": 5, "seed": 3}
    first = [e.scene_id for e in listed(server, search=some, cutting={"size_px": 64})]
    again = [e.scene_id for e in listed(server, search=some, cutting={"size_px": 64})]
    other = listed(server, search={**some, "seed": 4}, cutting={"size_px": 64})
    assert first == again == sorted(first)
    assert len(first) == 5
    assert [e.scene_id for e in other] != first


def test_scenes_whose_centre_lies_outside_the_region_are_left_out(server):
    server_ring = server.granules[0].ring()
    middle = (server_ring[0][0] + server_ring[1][0]) / 2
    west = {"region": (-180, -78, middle, -70)}
    found = listed(server, search=west, cutting={"size_px": 64})
    assert {e.scene_id[-5:] for e in found} == {"00000", "00064"}


@pytest.mark.parametrize(
    "how", ["429", "500", "503", "truncated", "short", "small", "reset"]
)
def test_a_passing_fault_is_tried_again(server, how):
    server.faults.append(lambda path, n: how if "Pixels" in path and n <= 2 else None)
    assert np.array_equal(fetch(server).numbers, right(server.granules[0])[0])


def forget_algorithms():
    """Have the client ask for them again; it does once a process."""
    import ee

    ee.Reset()


@pytest.mark.parametrize("of", ["algorithms", "value:compute", "computePixels"])
def test_a_server_that_is_slow_to_answer_is_asked_again(server, of):
    forget_algorithms()
    server.slow_s = 4.0
    server.faults.append(lambda path, n: "slow" if of in path and n == 1 else None)
    start = time.monotonic()
    raw = fetch(server, timeout_s=0.5)
    assert time.monotonic() - start < 3.9
    assert np.array_equal(raw.numbers, right(server.granules[0])[0])
    assert server.asked(of) == 2


@pytest.mark.parametrize("of", ["algorithms", "value:compute"])
def test_logging_in_and_listing_are_tried_again_too(server, of):
    forget_algorithms()
    server.faults.append(lambda path, n: "503" if of in path and n <= 2 else None)
    assert len(listed(server)) == 1
    assert server.asked(of) == 3


def test_a_token_that_expires_in_between_is_renewed(server):
    entries = listed(server, cutting={"size_px": 128})
    for token in server.tokens:
        server.tokens[token] = 0.0
    for entry in entries:
        entry.download()
    assert len(server.tokens) == 2


@pytest.mark.slow  # its client waits some seconds between its own tries
def test_a_token_that_google_cannot_give_just_now_is_asked_for_again(server):
    entries = listed(server)
    server.tokens.clear()
    server.faults.append(lambda path, n: "503" if path == "/token" and n <= 6 else None)
    assert entries[0].download().scene_id == INDEX
    assert server.asked("/token") > 2


def test_credentials_that_are_withdrawn_in_between_stop_all_with_the_way_out(server):
    entries = listed(server, cutting={"size_px": 128})
    entries[0].download()
    server.tokens.clear()
    server.token_error = {
        "error": "invalid_grant",
        "error_description": "Invalid JWT: Token must be a short-lived token and in a "
        "reasonable timeframe. Check your iat and exp values in the JWT claim.",
    }
    asked = server.asked("computePixels")
    for entry in entries[1:]:
        with pytest.raises(NoAccess) as refusal:
            entry.download()
        text = str(refusal.value)
        assert "expired or been withdrawn, or this machine's clock is wrong" in text
        assert "run the same command again" in text
    assert server.asked("computePixels") == asked, "no use in asking"
    assert server.asked("/token") == 2, "the first, and one that was refused"


def test_a_quota_that_is_used_up_stops_all_at_once_and_says_how_to_go_on(server):
    entries = listed(server, cutting={"size_px": 64})
    server.faults.append(after(2, "quota"))
    for entry in entries[:2]:
        entry.download()
    for entry in entries[2:]:
        with pytest.raises(
            QuotaExhausted, match=r"quota is used up.*same command again"
        ):
            entry.download()
    assert server.asked("computePixels") == 3


def test_too_many_requests_for_long_stop_all(server):
    server.faults.append(after(0, "429"))
    entries = listed(server, cutting={"size_px": 128}, max_attempts=3)
    for entry in entries:
        with pytest.raises(QuotaExhausted, match="requests_per_s"):
            entry.download()
    assert server.asked("computePixels") == 3


def test_a_server_that_stays_broken_costs_that_scene_only(server):
    server.faults.append(lambda path, n: "500" if "Pixels" in path and n <= 3 else None)
    entries = listed(server, cutting={"size_px": 128}, max_attempts=3)
    with pytest.raises(CannotFetch, match="3 times 500"):
        entries[0].download()
    assert entries[1].download().scene_id == entries[1].scene_id


def test_nothing_found_says_what_there_is_at_any_cloud(server):
    with pytest.raises(NothingFound, match=r"at most 5 % cloud .* high, 1 at any"):
        listed(server, search={"max_cloud_percentage": 5.0})


def test_no_scene_inside_the_region_is_said(server):
    west, _ = min(server.granules[0].ring())
    sliver = {"region": (west - 0.5, -78, west + 0.001, -70.0)}
    with pytest.raises(NothingFound, match=r"in 1 granules, got none whose centre"):
        listed(server, search=sliver, cutting={"size_px": 128})


@pytest.mark.parametrize("named", ["in the options", "in credentials.yml"])
def test_a_project_may_be_named_in_several_places(server, monkeypatch, tmp_path, named):
    monkeypatch.delenv("EARTHENGINE_PROJECT")
    if named == "in the options":
        assert len(listed(server, project=PROJECT)) == 1
        return
    access.configure({"project": PROJECT, "key_file": "key.json"}, tmp_path)
    try:
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
        assert len(listed(server)) == 1
    finally:
        access.configure({}, tmp_path)


def test_no_project_is_refused_before_any_request(server, monkeypatch):
    monkeypatch.delenv("EARTHENGINE_PROJECT")
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    with pytest.raises(NoAccess, match=r"credentials\.yml"):
        listed(server)
    assert not server.requests


def test_a_project_that_is_not_registered_is_refused_with_the_way_out(server):
    with pytest.raises(NoAccess, match=r"not registered.*cloud\.google\.com"):
        listed(server, project="another-project")


def test_no_credentials_are_refused_with_the_ways_to_give_them(
    server, monkeypatch, tmp_path
):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(NoAccess) as refusal:
        listed(server)
    for way in ("credentials.yml", "GOOGLE_APPLICATION", "earthengine authenticate"):
        assert way in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    ["not JSON", "{}", '{"type": "service_account", "private_key": "SECRET"}'],
)
def test_a_file_that_holds_no_key_is_refused_without_quoting_it(
    server, tmp_path, monkeypatch, content
):
    path = tmp_path / "bad.json"
    path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(NoAccess, match="none that can be used") as refusal:
        listed(server)
    assert "SECRET" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_key_file_that_is_not_there_is_refused(server, monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(NoAccess, match=r"none\.json, got no such file"):
        listed(server)


@pytest.mark.parametrize(
    "entry", [{"private_key": "SECRET"}, {"key_file": {"private_key": "SECRET"}}]
)
def test_a_key_inside_credentials_yml_is_refused_without_quoting_it(tmp_path, entry):
    with pytest.raises(NoAccess, match="Keep the key in a file") as refusal:
        access.configure(entry, tmp_path)
    assert "SECRET" not in str(refusal.value)


def test_a_task_holds_no_secret_and_its_fingerprint_does_not_depend_on_access(
    server, tmp_path
):
    (entry,) = listed(server)
    key = (tmp_path / "key.json").read_text()
    secrets = [SECRET, key[200:260]]
    told = [repr(entry), recipe_of(entry.download), repr(pickle.dumps(entry))]
    assert [s for s in secrets if any(s in text for text in told)] == []
    (same,) = listed(server, max_attempts=3, requests_per_s=50.0)
    assert fingerprint_of(entry.download) == fingerprint_of(same.download)
    (other,) = listed(server, extra_bands="qa60")
    assert fingerprint_of(entry.download) != fingerprint_of(other.download)


@pytest.mark.slow
def test_worker_processes_log_in_by_themselves(server):
    entries = listed(server, cutting={"size_px": 128})
    engine = make_engine("processes", 2)
    found = list(engine.map(_fetch, [e.download for e in entries]))
    numbers, _ = right(server.granules[0], range(128, 256), range(128, 256))
    assert np.array_equal(found[-1].numbers, numbers)


def _fetch(download):
    return download()


def test_ten_at_a_time_all_arrive_with_faults_of_every_kind(server):
    server.faults.append(
        every(0.2, ["429", "500", "truncated", "reset", "short", "small"])
    )
    entries = listed(server, cutting={"size_px": 64})
    raws = make_engine("threads", 10).map(_fetch, [e.download for e in entries])
    for entry, raw in zip(entries, raws, strict=True):
        cut = entry.download.cut
        rows = range(cut.row, cut.row + 64)
        columns = range(cut.column, cut.column + 64)
        assert np.array_equal(raw.numbers, right(server.granules[0], rows, columns)[0])
    assert (len(server.answered), set(server.answered.values())) == (16, {1})


@dataclass
class Odd(GranuleThere):
    """A granule whose record lacks something."""

    change: tuple = ()

    def record(self):
        record = super().record()
        name, value = self.change
        record["properties"][name] = value
        return record


ENDLESS = [[x, y] for x in ("-Infinity", "Infinity") for y in ("-Infinity", "Infinity")]
INFINITE = {"type": "LinearRing", "coordinates": ENDLESS}


FOOTPRINTS = {
    "none": (None, "without one"),
    "endless": (INFINITE, "real number"),
    "empty": ({"type": "LinearRing", "coordinates": []}, "less than three corners"),
    "no rings": ({"type": "Polygon", "coordinates": []}, "without one"),
    "no polygons": ({"type": "MultiPolygon", "coordinates": []}, "no polygon"),
    "a point": ({"type": "Point", "coordinates": [0, 0]}, "a Point"),
    "elsewhere": (
        {"type": "LinearRing", "coordinates": [[-150, -71], [-149, -71], [-149, -72]]},
        "expected an outline on the grid",
    ),
}


@pytest.mark.parametrize(("footprint", "words"), FOOTPRINTS.values(), ids=FOOTPRINTS)
def test_a_granule_without_a_usable_outline_costs_itself_and_is_named(
    server, footprint, words
):
    change = "system:footprint", footprint
    odd = Odd("20191105T190919_20191105T190917_T03CWT", change=change)
    server.granules.append(odd)
    entries = {e.scene_id: e for e in listed(server)}
    assert len(entries) == len(server.granules)
    with pytest.raises(InvalidScene, match=odd.index) as refusal:
        entries[odd.index].scene()
    assert words in str(refusal.value)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_a_real_record_is_read():
    record = json.loads((SHARED / "s2_image_properties_T31RCL_2015.json").read_text())
    bands = json.loads((SHARED / "s2_getInfo_bands_example.json").read_text())["bands"]
    corner = {"crs_transform": [10, 0, 300000, 0, -10, 3100020]}
    grid = {"id": "B4", "crs": "EPSG:32631", **corner}
    granule = earth_engine_search.granule_of(
        {**record, "bands": [{**bands[1], **grid}]}
    )
    assert granule.asset_id.endswith("20150627T102531_20160606T223605_T31RCL")
    assert granule.acquisition.granule == "T31RCL"
    assert granule.acquisition.processing_baseline == "N0202"
    assert granule.acquisition.sun_elevation_deg == pytest.approx(71.13, abs=0.01)
    assert granule.acquired.isoformat()[:19] == "2015-06-27T10:25:31"
    assert granule.outline.holds(2.0, 27.9)
    assert not granule.outline.holds(1.0, 27.9)


SWIR = shortwave_numbers(256, 256, cloud=np.s_[60:120, 120:240])


def test_short_wave_bands_are_asked_for_on_their_own_pixels(server, monkeypatch):
    server.granules[0].shortwave = SWIR
    monkeypatch.setattr(source, "REQUEST_BYTES", 100 * 7 * 100)
    entries = listed(server, cutting={"size_px": 100})
    raw = next(e for e in entries if e.scene_id.endswith("_y00000x00100")).download()
    assert sorted(raw.extra_bands) == ["b10", "b11", "b12"]
    for name, cloud, rest in (("b10", 204, 5), ("b11", 140, 23), ("b12", 102, 15)):
        band = raw.extra_bands[name]
        assert (band[60:, 20:] == cloud).all()
        assert (band == rest).sum() == 100 * 100 - 40 * 80
    assert server.asked("computePixels") == 4
    numbers, _ = right(server.granules[0], range(100), range(100, 200))
    assert np.array_equal(raw.numbers, numbers)


def test_a_download_without_the_bands_or_the_wish_is_as_before(server):
    (plain,) = listed(server)
    server.granules[0].shortwave = SWIR
    (unwished,) = find_scenes(replace(options(server), swir=False))
    (wished,) = listed(server)
    assert fingerprint_of(plain.download) == fingerprint_of(unwished.download)
    assert fingerprint_of(plain.download) != fingerprint_of(wished.download)
    assert unwished.download().extra_bands == {}
