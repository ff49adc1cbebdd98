"""The pages of the documentation: none left out, no link that leads nowhere."""

import re
from urllib.parse import urlsplit

import pytest
import yaml

from tests.docs.blocks import PAGES, prose_of
from tests.docs.site import broken_links, built, links_of
from tests.runs import ROOT

_MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def site():
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocs_api_autonav")
    return built()


def named_in(nav):
    for entry in nav:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else named_in(value)


def test_every_page_is_in_the_navigation_once():
    named = list(named_in(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    docs = ROOT / "docs"
    there = sorted(str(path.relative_to(docs)) for path in docs.rglob("*.md"))
    assert sorted(named) == there


def anchor_of(heading):
    """Name a heading's anchor as GitHub and Python-Markdown do."""
    words = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading).lower()
    return re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", words).strip())


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_link_of_a_page_leads_nowhere(page):
    broken = []
    for link in _MARKDOWN_LINK.findall(prose_of(page)):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            assert "." in parts.netloc, link
            continue
        target = page.parent / parts.path if parts.path else page
        if not target.resolve().is_file():
            broken.append(link)
        elif parts.fragment:
            headings = map(anchor_of, _HEADING.findall(target.read_text()))
            broken += [] if parts.fragment in headings else [link]
    assert broken == []


@pytest.mark.documented
@pytest.mark.slow
def test_no_link_of_the_built_pages_leads_nowhere(site):
    assert broken_links(site) == []


@pytest.mark.documented
@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere(site):
    loads = re.compile(r'<(?:img|script|link|source)\b[^>]*?\b(?:href|src)="([^"]*)"')
    found = [
        f"{page.relative_to(site)}: {address}"
        for page in site.rglob("*.html")
        for address in loads.findall(page.read_text())
        if urlsplit(address).netloc
    ]
    assert found == []
    assert len(links_of((site / "index.html").read_text())) > 20


@pytest.mark.documented
@pytest.mark.slow
def test_every_module_has_a_page_of_reference(site):
    source = ROOT / "src"
    modules = [
        path.relative_to(source).with_suffix("")
        for path in source.rglob("*.py")
        if not path.name.startswith("_") or path.name == "__init__.py"
    ]
    pages = [
        site
        / "api"
        / (m.parent / "index.html" if m.name == "__init__" else f"{m}.html")
        for m in modules
    ]
    assert len(pages) >= 150
    assert [str(p.relative_to(site)) for p in pages if not p.is_file()] == []
