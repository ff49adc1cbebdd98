"""The documentation's built pages, made once for all tests that look at them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.runs import ROOT

SITE = ROOT / "site"

_SOURCES = ("docs", "src", "mkdocs.yml")
_LINK = re.compile(r'<(?:a|img|script|link|source)\b[^>]*?\b(?:href|src)="([^"]*)"')
_ID = re.compile(r'\b(?:id|name)="([^"]+)"')


def built():
    """Give the folder of the pages, built anew where something is newer than they."""
    sources = [p for name in _SOURCES for p in files_below(ROOT / name)]
    newest = max(path.stat().st_mtime for path in sources)
    index = SITE / "sitemap.xml"
    if not index.exists() or index.stat().st_mtime < newest:
        build()
    return SITE


def files_below(path):
    """Give a file, or all files below a folder that git would keep."""
    if path.is_file():
        return [path]
    found = (p for p in path.rglob("*") if p.is_file())
    return [p for p in found if "__pycache__" not in p.parts and ".egg" not in str(p)]


def build():
    """Build the pages as `make docs` does."""
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if ran.returncode != 0:
        (SITE / "sitemap.xml").unlink(
            missing_ok=True
        )  # they are not to be taken for whole
    assert ran.returncode == 0, ran.stdout + ran.stderr


def links_of(text):
    """Give what a page links to or loads, in order."""
    return [link.replace("&amp;", "&") for link in _LINK.findall(text)]


def broken_links(site):
    """Name each link within the pages that leads nowhere: "page -> link"."""
    texts = {page: page.read_text() for page in site.rglob("*.html")}
    ids = {page: set(_ID.findall(text)) for page, text in texts.items()}
    return [
        f"{page.relative_to(site)} -> {link}"
        for page, text in texts.items()
        if page.name != "404.html"  # its links are for the root of a server
        for link in set(links_of(text))
        if not urlsplit(link).scheme and not _leads_somewhere(page, link, ids)
    ]


def _leads_somewhere(page, link, ids):
    parts = urlsplit(link)
    if parts.netloc:
        return False
    target = Path(os.path.normpath(page.parent / unquote(parts.path)))
    target = page if not parts.path else target
    if not target.is_file():
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target not in ids or anchor in ids[target]
