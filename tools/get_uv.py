"""Put `uv` into .tools/, with nothing but Python's standard library.

A fresh machine may have neither pip nor venv (Debian splits both off), and its Python
may be "externally managed"; so the wheel is fetched from the package index, checked
against its published SHA-256, and unpacked here, inside the project folder only. The
index is PyPI, or the mirror that PIP_INDEX_URL or UV_DEFAULT_INDEX name.
"""

import hashlib
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
WHEELS = {
    ("Linux", "x86_64"): "manylinux_2_17_x86_64",
    ("Linux", "aarch64"): "manylinux_2_17_aarch64",
    ("Darwin", "arm64"): "macosx_11_0_arm64",
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
    url, digest = find_wheel()
    with urllib.request.urlopen(url, timeout=120) as answer:
        content: bytes = answer.read()
    found = hashlib.sha256(content).hexdigest()
    if digest and found != digest:
        sys.exit(f"expected SHA-256 {digest} of {url}, got {found}; try again")
    return content


def find_wheel() -> tuple[str, str]:
    """Find the wheel's address and digest in the index (PEP 503 or PEP 691)."""
    system = platform.system(), platform.machine()
    if system not in WHEELS:
        sys.exit(f"expected one of {sorted(WHEELS)}, got {system}; install uv yourself")
    page = f"{INDEX.rstrip('/')}/uv/"
    accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
    request = urllib.request.Request(page, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read().decode()
    start = f"uv-{VERSION}-py3-none-"
    for name, address, digest in files_of(text):
        if name.startswith(start) and WHEELS[system] in name:
            return urllib.parse.urljoin(page, address), digest
    sys.exit(f"expected {start}…{WHEELS[system]}….whl in {page}, got none")


def files_of(text: str) -> list[tuple[str, str, str]]:
    """List (name, address, SHA-256) of an index page, JSON or HTML."""
    if text.lstrip().startswith("{"):
        files = json.loads(text)["files"]
        return [(f["filename"], f["url"], f["hashes"].get("sha256", "")) for f in files]
    links = re.findall(r'<a[^>]+href="([^"#]+)(?:#sha256=([0-9a-f]+))?"', text)
    return [(address.rsplit("/", 1)[-1], address, digest) for address, digest in links]


if __name__ == "__main__":
    try:
        main()
    except urllib.error.URLError as error:
        sys.exit(
            f"expected an answer from the package index {INDEX}, got {error.reason}; "
            "is there a network, or a mirror to name in PIP_INDEX_URL?"
        )
