import json
import logging
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.bands import grid_in, in_zip, on_the_web, read_window
from tests.products import CORNER, write_band
from tests.servers import serving

NUMBERS = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)
UTM = Georeference("EPSG:32703", (10.0, 0.0, CORNER[0], 0.0, -10.0, CORNER[1]))


@pytest.fixture(params=[".jp2", ".tif"])
def band(request, tmp_path):
    return str(write_band(tmp_path / f"B04{request.param}", NUMBERS))


def test_a_window_is_read_to_the_last_number(band):
    found = read_window(band, (64, 96), (10, 20, 30, 40))
    assert found.dtype == np.uint16
    assert np.array_equal(found, NUMBERS[10:40, 20:60])


def test_a_band_of_another_size_is_refused(band):
    with pytest.raises(InvalidScene, match="96 x 65, as the metadata say, got 1 of"):
        read_window(band, (65, 96), (0, 0, 8, 8))


def test_a_band_that_ends_too_soon_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 60_000, (64, 96)).astype(np.uint16)
    for ending in (".jp2", ".tif"):
        path = write_band(tmp_path / f"B04{ending}", noise)
        path.write_bytes(path.read_bytes()[:-4000])
        with pytest.raises(InvalidScene, match=r"B04\.\w+: expected a whole band"):
            read_window(str(path), (64, 96), (0, 0, 64, 96))


def test_signed_numbers_below_0_that_an_offset_makes_bright_are_refused(tmp_path):
    numbers = NUMBERS.astype(np.int16) - 100
    path = str(write_band(tmp_path / "B04.tif", numbers, dtype="int16"))
    found = read_window(path, (64, 96), (0, 0, 64, 96))
    assert np.array_equal(found, np.maximum(numbers, 1) - (numbers == 0))
    with pytest.raises(InvalidScene, match=r"numbers of at least 0 .* got -100"):
        read_window(path, (64, 96), (0, 0, 64, 96), negative_is_dark=False)


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        ((10.0, 0.0, CORNER[0] + 10, 0.0, -10.0, CORNER[1]), "EPSG:32703"),
        ((10.0, 0.0, CORNER[0] + 50e3, 0.0, -10.0, CORNER[1]), "EPSG:32703"),
        ((20.0, 0.0, CORNER[0], 0.0, -20.0, CORNER[1]), "EPSG:32703"),
        (UTM.transform, "EPSG:32704"),
    ],
    ids=["a pixel", "50 km", "size", "zone"],
)
def test_a_band_that_lies_elsewhere_than_its_metadata_say_is_refused(
    band, transform, crs
):
    window = (0, 0, 8, 8)
    read_window(band, (64, 96), window, place=UTM)
    with pytest.raises(InvalidScene, match=r"B04\.\w+: expected a band at .* got .*"):
        read_window(band, (64, 96), window, place=Georeference(crs, transform))


@pytest.mark.parametrize(
    "href", ["file:///vsicurl?header_file=/etc/hostname", "/vsicurl/http://h/x.tif"]
)
def test_a_path_that_gdal_reads_as_something_else_is_refused(href):
    with pytest.raises(InvalidScene, match="which GDAL takes for something"):
        on_the_web(href)


@pytest.mark.parametrize("ending", [".png", ".vrt"])
def test_other_formats_are_not_read(tmp_path, ending):
    path = tmp_path / f"B04{ending}"
    path.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")
    with pytest.raises(InvalidScene, match="expected a whole band"):
        read_window(str(path), (1, 1), (0, 0, 1, 1))


def test_a_signature_is_not_told(tmp_path):
    with pytest.raises(InvalidScene) as refusal:
        read_window(
            "/vsicurl/http://127.0.0.1:9/B04.tif?sig=SECRET", (1, 1), (0, 0, 1, 1)
        )
    assert "B04.tif" in str(refusal.value)
    assert "SECRET" not in str(refusal.value)


