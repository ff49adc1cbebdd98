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


def test_pages_are_dark_where_the_system_is_and_axe_finds_nothing_serious(page, pages):
    from tests.browser import serious_findings

    page.emulate_media(color_scheme="dark")
    found = {}
    for name in ["index.html", "measured.html", "training.html", REFERENCE[0]]:
        page.goto(f"file://{pages / name}")
        scheme = page.locator("body").get_attribute("data-md-color-scheme")
        assert scheme == "slate", name
        found[name] = serious_findings(page)
    assert {name: what for name, what in found.items() if what} == {}


def test_search_finds_a_word_on_pages_from_the_disk(page, pages):
    page.goto(f"file://{pages / 'index.html'}")
    page.locator("input.md-search__input").click()
    page.keyboard.type("shadow")
    first = page.locator(".md-search-result__item a").first
    first.wait_for(timeout=20_000)
    assert "shadow" in first.inner_text().lower()
    assert page.asked_of_others == []


def test_a_picture_opens_at_its_full_size(page, pages):
    page.goto(f"file://{pages / 'limits.html'}")
    picture = page.locator("article img").first
    picture.click()
    page.wait_for_url("**/pictures/*")


def test_long_commands_are_shown_to_their_end(page, pages):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"file://{pages / 'training.html'}")
    cut = page.locator("article pre > code").evaluate_all(
        "blocks => blocks.filter(b => b.scrollWidth > b.clientWidth + 1).length"
    )
    assert cut == 0


def test_the_first_page_shows_its_figure_and_the_two_commands(page, pages):
    page.goto(f"file://{SITE / 'index.html'}")
    figure = page.locator("article img").first
    assert figure.evaluate("image => image.naturalWidth") > 500
    assert "make run" in page.locator("article pre").first.inner_text()
