"""Servers that misbehave: a search ends, in time, memory and requests."""

import gzip
import json
import time
from functools import partial
from http.server import BaseHTTPRequestHandler

import pytest

pytest.importorskip("pystac_client")

from sea_ice_kedro import bounded_web as web
from sea_ice_kedro.errors import CannotFetch, InvalidScene
from sea_ice_kedro.sources import IngestionOptions, find_scenes
from tests.servers import serving

DAYS = {"region": (-180, -78, -140, -70), "start": "2019-11-01", "end": "2019-11-30"}
PLACE = {"stac_version": "1.0.0", "description": "on loopback"}
TIMEOUT_S = 0.3
CONFORMS = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/item-search",
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, answer, *args):
        self.answer = answer
        super().__init__(*args)

    def log_message(self, *args):
        """Say nothing."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.path, dict(self.headers)))
        self.answer(self)

    do_POST = do_GET

    def send(self, content, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


def answering(answer):
    return serving(partial(Handler, answer), asked=[])


def search(server, path="/catalog.json", **stac):
    stac = {"url": server.url + path, "max_attempts": 1, "timeout_s": TIMEOUT_S, **stac}
    return find_scenes(IngestionOptions("stac", search=DAYS, stac=stac))


def refusal(answer, path="/catalog.json", **stac):
    """Search a server that answers so; give what was said, seconds and requests."""
    begun = time.monotonic()
    with answering(answer) as server, pytest.raises(CannotFetch) as error:
        search(server, path, **stac)
    return str(error.value), time.monotonic() - begun, server.asked


def drip_body(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    drip(handler)


def drip_head(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(handler)


def drip(handler):
    for _ in range(400):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(TIMEOUT_S / 6)


@pytest.mark.parametrize("answer", [drip_body, drip_head])
def test_a_server_that_sends_a_byte_at_a_time_is_given_up(answer):
    said, elapsed_s, _ = refusal(answer)
    assert "expected a STAC API or catalogue" in said
    assert elapsed_s < 10 * TIMEOUT_S + 2


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_without_end_is_given_up_before_it_fills_the_memory(
    monkeypatch, packed
):
    monkeypatch.setattr(web, "LARGEST_ANSWER", 1 << 20)
    content = b" " * (16 << 20)
    if packed:
        small = gzip.compress(content)
        said, *_ = refusal(lambda h: h.send(small, Content_Encoding="gzip"))
    else:
        said, *_ = refusal(lambda h: h.send(content))
    assert "an answer of more than 1,048,576 bytes" in said


def test_a_server_may_not_ask_for_a_wait_of_a_day(monkeypatch):
    monkeypatch.setattr(web, "_LONGEST_WAIT_S", 0.01)
    _, elapsed_s, asked = refusal(
        lambda h: h.send(b"", 429, Retry_After="86400"), max_attempts=2
    )
    assert (len(asked), elapsed_s < 10) == (2, True)


@pytest.mark.parametrize("wait", ["1.5", "-5", "soon"])
def test_a_wait_that_is_no_number_of_seconds_is_no_end_of_a_search(monkeypatch, wait):
    monkeypatch.setattr(web, "_LONGEST_WAIT_S", 0.01)
    *_, asked = refusal(lambda h: h.send(b"", 429, Retry_After=wait), max_attempts=2)
    assert len(asked) == 2


def page(handler, number, following):
    url = f"http://{handler.headers['Host']}"
    if not handler.path.startswith("/api/search"):
        link = {"rel": "search", "href": f"{url}/api/search", "method": "GET"}
        api = {"type": "Catalog", "id": "api", "conformsTo": CONFORMS, **PLACE}
        return handler.send(json.dumps({**api, "links": [link]}).encode())
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"item{number}",
        "geometry": None,
        "properties": {"datetime": "2019-11-03T00:00:00Z"},
        "assets": {},
        "links": [],
    }
    following = {"rel": "next", "href": f"{url}/api/search?page={following}"}
    found = {"type": "FeatureCollection", "features": [item], "links": [following]}
    return handler.send(json.dumps(found).encode())


def test_pages_without_end_are_followed_to_a_limit():
    def endless(handler):
        number = len(handler.server.asked)
        page(handler, number, number)

    said, _, asked = refusal(endless, "/api", max_items=20)
    assert "at most 20 items, got more" in said
    assert "ingestion.stac.max_items" in said
    assert len(asked) <= 21


def test_a_page_that_leads_to_itself_is_asked_for_once():
    said, _, asked = refusal(lambda h: page(h, len(h.server.asked), 0), "/api")
    assert "expected a next page" in said
    assert len(asked) == 3


def test_pages_that_bring_nothing_new_have_an_end():
    said, _, asked = refusal(lambda h: page(h, 1, len(h.server.asked)), "/api")
    assert "10 in a row with nothing new" in said
    assert len(asked) == 12


@pytest.mark.parametrize("following", [{"rel": "next"}, {"rel": "next", "href": None}])
def test_a_next_page_without_an_address_is_said(following):
    def answer(handler):
        send = handler.send

        def without_address(content, *args):
            found = json.loads(content)
            links = [link for link in found["links"] if link["rel"] != "next"]
            if "features" in found:
                links = [*links, following]
            send(json.dumps({**found, "links": links}).encode(), *args)

        handler.send = without_address
        page(handler, 1, 2)

    said, *_ = refusal(answer, "/api")
    assert 'expected a link with rel and href, got {"rel": "next"' in said
    assert "would be missed; tell who runs this catalogue" in said


@pytest.mark.parametrize("count", [{"numberMatched": 3}, {"context": {"matched": 3}}])
def test_a_search_that_ends_before_all_that_match_is_said(caplog, count):
    def answer(handler):
        send, number = handler.send, len(handler.server.asked)

        def ends_early(content, *args):
            found = {**json.loads(content), **count}
            if number > 2:
                found["features"] = []
            send(json.dumps(found).encode(), *args)

        handler.send = ends_early
        page(handler, number, number)

    with answering(answer) as server:
        assert len(list(search(server, "/api"))) == 1
    assert "expected the 3 items that it says match, got 1" in caplog.text


def test_links_that_are_no_list_are_said():
    api = {"type": "Catalog", "id": "api", **PLACE, "links": {"rel": "child"}}
    said, *_ = refusal(lambda h: h.send(json.dumps(api).encode()))
    assert 'expected links to be a list, got {"rel": "child"}' in said


def test_a_search_may_not_take_for_ever():
    def slow(handler):
        time.sleep(0.1)
        page(handler, len(handler.server.asked), len(handler.server.asked))

    said, elapsed_s, _ = refusal(slow, "/api", max_search_s=1)
    assert "ingestion.stac.max_search_s" in said
    assert elapsed_s < 10


def catalogue(*links):
    content = {"type": "Catalog", "id": "here", **PLACE, "links": links}
    return json.dumps(content).encode()


def test_catalogues_within_catalogues_have_an_end():
    def deeper(handler):
        child = f"./next{len(handler.server.asked)}/catalog.json"
        handler.send(catalogue({"rel": "child", "href": child}))

    with answering(deeper) as server:
        (entry,) = search(server)
    with pytest.raises(InvalidScene, match="more than 20 within others"):
        entry.scene()
    assert len(server.asked) == 20


def test_a_link_without_an_address_costs_itself_and_is_named():
    links = [{"rel": "item"}, {"rel": "license"}, None, {"rel": "child", "href": 1}]
    with answering(lambda h: h.send(catalogue(*links))) as server:
        entries = {entry.scene_id: entry for entry in search(server)}
    assert sorted(entries) == ["link 0 of here", "link 3 of here"]
    with pytest.raises(InvalidScene, match="link 3 of here: expected a link with rel"):
        entries["link 3 of here"].scene()


def test_links_without_an_address_in_catalogues_of_one_id_are_both_named():
    def answer(handler):
        links = [{"rel": "item"}]
        if handler.path.endswith("catalog.json"):
            links.append({"rel": "child", "href": "below.json"})
        handler.send(catalogue(*links))

    with answering(answer) as server:
        entries = [entry.scene_id for entry in search(server)]
    assert entries == ["link 0 of here", "link 0 of here again"]


@pytest.mark.parametrize("how", ["child", "redirect"])
def test_another_host_is_asked_only_where_a_setting_names_it(how):
    with answering(lambda h: h.send(catalogue())) as other:
        elsewhere = f"http://localhost:{other.server_port}/catalog.json"

        def answer(handler):
            if how == "redirect":
                handler.send(b"", 302, Location=elsewhere)
            else:
                handler.send(catalogue({"rel": "child", "href": elsewhere}))

        with answering(answer) as server:
            with pytest.raises(
                (CannotFetch, InvalidScene), match=r"stac\.hosts=localhost"
            ):
                [entry.scene() for entry in search(server)]
            assert other.asked == []
            with pytest.raises(Exception, match="expected items"):
                search(server, hosts="localhost")
            assert len(other.asked) == 1


def test_a_catalogue_on_the_web_leads_to_no_file_of_this_machine(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"key": "SECRET"}')
    links = [{"rel": "item", "href": f"file://{secret}"}]
    links += [{"rel": "item", "href": str(secret)}]
    with answering(lambda h: h.send(catalogue(*links))) as server:
        for entry in search(server):
            with pytest.raises(InvalidScene, match="no catalogue on the web"):
                entry.scene()


def large(handler):
    handler.send(bytes(2 << 20))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (large, "more than"),
        (drip_body, "more than|timed out"),
        (drip_head, "timed out|no answer"),
    ],
)
def test_an_answer_of_earth_engine_ends_in_time_and_bytes(answer, reason, monkeypatch):
    transport = pytest.importorskip("sea_ice_kedro.sources.earth_engine_client")
    monkeypatch.setattr(web, "LARGEST_ANSWER", 1 << 20)
    begun = time.monotonic()
    with answering(answer) as server, pytest.raises(OSError, match=reason):
        transport.Transport(TIMEOUT_S).request(server.url)
    assert time.monotonic() - begun < 10 * TIMEOUT_S + 2
