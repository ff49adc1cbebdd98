"""What pyproject.toml cannot say: the wheel carries conf/ as well.

Settings and the code that reads them belong together: an installed package runs without
a checkout, and `--conf-source` is for those who change more than `--params` can.
`conf/local` is whoever's own, and stays with them.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CONF = Path(__file__).parent / "conf"
SUFFIXES = {".yml", ".yaml", ".json"}


class BuildWithConf(build_py):
    """Copies conf/ into the package, but for what lies in conf/local."""

    def run(self) -> None:
        """Build the modules, then lay the configuration beside them."""
        super().run()
        if self.editable_mode:
            return  # a checkout's own conf/ is used
        into = Path(self.build_lib) / "sea_ice_kedro" / "conf"
        shutil.rmtree(into, ignore_errors=True)
        for path in sorted(p for p in CONF.rglob("*.*") if p.suffix in SUFFIXES):
            name = path.relative_to(CONF)
            if name.parts[0] != "local" and "credentials" not in path.name:
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, into / name)
        # Kedro asks for the folder of the default environment, be it empty.
        (into / "local").mkdir()
        (into / "local" / ".gitkeep").touch()


setup(cmdclass={"build_py": BuildWithConf})