@pytest.mark.parametrize("crs", ["EPSG:3031", "EPSG:3413"])
def test_a_polar_grid_has_round_corners_and_room_for_every_pixel(tmp_path, crs):
    path = str(write_band(tmp_path / "B04.tif", NUMBERS + 1))
    place = UTM
    if crs == "EPSG:3413":  # the granule's mirror image in the north
        place = Georeference("EPSG:32603", (*UTM.transform[:5], 8_100_000.0))
    target = grid_in(crs, place, (64, 96), 10.0)
    a, _, left, _, e, top = target.georeference.transform
    assert (a, e, left % 10, top % 10) == (10.0, -10.0, 0.0, 0.0)
    if crs == "EPSG:3031":
        found = read_window(path, (64, 96), (0, 0, *target.shape), target)
        assert np.isin(found[found > 0], NUMBERS + 1).all()
        assert len(np.unique(found)) > 0.8 * NUMBERS.size


def test_places_are_named_as_gdal_reads_them(tmp_path):
    assert on_the_web("https://x.org/a.tif?b=1") == "/vsicurl/https://x.org/a.tif?b=1"
    assert on_the_web("s3://bucket/a.jp2") == "/vsis3/bucket/a.jp2"
    assert on_the_web("gs://bucket/a.tif") == "/vsigs/bucket/a.tif"
    assert on_the_web("file:///data/a.tif") == "/data/a.tif"
    assert on_the_web("/data/a.tif") == "/data/a.tif"
    assert in_zip(tmp_path / "p.zip", "P.SAFE/a.jp2") == (
        f"/vsizip/{{{tmp_path}/p.zip}}/P.SAFE/a.jp2"
    )


class Heard(BaseHTTPRequestHandler):
    """Has nothing, and keeps what is sent to it."""

    def do_GET(self):
        self.server.heard.append(str(self.headers))
        self.send_error(404)

    do_HEAD = do_GET

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def stranger(monkeypatch):
    """A server; and credentials for GDAL in the environment."""
    for name, value in {
        "GDAL_HTTP_USERPWD": "me:SECRET",
        "GDAL_HTTP_BEARER": "SECRET",
        "GDAL_HTTP_HEADERS": "X-Key: SECRET",
        "GDAL_HTTP_COOKIE": "key=SECRET",
        "AWS_ACCESS_KEY_ID": "SECRET",
        "AWS_SECRET_ACCESS_KEY": "SECRET",
        "AWS_SESSION_TOKEN": "SECRET",
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "GS_ACCESS_KEY_ID": "SECRET",
        "GS_SECRET_ACCESS_KEY": "SECRET",
    }.items():
        monkeypatch.setenv(name, value)
    with serving(Heard, heard=[]) as server:
        monkeypatch.setenv("AWS_S3_ENDPOINT", server.url.removeprefix("http://"))
        monkeypatch.setenv("CPL_GS_ENDPOINT", f"{server.url}/")
        yield server


@pytest.mark.parametrize(
    "address", ["{}/B04.tif", "s3://any/B04.tif", "gs://any/B04.tif"]
)
def test_credentials_go_only_where_they_may(stranger, address):
    address = on_the_web(address.format(stranger.url))
    for signed in (False, True):
        stranger.heard.clear()
        with suppress(InvalidScene):
            read_window(address, (8, 8), (0, 0, 8, 8), timeout_s=5, signed=signed)
        assert stranger.heard
        assert any("SECRET" in sent for sent in stranger.heard) == signed
        assert any("Authorization" in sent for sent in stranger.heard) == signed


