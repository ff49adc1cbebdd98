"""Break each import contract once on purpose, and see that it bites.

Works on a copy of the source tree in a temporary folder.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Contract -> (module to break, the import that breaks it)
BREAKS = {
    "Imports point downwards": (
        "imagery/classes.py",
        "import sea_ice_kedro.rasters.footprint",
    ),
    "imagery is pure": ("imagery/classes.py", "import pandas"),
    "Kedro stays in pipelines": ("sources/options.py", "import kedro.io"),
    "Kedro stays out of training": ("training/options.py", "import kedro.io"),
    "TensorFlow stays in training": ("reporting/quicklooks.py", "import tensorflow"),
    "Horovod stays in one module": ("training/fit.py", "import horovod.tensorflow"),
    "Heavy frameworks stay behind their seam": (
        "reporting/quicklooks.py",
        "import matplotlib",
    ),
}


def main() -> None:
    """Exit with 1 when a broken contract goes unnoticed."""
    for contract, (module, statement) in BREAKS.items():
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            shutil.copytree(ROOT / "src", copy / "src")
            shutil.copy(ROOT / "pyproject.toml", copy)
            broken = copy / "src" / "sea_ice_kedro" / module
            broken.write_text(broken.read_text() + f"\n{statement}\n")
            report = lint(copy)
        noticed = any(
            line.startswith(contract) and " BROKEN" in line
            for line in report.splitlines()
        )
        if not noticed:
            sys.exit(f"{contract!r} did not notice {statement!r}:\n{report}")
        print(f"bites: {contract}")


def lint(folder: Path) -> str:
    """Run import-linter on a copy of the project; give what it prints."""
    tool = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        [str(tool), "--no-cache"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


if __name__ == "__main__":
    main()
