"""The pipelines and their products in kedro-viz, looked at in a browser.

SEA_ICE_PICTURES=docs/pictures draws the pictures of docs/kedro-viz.md again.
"""

import contextlib
import functools
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as TooLate

from tests import servers
from tests.runs import ROOT, environment, run_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STAGES = [
    *("autolabel", "evaluation", "filtering", "gridding", "inference"),
    *("ingestion", "modeling"),
]
NODES = {
    "ingestion": {"find_scenes", "download_scenes", "ingest_scenes", "index_scenes"},
    "filtering": {"filter_scenes", "summarise_clouds"},
    "autolabel": {"label_scenes", "summarise_labels", "draw_quicklooks"},
    "modeling": {"split_chips", "train_unet", "draw_curves"},
    "evaluation": {"predict_held_out", "score_held_out", "tabulate_scores"},
    "inference": {"find_scenes", "predict_scenes", "map_network_concentration"},
    "gridding": {"count_class_maps", "reduce_cell_counts", "map_concentration"},
    "threshold_calibration": {"count_scenes", "propose_limits", "draw_proposal"},
    "scaling": {"describe_machine", "measure_processes", "draw_scaling"},
    "__default__": {"find_scenes", "train_unet", "tabulate_scores", "predict_scenes"},
}
HEAVY = ["tensorflow", "keras", "pyspark", "horovod", "ee", "matplotlib", "sklearn"]
BUILD = """
import sys
from pathlib import Path
from tools.lineage_site import build
build(Path(sys.argv[1]), "test")
print("loaded:", *[name for name in sys.argv[2:] if name in sys.modules])
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and writes no line a request."""

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder):
    """Serve a folder on this machine, and give its address."""
    with servers.serving(functools.partial(Quiet, directory=str(folder))) as server:
        yield server.url


