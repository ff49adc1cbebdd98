"""Put `uv` into .tools/, with nothing but Python's standard library.

A fresh machine may have neither pip nor venv (Debian splits both off), and its Python
may be "externally managed"; so the wheel is fetched from the package index, checked
against the SHA-256 written down here (whatever the index says of it), and unpacked
here, inside the project folder only. The index is PyPI, or the mirror that
PIP_INDEX_URL or UV_DEFAULT_INDEX name; a "user:token@" in its address is sent, and
never shown.
"""

import base64
import hashlib
import html
import http.client
import io
import json
import os
import platform
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

VERSION = "0.13.8"
TOOLS = Path(__file__).resolve().parent.parent / ".tools"
INDEX = (
    os.environ.get("UV_DEFAULT_INDEX")
    or os.environ.get("PIP_INDEX_URL")
    or "https://pypi.org/simple"
)
# The tag in the wheel's name, and the SHA-256 that PyPI publishes: change them together
# with VERSION.
WHEELS = {
    ("Linux", "x86_64"): (
        "manylinux_2_17_x86_64",
        "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    ),
    ("Linux", "aarch64"): (
        "manylinux_2_17_aarch64",
        "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
    ),
    ("Darwin", "arm64"): (
        "macosx_11_0_arm64",
        "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
    ),
}


def main() -> None:
    """Fetch, check and unpack; do nothing when the right version is there."""
    target = TOOLS / "uv"
    stamp = TOOLS / "uv.version"
    if target.exists() and stamp.exists() and stamp.read_text() == VERSION:
        return
    content = download_wheel()
    TOOLS.mkdir(exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        name = next(n for n in wheel.namelist() if n.endswith("/scripts/uv"))
        part = target.with_suffix(".part")
        part.write_bytes(wheel.read(name))
    part.chmod(0o755)
    part.replace(target)
    stamp.write_text(VERSION)


def download_wheel() -> bytes:
    """Give the wheel's bytes, checked."""
    system = platform.system(), platform.machine()
    if system not in WHEELS:
        sys.exit(f"expected one of {sorted(WHEELS)}, got {system}; install uv yourself")
    tag, digest = WHEELS[system]
    name, url = find_wheel(tag)
    content = fetch(url)
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        sys.exit(
            f"expected SHA-256 {digest} of {name}, got {found} from "
            f"{without_login(INDEX)}; try again, or name another index in PIP_INDEX_URL"
        )
    return content


def find_wheel(tag: str) -> tuple[str, str]:
    """Find the wheel's name and address in the index (PEP 503 or PEP 691)."""
    page = f"{INDEX.rstrip('/')}/uv/"
    accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
    start = f"uv-{VERSION}-py3-none-"
    for name, address in files_of(fetch(page, accept).decode()):
        if name.startswith(start) and tag in name:
            return name, urllib.parse.urljoin(page, address)
    sys.exit(f"expected {start}…{tag}….whl in {without_login(page)}, got none")


def files_of(text: str) -> list[tuple[str, str]]:
    """List (name, address) of an index page, JSON or HTML."""
    if text.lstrip().startswith("{"):
        return [(f["filename"], f["url"]) for f in json.loads(text)["files"]]
    links = re.findall(r'<a[^>]+href="([^"#]+)', text)
    return [(link.rsplit("/", 1)[-1], html.unescape(link)) for link in links]


def fetch(url: str, accept: str = "*/*") -> bytes:
    """Give what lies at an address; what is of the index's host gets its login."""
    parts, index = urllib.parse.urlsplit(url), urllib.parse.urlsplit(INDEX)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        sys.exit(
            f"expected an address that starts with https://, got {without_login(url)}; "
            "set PIP_INDEX_URL to the address of a package index"
        )
    host = parts.netloc.rpartition("@")[2]
    request = urllib.request.Request(
        parts._replace(netloc=host).geturl(), headers={"Accept": accept}
    )
    login, _, index_host = index.netloc.rpartition("@")
    if login and (parts.scheme, host) == (index.scheme, index_host):
        user, _, token = map(urllib.parse.unquote, login.partition(":"))
        code = base64.b64encode(f"{user}:{token}".encode()).decode()
        # Not passed on when the index redirects: another host must not learn it.
        request.add_unredirected_header("Authorization", f"Basic {code}")
    with urllib.request.urlopen(request, timeout=120) as answer:
        content: bytes = answer.read()
    return content


def without_login(url: str) -> str:
    """Leave out the "user:token@" of an address, to show it.

    All up to the last "@" goes: a token may hold a "/" that somebody did not escape.
    """
    return re.sub(r"^([a-z]+://)?.*@", r"\1", url, flags=re.IGNORECASE | re.DOTALL)


def reason_of(error: Exception) -> str:
    """Say what went wrong, without an address."""
    # What the others say may quote pieces of the address.
    if isinstance(error, urllib.error.HTTPError):
        return f"status {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return type(error).__name__


if __name__ == "__main__":
    try:
        main()
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        ConnectionError,
        TimeoutError,
        ValueError,  # an address, or an index page, that cannot be read
    ) as error:
        sys.exit(
            "expected an answer from the package index "
            f"{without_login(INDEX)}, got {reason_of(error)}; "
            "is there a network, or a mirror to name in PIP_INDEX_URL?"
        )
