"""Earth Engine on this machine: the REST calls that its client makes, on loopback.

Expressions are computed from what the client sends, so that a request that asks for
something else gets something else. Accounts are checked as Google does: a token for a
signed request, 401 when it has expired.
"""

import io
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlparse

import ee
import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import servers
from tests.counted import Counted
from tests.products import CORNER, PIXEL_M

SECRET = "ya29.loopback-secret-token"
PROJECT = "sea-ice-tests"
COLLECTION = "COPERNICUS/S2_HARMONIZED"
_DOCUMENTS = Path(ee.__file__).parent / "tests"
_EPOCH = 1572808159000
"""2019-11-03T19:09:19Z in ms."""


@dataclass
class GranuleThere:
    """One image of the collection."""

    index: str
    corner: tuple = CORNER
    shape: tuple = (256, 256)
    time_ms: int = _EPOCH
    cloud: float = 12.5
    zenith: float = 61.5
    tile: str = "03CWT"
    baseline: str = "02.08"
    crs: str = "EPSG:32703"
    clouds_known: bool = True
    shortwave: dict = field(default_factory=dict)
    """"B10", "B11" or "B12" -> numbers, in pixels of 60 or 20 m."""

    @property
    def asset_id(self):
        return f"{COLLECTION}/{self.index}"

    def record(self):
        """Give what Earth Engine says of it."""
        transform = [10, 0, self.corner[0], 0, -10, self.corner[1]]
        band = {
            "data_type": {
                "type": "PixelType",
                "precision": "int",
                "min": 0,
                "max": 65535,
            },
            "dimensions": [self.shape[1], self.shape[0]],
            "crs": self.crs,
            "crs_transform": transform,
        }
        return {
            "type": "Image",
            "id": self.asset_id,
            "bands": [
                {"id": name, **band}
                for name in ("B2", "B3", "B4", "QA60", *self.shortwave)
            ],
            "properties": {
                "system:index": self.index,
                "system:time_start": self.time_ms,
                "system:footprint": {"type": "LinearRing", "coordinates": self.ring()},
                "CLOUDY_PIXEL_PERCENTAGE": self.cloud,
                "MEAN_SOLAR_ZENITH_ANGLE": self.zenith,
                "MGRS_TILE": self.tile,
                "PROCESSING_BASELINE": self.baseline,
            },
        }

    def ring(self):
        from rasterio.warp import transform

        left, top = self.corner
        right, bottom = left + 10 * self.shape[1], top - 10 * self.shape[0]
        xs, ys = [left, right, right, left, left], [top, top, bottom, bottom, top]
        return [
            list(p) for p in zip(*transform(self.crs, "EPSG:4326", xs, ys), strict=True)
        ]

    def pixels(self, rows, columns):
        """Give number and mask of B4, B3, B2, QA60, probability: what is right."""
        row, column = np.ix_(rows, columns)
        seed = sum(map(ord, self.index))
        numbers = {
            band: (row * 31 + column * 17 + seed * 7 + shift) % 10_500
            for band, shift in (("B4", 0), ("B3", 900), ("B2", 1900), ("B8", 2900))
        }
        inside = (row < self.shape[0]) & (column < self.shape[1]) & (row >= 0)
        mask = inside & (row + column >= 40)  # no data in the upper left corner
        flags = np.where((row // 16) % 2 == 0, 1 << 10, 1 << 11)
        return {
            **{name: (np.where(mask, band, 0), mask) for name, band in numbers.items()},
            "QA60": (flags * inside, inside & (column >= 8)),
            "probability": ((row + column) % 101 * inside, inside),
        }


@dataclass
class EarthEngine(Counted):
    """The server's state."""

    granules: list
    url: str = ""
    project: str = PROJECT
    lifetime_s: float = 3600.0
    token_error: dict | None = None
    """Answer to requests for a token, instead of one."""

    faults: list = field(default_factory=list)
    """Functions (path, number of the request to it) -> a fault or None."""

    requests: Counter = field(default_factory=Counter)
    answered: Counter = field(default_factory=Counter)
    """Grids of pixels that were answered well."""

    largest_bytes: int = 0
    at_a_time: int = 0
    most_at_a_time: int = 0
    slow_s: float = 0.0
    compute_s: float = 0.0
    """That pixels take."""

    tokens: dict = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def key(self, path):
        """Write a service account's key, and give its path."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        text = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        key = {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "1",
            "private_key": text,
            "client_email": "robot@example.org",
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(key))
        return path

    def token(self):
        with self.lock:
            name = f"{SECRET}-{len(self.tokens)}"
            self.tokens[name] = time.monotonic() + self.lifetime_s
        return {"access_token": name, "expires_in": 3600, "token_type": "Bearer"}

    def granule(self, asset_id):
        return next(g for g in self.granules if g.index == asset_id.rpartition("/")[2])


def every(share, what, of="computePixels", seed=7):
    """Have a share of all requests fail in the named ways, in turn."""
    rng, lock = np.random.default_rng(seed), threading.Lock()
    state = {"failed": 0}

    def fault(path, _count):
        if of not in path:
            return None
        with lock:
            if rng.random() >= share:
                return None
            state["failed"] += 1
            return what[state["failed"] % len(what)]

    return fault


def after(count, what, of="computePixels"):
    """Have all requests fail after so many."""
    return lambda path, number: what if of in path and number > count else None


class Unknown(Exception):
    """The expression asks for what is not there."""


class _Evaluator:
    """Computes an expression: collections as lists, images as bands on a grid."""

    def __init__(self, server, body, grid=None):
        self.server, self.values, self.grid = server, body["values"], grid
        self.result = self(self.values[body["result"]])

    def __call__(self, node):
        (kind, value), *_ = node.items()
        if kind == "constantValue":
            return value
        if kind == "integerValue":
            return int(value)
        if kind == "valueReference":
            return self(self.values[value])
        if kind == "arrayValue":
            return [self(part) for part in value["values"]]
        if kind == "functionInvocationValue":
            name = value["functionName"].replace(".", "_").replace("not", "negate")
            arguments = {k: self(v) for k, v in value["arguments"].items()}
            return getattr(self, name)(**arguments)
        raise Unknown(kind)

    # collections
    def ImageCollection_load(self, id):
        if id != COLLECTION:
            raise Unknown(id)
        return [g.record() for g in self.server.granules]

    def Collection_filter(self, collection, filter):
        return [image for image in collection if filter(image)]

    def Collection_toList(self, collection, count, offset=0):
        return collection[offset : offset + count]

    def Collection_size(self, collection):
        return len(collection)

    def DateRange(self, start, end):
        return [np.datetime64(day, "ms").astype(int) for day in (start, end)]

    def Filter_dateRangeContains(self, leftValue, rightField):
        low, high = leftValue
        return lambda image: low <= image["properties"][rightField] < high

    def Filter_intersects(self, leftField, rightValue):
        assert leftField == ".all"
        return lambda image: any(_meets(image, polygon[0]) for polygon in rightValue)

    def Filter_greaterThan(self, leftField, rightValue):
        return lambda image: image["properties"][leftField] > rightValue

    def Filter_negate(self, filter):
        return lambda image: not filter(image)

    def Feature(self, geometry):
        return geometry

    def Projection(self, crs):
        assert crs == "EPSG:4326"
        return crs

    def GeometryConstructors_MultiPolygon(self, coordinates, crs, geodesic):
        assert geodesic is False
        return coordinates

    # images: {band: (numbers, mask)}
    def Image_load(self, id):
        granule = self.server.granule(id)
        if id.startswith("COPERNICUS/S2_CLOUD_PROBABILITY/"):
            if not granule.clouds_known:
                raise Unknown(f"Image.load: Image asset '{id}' not found")
            names = ["probability"]
        else:
            names = ["B4", "B3", "B2", "B8", "QA60"]
        affine, size = self.grid["affineTransform"], self.grid["dimensions"]
        assert self.grid["crsCode"] == granule.crs
        if affine["scaleX"] != 10:
            return self._large_pixels(granule, affine, size)
        assert (affine["scaleX"], affine["scaleY"]) == (10, -10)
        column = (affine["translateX"] - granule.corner[0]) / 10
        row = (granule.corner[1] - affine["translateY"]) / 10
        assert row == int(row)
        assert column == int(column)
        bands = granule.pixels(
            np.arange(int(row), int(row) + size["height"]),
            np.arange(int(column), int(column) + size["width"]),
        )
        return {name: bands[name] for name in names if name in bands}

    def _large_pixels(self, granule, affine, size):
        side = affine["scaleX"]
        assert affine["scaleY"] == -side
        column = (affine["translateX"] - granule.corner[0]) / side
        row = (granule.corner[1] - affine["translateY"]) / side
        assert (row, column) == (int(row), int(column))
        window = np.s_[
            int(row) : int(row) + size["height"],
            int(column) : int(column) + size["width"],
        ]
        bands = {n: b for n, b in granule.shortwave.items() if PIXEL_M[n] == side}
        return {n: (b[window], b[window] > 0) for n, b in bands.items()}

    def Image_constant(self, value):
        return {"constant": (np.array(value), np.array(True))}

    def Image_select(self, input, bandSelectors):
        return {name: input[name] for name in bandSelectors}

    def Image_mask(self, image):
        return {
            name: (mask.astype(int), mask | True) for name, (_, mask) in image.items()
        }

    def Image_reduce(self, image, reducer):
        return {
            reducer: (np.min([v for v, _ in image.values()], axis=0), np.array(True))
        }

    def Reducer_min(self):
        return "min"

    def Image_gt(self, image1, image2):
        return _paired(np.greater, image1, image2)

    def Image_rightShift(self, image1, image2):
        return _paired(np.right_shift, image1, image2)

    def Image_unmask(self, input, value, sameFootprint=True):
        assert sameFootprint is False
        (fill, _), *_ = value.values()
        return {
            n: (np.where(m, v, fill), np.array(True)) for n, (v, m) in input.items()
        }

    def Image_rename(self, input, names):
        return dict(zip(names, input.values(), strict=True))

    def Image_toUint8(self, value):
        return {n: (v.astype(np.uint8), m) for n, (v, m) in value.items()}

    def Image_toUint16(self, value):
        return {n: (v.astype(np.uint16), m) for n, (v, m) in value.items()}

    def Image_addBands(self, dstImg, srcImg):
        return {**dstImg, **srcImg}


def _paired(operation, image1, image2):
    (other, _), *_ = image2.values()
    return {n: (operation(v, other), m) for n, (v, m) in image1.items()}


def _meets(image, polygon):
    """Whether the boxes of two outlines meet."""
    footprint = image["properties"]["system:footprint"]
    if (
        not footprint
        or footprint["type"] != "LinearRing"
        or not footprint["coordinates"]
    ):
        return True
    x, y = np.array(footprint["coordinates"], float).T
    px, py = np.array(polygon).T
    return (
        x.min() <= px.max()
        and x.max() >= px.min()
        and y.min() <= py.max()
        and y.max() >= py.min()
    )


_ERRORS = {
    "429": (
        429,
        "Too Many Requests: Request was rejected because the request rate or concurrency limit was exceeded.",
    ),
    "quota": (
        429,
        "Quota exceeded for quota metric 'EECU-seconds' and limit 'EECU-seconds per day'.",
    ),
    "500": (500, "Internal error encountered."),
    "503": (503, "The service is currently unavailable."),
    "401": (401, "Request had invalid authentication credentials."),
    "403": (403, "Caller does not have required permission to use project."),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, server_state, *args):
        self.state = server_state
        super().__init__(*args)

    def log_message(self, *args):
        """Say nothing."""

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def answer(self, body):
        path = urlparse(self.path).path
        if path == "/token":
            self.send_token()
        elif path == "/$discovery/rest":
            self.send_file("cloud_api_discovery_document.json")
        elif self.refused():
            self.error(401, _ERRORS["401"][1])
        elif f"/projects/{self.state.project}/" not in path:
            self.error(
                403,
                f"Project {path.split('/')[3]} is not registered to use Earth Engine.",
            )
        else:
            self.respond(path, body)

    def refused(self):
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        return self.state.tokens.get(token, 0) < time.monotonic()

    def respond(self, path, body):
        how = self.state.fault_of(path)
        if how in _ERRORS:
            self.error(*_ERRORS[how])
            return
        if how == "slow":
            time.sleep(self.state.slow_s)
        if how == "reset":
            self.close_connection = True
            self.connection.shutdown(2)
            return
        try:
            content = self.content(path, body)
        except Unknown as error:
            self.error(404, str(error))
            return
        if how == "short":
            content = content[: len(content) // 2]
        elif how == "small":
            stream = io.BytesIO()
            np.save(stream, np.load(io.BytesIO(content))[1:])
            content = stream.getvalue()
        elif how != "truncated" and "computePixels" in path:
            self.count(json.loads(body))
        self.send(200, content, cut=how == "truncated")

    def content(self, path, body):
        if path.endswith("/algorithms"):
            return (_DOCUMENTS / "algorithms.json").read_bytes()
        request = json.loads(body)
        if path.endswith("/value:compute"):
            result = _Evaluator(self.state, request["expression"]).result
            return json.dumps({"result": result}).encode()
        assert path.endswith("/image:computePixels")
        return self.pixels(request)

    def pixels(self, request):
        state = self.state
        with state.lock:
            state.at_a_time += 1
            state.most_at_a_time = max(state.most_at_a_time, state.at_a_time)
        time.sleep(state.compute_s)
        grid = request["grid"]
        image = _Evaluator(state, request["expression"], grid).result
        size = grid["dimensions"]["height"], grid["dimensions"]["width"]
        array = np.zeros(size, [(name, v.dtype) for name, (v, _) in image.items()])
        for name, (values, _) in image.items():
            array[name] = values
        with state.lock:
            state.at_a_time -= 1
            state.largest_bytes = max(state.largest_bytes, array.nbytes)
        stream = io.BytesIO()
        np.save(stream, array)
        return stream.getvalue()

    def count(self, request):
        what = json.dumps([request["expression"], request["grid"]], sort_keys=True)
        with self.state.lock:
            self.state.answered[what] += 1

    def send_token(self):
        if self.state.fault_of("/token") == "503":
            self.error(*_ERRORS["503"])
        elif self.state.token_error is not None:
            self.send(400, json.dumps(self.state.token_error).encode())
        else:
            self.send(200, json.dumps(self.state.token()).encode())

    def send_file(self, name):
        self.send(200, (_DOCUMENTS / name).read_bytes())

    def error(self, status, message):
        body = {"error": {"code": status, "message": message}}
        self.send(status, json.dumps(body).encode())

    def send(self, status, content, cut=False):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if cut:
            self.close_connection = True
            content = content[: len(content) // 2]
        self.wfile.write(content)


@contextmanager
def serving(granules):
    """Serve granules until the end."""
    state = EarthEngine(granules)
    with servers.serving(partial(_Handler, state)) as server:
        state.url = server.url
        yield state


@contextmanager
def with_access(granules, folder, monkeypatch):
    """Serve granules to the credentials that are in the environment till the end."""
    with serving(granules) as state:
        key = state.key(folder / "key.json")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
        monkeypatch.setenv("EARTHENGINE_PROJECT", PROJECT)
        yield state