def python(data_root, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**environment(data_root), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def made(project, tmp_path_factory):
    """A data root in which scenes were labelled, and no network was trained."""
    pytest.importorskip("kedro_viz")
    root = tmp_path_factory.mktemp("made")
    return run_in(root, "ingestion", "filtering", "autolabel", "gridding")


@pytest.fixture(scope="module")
def site(made, tmp_path_factory):
    """The static site of these products, and what was said while it was built."""
    folder = tmp_path_factory.mktemp("site")
    done = python(made, "-c", BUILD, str(folder), *HEAVY)
    with serving(folder) as address:
        yield folder, address, done


@pytest.fixture(scope="module")
def four_networks(made, tmp_path_factory):
    """The site of conf/paper, by the command of the documentation."""
    folder = tmp_path_factory.mktemp("paper")
    command = ["tools/lineage_site.py", "--env", "paper", "--into", str(folder)]
    done = python(made, *command)
    with serving(folder) as address:
        yield folder, address, done


@pytest.fixture(scope="module")
def page():
    """One page for all tests here, which reaches this machine and no other."""
    pytest.importorskip("playwright")
    from tests.browser import CHROMIUM, opened_browser

    if not CHROMIUM:
        pytest.fail("expected Debian's chromium for the browser tests; apt install it")
    with opened_browser(width=1440, height=900) as page:
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        yield page
        assert page.errors == []


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Where screenshots go: a folder of the tests, unless one is named."""
    named = os.environ.get("SEA_ICE_PICTURES")
    return Path(named) if named else tmp_path_factory.mktemp("pictures")


def look_at(page, address, pipeline="__default__", opened=False, **more):
    """Open a pipeline, with its namespaces open or closed."""
    query = {"pid": pipeline, "expandAllPipelines": json.dumps(opened), **more}
    page.goto("about:blank")  # nothing of the page before
    page.goto(f"{address}/?{urllib.parse.urlencode(query)}")
    page.wait_for_selector(".pipeline-node")


def named(page, kind=None):
    """Name what is drawn: tasks, data, namespaces."""
    chosen = f'[data-node-type="{kind}"]' if kind else ""
    return page.eval_on_selector_all(
        f".pipeline-node{chosen}", "all => all.map(n => n.dataset.nodeFullname)"
    )


def take(page, path):
    """Save what is seen, with room for the pipeline."""
    page.locator(".pipeline-menu-button--theme").click()  # light, as on paper
    page.locator(".pipeline-menu-button--menu").click()
    page.locator(".pipeline-minimap-button--map").click()
    page.locator(".pipeline-minimap-button--reset").click()
    page.mouse.move(600, 5)  # off the buttons, which tell what they do
    page.wait_for_timeout(1500)  # the flow chart moves into place
    page.screenshot(path=path)
    page.evaluate("localStorage.removeItem('KedroViz')")
    assert path.stat().st_size > 20_000


def pipelines_of(folder):
    answer = json.loads((folder / "api/main").read_text())
    return [pipeline["id"] for pipeline in answer["pipelines"]]


def test_the_site_opens_and_asks_no_other_host(site, page):
    folder, address, _ = site
    look_at(page, address)
    page.wait_for_timeout(500)
    assert page.asked_of_others == []
    assert page.locator(".feature-hints").count() == 0
    assert "heap" not in (folder / "index.html").read_text()


def test_it_is_built_without_starting_a_heavy_framework(site):
    assert site[-1].stdout.splitlines()[-1] == "loaded:"


def test_nothing_is_said_of_what_was_not_made_yet(site, four_networks):
    assert site[-1].stderr == four_networks[-1].stderr == ""


def test_no_folder_of_this_machine_is_named_in_the_site(made, four_networks):
    folder, _, _ = four_networks
    answers = "".join(path.read_text() for path in (folder / "api/nodes").iterdir())
    assert '"data/08_reporting/quicklooks"' in answers
    assert str(ROOT).lstrip("/") not in answers
    assert str(made).lstrip("/") not in answers


def test_the_default_run_is_seven_boxes_and_what_goes_between_them(
    site, page, pictures
):
    look_at(page, site[1])
    boxes = named(page, "modularPipeline")
    assert set(STAGES) <= set(boxes)
    assert named(page, "task") == []
    assert len(named(page)) <= 28 + 4 * len(boxes)
    take(page, pictures / "kedro_viz_stages.png")


def test_four_networks_are_no_more_boxes(four_networks, page, pictures):
    look_at(page, four_networks[1])
    assert set(STAGES) <= set(named(page, "modularPipeline"))
    assert named(page, "task") == []
    assert len(named(page)) <= 80
    look_at(page, four_networks[1], "modeling", tags="auto_filtered", opened=True)
    assert "train_unet" in named(page, "task")
    assert all(
        "." not in name or name.startswith("auto_filtered.")
        for name in named(page, "data")
    )
    take(page, pictures / "kedro_viz_network.png")


def test_each_registered_pipeline_shows_its_nodes(site, page):
    folder, address, _ = site
    registered = pipelines_of(folder)
    assert set(NODES) <= set(registered)
    for name in registered:
        wired = json.loads((folder / f"api/pipelines/{name}").read_text())["nodes"]
        tasks = sorted(node["name"] for node in wired if node["type"] == "task")
        look_at(page, address, name, opened=True)
        assert sorted(named(page, "task")) == tasks, name
        assert NODES.get(name, set()) <= set(tasks), name


def test_layers_are_in_the_order_of_the_folders(site, four_networks, page):
    for folder, address, _ in (site, four_networks):
        for name in pipelines_of(folder):
            told = json.loads((folder / f"api/pipelines/{name}").read_text())
            drawn = {node.get("layer") for node in told["nodes"]}
            layers = [layer for layer in told["layers"] if layer in drawn]
            assert layers == sorted(layers), name
            assert layers, name
        look_at(page, address)
        shown = page.locator(".pipeline-layer-name").all_inner_texts()
        assert shown[:2] == ["02_intermediate", "03_primary"]
        assert shown[-1] == "08_reporting"


@pytest.mark.parametrize(
    ("pipeline", "product", "preview"),
    [
        ("autolabel", "class_shares#figure", ".js-plotly-plot .main-svg"),
        ("gridding", "concentration_map#figure", ".js-plotly-plot .main-svg"),
        ("autolabel", "quicklooks", "img.pipeline-metadata__plot-image"),
        ("filtering", "cloud_statistics#table", ".preview-table__row"),
    ],
)
def test_figures_pictures_and_tables_are_shown(
    site, page, pictures, pipeline, product, preview
):
    shown = f".pipeline-metadata {preview}"
    told = json.loads((site[0] / f"api/pipelines/{pipeline}").read_text())
    (node,) = (n["id"] for n in told["nodes"] if n["name"] == product)
    look_at(page, site[1], pipeline, sid=node, opened=True)
    try:
        page.wait_for_selector(shown, timeout=15_000)
    except TooLate:
        # On a busy machine kedro-viz's panel once stayed empty: look a second time.
        look_at(page, site[1], pipeline, sid=node, opened=True)
        page.wait_for_selector(shown)
    if product == "cloud_statistics#table":
        cells = page.locator(".preview-table__data").all_inner_texts()
        assert "sim_ross_sea_00" in cells
    if product == "quicklooks":
        drawn = page.locator(shown)
        assert drawn.evaluate("picture => picture.naturalWidth") == 1024
        take(page, pictures / "kedro_viz_preview.png")


def free_port():
    """A port below those that kedro-viz refuses."""
    for port in range(41410, 41500):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    pytest.fail("expected a free port between 41410 and 41500, got none")


def wait_for(address, log):
    for _ in range(300):
        try:
            return urllib.request.urlopen(address, timeout=2).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"expected an answer at {address} in a minute, got {log.read_text()}")


@contextmanager
def kedro_viz(data_root, log):
    """Start it as a user does, where PyPI is out of reach; give its address."""
    port, nowhere = free_port(), "http://127.0.0.1:9"
    command = [sys.executable, "-m", "kedro", "viz", "run", "--include-hooks"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--env", "test", "--no-browser", "--port", str(port)],
            cwd=ROOT,
            env={**environment(data_root), "HTTPS_PROXY": nowhere},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def test_kedro_viz_itself_opens_where_nothing_outside_is_reached(made, page, tmp_path):
    with kedro_viz(made, tmp_path / "log") as address:
        look_at(page, address)
        assert set(STAGES) <= set(named(page, "modularPipeline"))
    asked = {url.split("/")[2] for url in page.asked_of_others}
    assert asked <= {"fonts.googleapis.com"}  # said in docs/kedro-viz.md
