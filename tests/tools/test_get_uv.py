import base64
import hashlib
import importlib.util
import io
import json
import platform
import re
import runpy
import zipfile
from http.server import BaseHTTPRequestHandler

import pytest

from tests.runs import ROOT
from tests.servers import serving

SCRIPT = ROOT / "tools" / "get_uv.py"
NAME = "uv-0.13.8-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
OTHERS = ["uv-0.13.7" + NAME[9:], "uv-0.13.8-py3-none-win32.whl", "uv-0.13.8.tar.gz"]
LOGIN = "someone:t0ken"


def wheel(content=b"#!/bin/sh\n"):
    """A wheel with nothing but a program in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(zipfile.ZipInfo("uv-0.13.8.data/scripts/uv"), content)
    return packed.getvalue()


def html_page(digest):
    links = [f'<a href="../../files/{n}#sha256={digest}">{n}</a>' for n in names()]
    return f"<!DOCTYPE html><html><body>{'<br/>'.join(links)}</body></html>"


def json_page(digest):
    hashes = {"sha256": digest}
    files = [{"filename": n, "url": f"/files/{n}", "hashes": hashes} for n in names()]
    return json.dumps({"meta": {"api-version": "1.0"}, "files": files})


def bare_page(_):
    """What a plain mirror gives: no digests."""
    return "".join(f'<a href="/files/{n}">{n}</a>' for n in names())


def names():
    return [*OTHERS[:2], NAME, OTHERS[2]]


PAGES = pytest.mark.parametrize("page", [html_page, json_page, bare_page])


@pytest.fixture
def index(monkeypatch):
    """A package index on this machine: its answers by path, and what it was asked."""

    class Index(BaseHTTPRequestHandler):
        answers, asked = {}, []

        def do_GET(self):
            self.asked.append((self.path, self.headers["Authorization"]))
            answer = self.answers.get(self.path, 404)
            if isinstance(answer, str):
                self.send_response(302)
                self.send_header("Location", answer)
            else:
                self.send_response(answer if isinstance(answer, int) else 200)
            self.end_headers()
            if isinstance(answer, bytes):
                self.wfile.write(answer)

        def log_message(self, *_):
            pass

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(Index) as server:
        Index.host = server.url.removeprefix("http://")
        yield Index


@pytest.fixture
def get_uv(monkeypatch, tmp_path, index):
    """The script as a module, on Linux, that asks the index above."""
    specification = importlib.util.spec_from_file_location("get_uv", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    digest = hashlib.sha256(wheel()).hexdigest()
    wheels = {("Linux", "x86_64"): ("manylinux_2_17_x86_64", digest)}
    monkeypatch.setattr(module, "WHEELS", wheels)
    monkeypatch.setattr(module, "TOOLS", tmp_path / ".tools")
    monkeypatch.setattr(module, "INDEX", f"http://{index.host}/simple")
    return module


def serve(index, page=html_page, content=None):
    content = wheel() if content is None else content
    digest = hashlib.sha256(content).hexdigest()
    index.answers["/simple/uv/"] = page(digest).encode()
    index.answers[f"/files/{NAME}"] = content


@PAGES
def test_every_kind_of_index_page_leads_to_the_program(get_uv, index, page):
    serve(index, page)
    get_uv.main()
    program = get_uv.TOOLS / "uv"
    assert program.read_bytes() == b"#!/bin/sh\n"
    assert program.stat().st_mode & 0o777 == 0o755
    assert [path for path, _ in index.asked] == ["/simple/uv/", f"/files/{NAME}"]
    get_uv.main()
    assert len(index.asked) == 2  # it was there


@PAGES
def test_another_wheel_is_refused_whatever_digest_the_index_gives(get_uv, index, page):
    serve(index, page, wheel(b"something else"))
    with pytest.raises(
        SystemExit, match=r"expected SHA-256 [0-9a-f]{64} of uv-0\.13\.8"
    ):
        get_uv.main()
    assert not get_uv.TOOLS.exists()


def test_every_supported_platform_has_a_digest_of_its_own():
    wheels = runpy.run_path(str(SCRIPT))["WHEELS"]
    digests = {digest for _, digest in wheels.values()}
    assert len(digests) == len(wheels) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_an_unknown_platform_is_told_which_are_known(get_uv, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "s390x")
    with pytest.raises(SystemExit, match=r"'s390x'\); install uv yourself"):
        get_uv.main()


def test_an_index_without_the_wheel_is_named(get_uv, index):
    index.answers["/simple/uv/"] = b"<html></html>"
    with pytest.raises(SystemExit, match=r"in http://127\.0\.0\.1:\d+/simple/uv/, got"):
        get_uv.main()


@pytest.mark.parametrize(
    ("login", "sent"), [("someone:t0%2Fken", b"someone:t0/ken"), ("t0ken", b"t0ken:")]
)
def test_a_login_is_sent_as_its_owner_means_it(get_uv, index, login, sent):
    get_uv.INDEX = f"http://{login}@{index.host}/simple"
    serve(index)
    get_uv.main()
    assert index.asked[0][1] == "Basic " + base64.b64encode(sent).decode()


def test_the_login_is_sent_to_the_index_and_to_no_other_host(get_uv, index):
    get_uv.INDEX = f"http://some%40one:t0ken@{index.host}/simple/"
    serve(index)
    elsewhere = f"http://localhost:{index.host.rpartition(':')[2]}/elsewhere"
    index.answers["/elsewhere"] = index.answers[f"/files/{NAME}"]
    index.answers[f"/files/{NAME}"] = elsewhere
    get_uv.main()
    login = "Basic " + base64.b64encode(b"some@one:t0ken").decode()
    assert index.asked == [
        ("/simple/uv/", login),
        (f"/files/{NAME}", login),
        ("/elsewhere", None),
    ]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://pypi.org/simple", "https://pypi.org/simple"),
        ("https://someone:t0ken@host:8080/simple", "https://host:8080/simple"),
        ("https://t0ken@host/simple", "https://host/simple"),
        ("https://someone:t0/k#e?n@host/simple", "https://host/simple"),
        ("https://someone@work:t0ken@host/simple", "https://host/simple"),
        ("HTTPS://someone:t0ken@host/simple", "HTTPS://host/simple"),
        ("someone:t0ken@host/simple", "host/simple"),
    ],
)
def test_an_address_is_shown_without_its_login(get_uv, url, shown):
    assert get_uv.without_login(url) == shown


@pytest.mark.parametrize(
    "address",
    [
        "http://someone:t0ken@{host}/none",
        "http://someone:t0ken@{host}/empty",
        "http://someone:t0ken@{host}/changed",
        "http://someone:t0ken@127.0.0.1:1/simple",
        "http://someone:t0ken@127.0.0.1:port/simple",
        "http://someone:t0/ken@{host}/simple",
        "http://someone:t0 ken@{host} /simple",
        "http://someone:t0ken@\u2100/simple",  # a sign that urllib refuses in a host
        "http://someone:t0ken@[{host}/simple",
        "someone:t0ken@{host}/simple",
        "file://someone:t0ken@{host}/simple",
    ],
)
def test_no_message_shows_a_login(monkeypatch, capfd, get_uv, index, address):
    # The script itself, as `make` starts it; it ends before it writes anything.
    index.answers["/empty/uv/"] = b"<html></html>"
    index.answers["/changed/uv/"] = html_page("0" * 64).encode()
    index.answers[f"/files/{NAME}"] = wheel()
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", address.format(host=index.host))
    monkeypatch.setattr(get_uv.Path, "exists", lambda _: False)
    with pytest.raises(SystemExit) as error:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    said = str(error.value.code) + "".join(capfd.readouterr())
    assert said.startswith("expected ")
    assert "someone" not in said
    assert "t0" not in said
    assert "ken" not in said
