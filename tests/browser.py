"""A browser of this machine, and what it may load: no page of ours needs the net."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# No sandbox: tests also run as root. The rest: start without asking anyone anything.
_QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
]
_SERIOUS = {"serious", "critical"}


@contextmanager
def opened_browser(width=1280, height=800) -> Iterator[Page]:
    """Give an empty page that reaches this machine and no other."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.asked_of_others = []
        page.route("**/*", lambda route: _stay_here(route, page.asked_of_others))
        try:
            yield page
        finally:
            browser.close()


def _stay_here(route: Route, asked_of_others: list[str]) -> None:
    url = route.request.url
    if url.startswith(
        ("http://127.0.0.1", "http://localhost", "file:", "data:", "blob:")
    ):
        route.continue_()
    else:
        asked_of_others.append(url)
        route.abort()


def serious_findings(page: Page) -> list[str]:
    """Name what axe finds serious or critical on a page, with the elements."""
    found = Axe().run(page).response["violations"]
    return [
        f"{finding['id']}: {finding['help']}: "
        + ", ".join(str(node["target"]) for node in finding["nodes"][:5])
        for finding in found
        if finding["impact"] in _SERIOUS
    ]
