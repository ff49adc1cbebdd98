"""Cloud Storage on this machine: an emulator behind a port, counted and broken at will.

Clients find it by the environment, so that worker processes and whole runs do, too;
nothing leaves this machine.
"""

import asyncio
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import fsspec
from gcp_storage_emulator import server
from gcp_storage_emulator.handlers.buckets import create_bucket
from gcp_storage_emulator.server import RequestHandler, Router
from gcp_storage_emulator.storage import Storage

from tests.servers import serving

_NAMES = count()


@dataclass
class Fault:
    """What goes wrong with requests."""

    method: str
    path: str
    """Of requests whose address holds this."""

    times: int
    how: str = "503"
    """"503", "403", or "reset": the connection ends without an answer."""

    after: int = 0
    """So many requests of the kind go well before."""


@dataclass
class Bucket:
    """A bucket, and what has been asked of it."""

    name: str
    host: str
    """Address of the emulator, for STORAGE_EMULATOR_HOST."""

    storage: Storage
    requests: list[str] = field(default_factory=list)
    """Method and address of every request."""

    sent: int = 0
    """Bytes of all answers."""

    faults: list[Fault] = field(default_factory=list)

    @property
    def url(self):
        """The bucket's URL."""
        return f"gs://{self.name}"

    @property
    def environment(self):
        """What makes gcsfs come here, with no account."""
        # gcsfs' other file system asks for the kind of the bucket by gRPC.
        off = {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}
        return {"STORAGE_EMULATOR_HOST": self.host, **off}

    def put(self, folder, below=""):
        """Upload a folder's files, and give the URL of their folder."""
        url = "/".join([self.url, below]).rstrip("/")
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                self.files.put_file(str(path), f"{url}/{path.relative_to(folder)}")
        return url

    def put_text(self, name, text):
        """Write one object."""
        self.files.pipe_file(f"{self.name}/{name}", text.encode())

    def compose(self, name, *parts):
        """Write one object of parts, as a parallel upload does."""
        for number, part in enumerate(parts):
            self.put_text(f"part-{number}", part)
        names = [f"{self.name}/part-{number}" for number in range(len(parts))]
        self.files.merge(f"{self.name}/{name}", names)
        # Cloud Storage has no MD5 of such objects, other than the emulator.
        self.storage.get_file_obj(self.name, name).pop("md5Hash")

    def get(self, folder, below=""):
        """Download all files below a folder of the bucket."""
        start = "/".join([self.name, below]).rstrip("/") + "/"
        for name in self.files.find(start):
            path = Path(folder) / name.removeprefix(start)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.files.cat_file(name))
        return folder

    def names(self):
        """Names of all objects, in order."""
        return [n.removeprefix(f"{self.name}/") for n in self.files.find(self.name)]

    @property
    def files(self):
        """The bucket's file system, without a memory of what it listed."""
        return fsspec.filesystem("gs", use_listings_cache=False)

    def forget(self):
        """Count from here on."""
        self.requests.clear()
        self.sent = 0

    def fails(self, method, path, times=1000, how="503", after=0):
        """Have the next requests of a kind fail."""
        self.faults.append(Fault(method, path, times, how, after))

    def fault_of(self, method, path):
        """Take the fault that meets a request."""
        for fault in self.faults:
            if fault.method != method or fault.path not in path:
                continue
            if fault.after > 0:
                fault.after -= 1
            elif fault.times > 0:
                fault.times -= 1
                return fault.how
        return None


class _Part:
    """A part of a body."""

    def __init__(self, part):
        head, self._content = part.removeprefix(b"\n").split(b"\n\n", 1)
        self._head = head.decode()

    def get_payload(self, decode=False):
        return self._content.removesuffix(b"\n")

    def get_content_type(self):
        return self._head.partition("Content-Type: ")[2].partition(";")[0]


class _Parts:
    """Bodies of parts as gcsfs sends them, byte by byte.

    The emulator has them read as a mail, which loses a carriage return at the end.
    """

    def parsebytes(self, content):
        header, _, self._body = content.partition(b"\r\n")
        self._boundary = b"--" + header.partition(b"boundary=")[2].strip(b'"')
        return self

    def get_payload(self):
        return [_Part(part) for part in self._body.split(self._boundary)[1:-1]]


server.BytesParser = _Parts


class _Counted:
    """A stream to a client."""

    def __init__(self, stream, bucket):
        self._stream, self._bucket = stream, bucket

    def write(self, content):
        self._bucket.sent += len(content)
        return self._stream.write(content)

    def __getattr__(self, name):
        return getattr(self._stream, name)


class _Handler(RequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, bucket, lock, storage, *args):
        self.bucket, self.lock = bucket, lock
        super().__init__(storage, *args)

    def setup(self):
        super().setup()
        self.wfile = _Counted(self.wfile, self.bucket)

    def answer(self, method):
        self.bucket.requests.append(f"{method} {self.path}")
        how = self.bucket.fault_of(method, self.path)
        if how is None:
            with self.lock:
                Router(self).handle(method)
            return
        if how == "reset":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(int(how))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def do_PUT(self):
        self.answer("PUT")

    def do_PATCH(self):
        self.answer("PATCH")

    def do_DELETE(self):
        self.answer("DELETE")


@contextmanager
def impatient():
    """Let gcsfs in this process try again at once, not after half a minute."""
    from gcsfs import retry

    wait = asyncio.sleep
    retry.asyncio.sleep = lambda _seconds: wait(0)
    try:
        yield
    finally:
        retry.asyncio.sleep = wait


@contextmanager
def serving_bucket():
    """Serve an empty bucket until the end."""
    storage = Storage(use_memory_fs=True)
    bucket = Bucket(f"ice-{next(_NAMES)}", "", storage)
    create_bucket(bucket.name, storage)
    handler = partial(_Handler, bucket, threading.Lock(), storage)
    with serving(handler) as emulator:
        bucket.host = emulator.url
        yield bucket
