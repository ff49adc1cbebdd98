"""The built pages as a reader opens them: from the disk, in a browser."""

import pytest

from tests.docs.site import SITE, built
from tests.runs import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_DOCS = ROOT / "docs"
WRITTEN = sorted(
    str(p.relative_to(_DOCS).with_suffix(".html")) for p in _DOCS.rglob("*.md")
)
REFERENCE = ["api/sea_ice_kedro/imagery/labelling.html", "api/sea_ice_kedro/index.html"]


@pytest.fixture(scope="module")
def pages():
    pytest.importorskip("mkdocs_api_autonav")
    return built()


def test_pages_open_and_axe_finds_nothing_serious(page, pages):
    from tests.browser import serious_findings

    found = {}
    for name in [*WRITTEN, *REFERENCE]:
        page.goto(f"file://{pages / name}")
        assert page.locator("h1").count() == 1, name
        found[name] = serious_findings(page)
    assert {name: what for name, what in found.items() if what} == {}
    assert page.asked_of_others == []


def test_the_first_page_shows_its_figure_and_the_two_commands(page, pages):
    page.goto(f"file://{SITE / 'index.html'}")
    figure = page.locator("article img").first
    assert figure.evaluate("image => image.naturalWidth") > 500
    assert "make run" in page.locator("article pre").first.inner_text()
