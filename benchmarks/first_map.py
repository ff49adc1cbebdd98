"""From a fresh clone to the first map, by the README's first command, `make run`.

    python -m benchmarks.first_map [--cold] [--keep FOLDER]

Clones the committed state of this repository into an empty folder and starts `make run`
there with an emptied environment: a PATH, an empty HOME, and how PyPI is reached.
Packages come from the cache of uv if it has them, which takes the downloads out of the
time; `--cold` starts with an empty cache, so that all come from PyPI. Says when each
kind of product was first there, and how many lines the run has said.
"""

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]

MARKS = {
    "installed": ".venv/bin/kedro",
    "first scene": "data/02_intermediate/scenes/*.tif",
    "first class map": "data/04_feature/class_maps/*.tif",
    "first quicklook": "data/08_reporting/quicklooks/*.png",
    "training began": "data/05_model_input/*/chip_index.csv",
    "first trained network": "data/06_models/*/unet.keras",
    "first map by it": "data/07_model_output/predictions/*.tif",
    "first picture of it": "data/08_reporting/prediction_quicklooks/*.png",
    "report": "data/08_reporting/report.html",
}
"""What is waited for, and by which files it is known."""

KEPT = (
    *("PATH", "LANG", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"),
)
"""Variables that a run in an emptied environment still gets."""


def main() -> None:
    """Print seconds from the start of the clone to each mark, and to the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sea_ice_first_") as name:
        folder = arguments.keep or Path(name)
        begin = time.monotonic()
        clone(folder / "clone")
        environment = emptied(Path(name), cold=arguments.cold)
        code, seen, log = watch(folder / "clone", environment, begin)
        for mark, seconds in sorted(seen.items(), key=lambda item: item[1]):
            print(f"{seconds:7.1f} s  {mark}")
        lines = log.read_text(encoding="utf-8").splitlines()
        print(f"exit code {code}, {len(lines)} lines of output", flush=True)
        if code:
            print("\n".join(lines[-20:]))


def clone(into: Path) -> None:
    """Clone what is committed here."""
    command = ["git", "clone", "--quiet", "--no-local", str(ROOT), str(into)]
    subprocess.run(command, check=True)


def emptied(folder: Path, *, cold: bool) -> dict[str, str]:
    """Give the environment of somebody who has just logged in.

    Args:
        folder: For HOME, and the cache if it is to be empty.
        cold: Whether no package is there yet.
    """
    home = folder / "home"
    home.mkdir()
    cache = folder / "cache"
    if not cold:
        uv = [ROOT / ".tools" / "uv", "cache", "dir"]
        said = subprocess.run(uv, check=True, capture_output=True, text=True)
        cache = Path(said.stdout.strip())
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    columns = {"COLUMNS": "100"}
    return {**kept, **columns, "HOME": str(home), "UV_CACHE_DIR": str(cache)}


def watch(
    folder: Path, environment: dict[str, str], begin: float
) -> tuple[int, dict[str, float], Path]:
    """Run `make run` and look for products all the time.

    Returns:
        Its exit code; mark -> seconds since `begin`, "all" at the end; its output.
    """
    log = folder.parent / "make_run.log"
    seen = {"cloned": time.monotonic() - begin}
    with log.open("w", encoding="utf-8") as output:
        run = subprocess.Popen(
            ["make", "run"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        while run.poll() is None:
            for mark, pattern in MARKS.items():
                if mark not in seen and any(folder.glob(pattern)):
                    seen[mark] = time.monotonic() - begin
            time.sleep(0.1)
    seen["all"] = time.monotonic() - begin
    return run.returncode, seen, log


if __name__ == "__main__":
    main()