class Parts(BaseHTTPRequestHandler):
    """Answers requests for parts of a file as `server.part` says."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.size))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    def do_GET(self):
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        content, said = self.server.part(first, min(last, len(self.server.raw) - 1))
        self.send_response(206)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Range", f"bytes {said}")
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def parts(tmp_path):
    """A server of parts of a band without compression."""
    path = write_band(tmp_path / "B04.tif", NUMBERS, tiled=True, blockxsize=16)
    raw = path.read_bytes()
    with serving(Parts, raw=raw, size=len(raw)) as server:
        server.path = f"/vsicurl/{server.url}/B04.tif"
        yield server


@pytest.mark.parametrize(
    "part",
    [
        lambda raw, first, last: (raw[:16384], f"0-16383/{len(raw)}"),
        lambda raw, first, last: (raw, f"0-{len(raw) - 1}/{len(raw)}"),
        lambda raw, first, last: (raw[: last - first + 1], f"{first}-{last}/*"),
        lambda raw, first, last: (raw[first : last + 9], f"{first}-{last}/*"),
    ],
    ids=["the first 16 KiB", "the whole", "others", "more"],
)
@pytest.mark.parametrize("size", [None, 1 << 60])
def test_a_server_that_sends_another_part_than_it_is_asked_for_is_refused(
    parts, part, size
):
    parts.size = size or parts.size
    parts.part = lambda first, last: part(parts.raw, first, last)
    with pytest.raises(InvalidScene, match=r"its pixels would be wrong: leave this"):
        read_window(parts.path, (64, 96), (0, 0, 64, 96), timeout_s=5)


def test_a_server_that_sends_what_it_is_asked_for_is_read(parts):
    parts.part = lambda first, last: (
        parts.raw[first : last + 1],
        f"{first}-{last}/{len(parts.raw)}",
    )
    found = read_window(parts.path, (64, 96), (0, 0, 64, 96), timeout_s=5)
    assert np.array_equal(found, NUMBERS)


class Elsewhere(Heard):
    """Leads to another server."""

    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", self.server.leads_to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET


def test_a_password_does_not_follow_a_redirect_to_another_host(stranger):
    there = f"{stranger.url}/B04.tif".replace("127.0.0.1", "localhost")
    with serving(Elsewhere, leads_to=there) as server, suppress(InvalidScene):
        address = on_the_web(f"{server.url}/B04.tif")
        read_window(address, (8, 8), (0, 0, 8, 8), timeout_s=5)
    assert stranger.heard
    assert [sent for sent in stranger.heard if "Authorization" in sent] == []


class Signed(Parts):
    """Signs addresses, and gives nothing to those that are not signed."""

    def do_HEAD(self):
        if self.refused():
            return
        super().do_HEAD()

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/sign?href="):
            band = unquote(self.path.partition("=")[2])
            signed = {
                "href": f"{band}?sig=S3CRET",
                "msft:expiry": "2099-01-01T00:00:00Z",
            }
            content = json.dumps(signed).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        elif not self.refused():
            super().do_GET()

    def refused(self):
        if "sig=S3CRET" in self.path:
            return False
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True


def test_planetary_computer_signs_what_gdal_reads(parts, monkeypatch, caplog):
    parts.RequestHandlerClass, parts.asked = Signed, []
    size = len(parts.raw)
    parts.part = lambda first, last: (
        parts.raw[first : last + 1],
        f"{first}-{last}/{size}",
    )
    here = f"http://127.0.0.1:{parts.server_port}"
    monkeypatch.setenv("VSICURL_PC_SAS_SIGN_HREF_URL", f"{here}/sign?href=")
    band = on_the_web(f"{here}/B04.tif")
    window = NUMBERS.shape, (0, 0, 4, 4)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(InvalidScene):
        read_window(band, *window, timeout_s=5, signed=False)
    assert not any("sign" in path for path in parts.asked)
    found = read_window(band, *window, timeout_s=5, signed=False, planetary=True)
    assert found.tolist() == NUMBERS[:4, :4].tolist()
    with pytest.raises(InvalidScene) as error:
        read_window(band, (1, 1), (0, 0, 1, 1), timeout_s=5, planetary=True)
    assert "S3CRET" not in str(error.value) + caplog.text
