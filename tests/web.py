"""A web server on this machine: files in ranges, a STAC API, and faults at will."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlparse

from rasterio.warp import transform

from tests.counted import Counted
from tests.products import CORNER, PIXEL_M, write_band
from tests.servers import serving

ITEM = "S2B_T03CWT_20191103T190919_L1C"
PAGE = 2


@dataclass
class Web(Counted):
    """The server's state."""

    root: Path
    url: str = ""
    items: list = field(default_factory=list)
    """Of the API's search."""

    spelt: Callable = str
    """Turns a page of the API's search, as text, into what is sent."""

    faults: list = field(default_factory=list)
    """Functions (path, number of the request to it) -> "500", "404", "truncated", ..."""

    requests: Counter = field(default_factory=Counter)
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, state, *args):
        self.state = state
        super().__init__(*args)

    def log_message(self, *args):
        """Say nothing."""

    def do_HEAD(self):
        self.answer(b"", head=True)

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def answer(self, body, head=False):
        path = unquote(urlparse(self.path).path)
        how = self.state.fault_of(path)
        if how in ("403", "404", "429", "500", "503"):
            self.send(int(how), b"{}")
        elif how == "reset":
            self.close_connection = True
            self.connection.shutdown(2)
        elif path == "/api":
            self.send(200, json.dumps(self.landing()).encode())
        elif path == "/api/search":
            page = json.dumps(self.page(json.loads(body)))
            self.send(200, self.state.spelt(page).encode())
        else:
            self.send_file(self.state.root / path.lstrip("/"), head, how == "truncated")

    def landing(self):
        url = self.state.url
        return {
            "type": "Catalog",
            "id": "loopback",
            "stac_version": "1.0.0",
            "description": "on loopback",
            "conformsTo": [
                "https://api.stacspec.org/v1.0.0/core",
                "https://api.stacspec.org/v1.0.0/item-search",
            ],
            "links": [
                {"rel": "self", "href": f"{url}/api"},
                {"rel": "root", "href": f"{url}/api"},
                {"rel": "search", "href": f"{url}/api/search", "method": "POST"},
            ],
        }

    def page(self, asked):
        start, end = asked["datetime"].split("/")
        west, south, east, north = asked["bbox"]
        fitting = [
            item
            for item in self.state.items
            if not isinstance(item, dict)
            or (
                start <= item["properties"]["datetime"] < end
                and item["collection"] in asked.get("collections", [item["collection"]])
                and item["bbox"][0] <= east
                and item["bbox"][2] >= west
                and item["bbox"][1] <= north
                and item["bbox"][3] >= south
            )
        ]
        token = asked.get("token", 0)
        links = []
        if token + PAGE < len(fitting):
            link = {"href": f"{self.state.url}/api/search", "method": "POST"}
            body = {**asked, "token": token + PAGE}
            links = [{"rel": "next", "type": "application/json", "body": body, **link}]
        features = fitting[token : token + PAGE]
        return {"type": "FeatureCollection", "features": features, "links": links}

    def send_file(self, path, head, cut):
        if not path.is_file():
            self.send(404, b"")
            return
        content = path.read_bytes()
        found = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if found is None:
            self.send(200, content, head=head, cut=cut)
            return
        start = int(found.group(1))
        end = min(int(found.group(2) or len(content)), len(content) - 1)
        where = f"bytes {start}-{end}/{len(content)}"
        self.send(206, content[start : end + 1], where, head, cut)

    def send(self, status, content, where=None, head=False, cut=False):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        if where:
            self.send_header("Content-Range", where)
        self.end_headers()
        if cut:
            self.close_connection = True
            content = content[: len(content) // 2]
        if not head:
            self.state.sent += len(content)
            self.wfile.write(content)


@contextmanager
def serving_files(root):
    """Serve a folder until the end."""
    state = Web(Path(root))
    with serving(partial(_Handler, state)) as server:
        state.url = server.url
        yield state


KEYS = {"B04": "red", "B03": "green", "B02": "blue"}
SHORTWAVE_KEYS = {"B10": "cirrus", "B11": "swir16", "B12": "swir22"}


def item_of(folder, numbers, name=ITEM, raster=None, shortwave=(), **properties):
    """Write the bands of an item as Cloud-Optimised GeoTIFF, and give the item."""
    assets, bands = {}, dict(zip(KEYS, numbers, strict=True)) | dict(shortwave)
    for band, pixels in bands.items():
        key = (KEYS | SHORTWAVE_KEYS)[band]
        path = write_band(
            Path(folder) / name / f"{band}.tif",
            pixels,
            pixel_m=PIXEL_M.get(band, 10),
            driver="COG",
            blocksize=128,
        )
        assets[key] = {
            "href": f"./{path.name}",
            "type": "image/tiff",
            "roles": ["data"],
        }
        if raster is not None:
            assets[key]["raster:bands"] = [
                {"nodata": 0, "data_type": "uint16", **raster}
            ]
    height, width = numbers.shape[1:]
    left, top = CORNER
    right, bottom = left + 10 * width, top - 10 * height
    xs, ys = [left, right, right, left, left], [top, top, bottom, bottom, top]
    ring = [
        list(p) for p in zip(*transform("EPSG:32703", "EPSG:4326", xs, ys), strict=True)
    ]
    longitudes, latitudes = zip(*ring, strict=True)
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": name,
        "collection": "sentinel-2-l1c",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [min(longitudes), min(latitudes), max(longitudes), max(latitudes)],
        "properties": {
            "datetime": "2019-11-03T19:09:21Z",
            "eo:cloud_cover": 12.5,
            "view:sun_elevation": 28.5,
            "grid:code": "MGRS-3CWT",
            "s2:processing_baseline": "02.08",
            "proj:epsg": 32703,
            "proj:shape": [height, width],
            "proj:transform": [10, 0, left, 0, -10, top],
            **properties,
        },
        "assets": assets,
        "links": [],
    }


def write_catalogue(folder, items):
    """Write a static catalogue of items beside their bands; give its catalog.json."""
    folder = Path(folder)
    for item in items:
        path = folder / item["id"] / "item.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        links = [{"rel": "parent", "href": "../catalog.json"}]
        links += [{"rel": "collection", "href": "../collection.json"}]
        path.write_text(json.dumps({**item, "links": links}))
    extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}}
    extent["temporal"] = {"interval": [["2015-01-01T00:00:00Z", None]]}
    (folder / "collection.json").write_text(
        json.dumps(
            {
                "type": "Collection",
                "id": "sentinel-2-l1c",
                "stac_version": "1.0.0",
                "description": "scenes",
                "license": "proprietary",
                "extent": extent,
                "links": [
                    {"rel": "item", "href": f"./{item['id']}/item.json"}
                    for item in items
                ],
            }
        )
    )
    (folder / "catalog.json").write_text(
        json.dumps(
            {
                "type": "Catalog",
                "id": "static",
                "stac_version": "1.0.0",
                "description": "a folder",
                "links": [{"rel": "child", "href": "./collection.json"}],
            }
        )
    )
    return folder / "catalog.json"
