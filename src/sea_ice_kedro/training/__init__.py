"""Networks: the U-Nets, their training on one or many workers, their files.

TensorFlow is imported here without lines that mean nothing to users: version 2.18
carries two copies of each of CUDA's factories, and says at every import, with or
without a GPU, that it cannot register the second ("Unable to register cuDNN factory",
https://github.com/tensorflow/tensorflow/issues/62075). These lines come from C++ before
any level of logging is set. What else an import says is shown.
"""

import importlib.abc
import importlib.machinery
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_NO_ERRORS = re.compile(
    rb"^(?:WARNING: All log messages before absl::InitializeLog\(\) is called.*"
    rb"|[EW]\d{4} .*Unable to register cu\w+ factory:.*)\n",
    re.MULTILINE,
)
_STDERR = 2


def import_tensorflow_quietly() -> None:
    """Leave these lines out when TensorFlow is imported, whoever imports it first."""
    known = any(isinstance(finder, _QuietFinder) for finder in sys.meta_path)
    if "tensorflow" not in sys.modules and not known and _can_start():
        sys.meta_path.insert(0, _QuietFinder())


def _can_start() -> bool:
    """Return whether this processor is one that TensorFlow's import survives.

    Without AVX the import aborts the process, and its last words must be seen.
    """
    try:
        return "avx" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False  # not Linux, where there is no CUDA to register


class _QuietFinder(importlib.abc.MetaPathFinder):
    """Finds TensorFlow where the others do, and has it loaded quietly."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the usual specification, with another loader."""
        if fullname != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _QuietLoader(spec.loader)
        return spec


class _QuietLoader(importlib.abc.Loader):
    """Loads what another loader would."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        """Keep the other loader."""
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Make the module as the other does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        with without_known_lines():
            self._loader.exec_module(module)
        # From here on it is a module like any other, with resources to look for.
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader


@contextmanager
def without_known_lines() -> Iterator[None]:
    """Hold standard error back, of C++ as well; show in the end what is not known."""
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), _STDERR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STDERR)
            os.close(kept)
            said.seek(0)
            rest = _NO_ERRORS.sub(b"", said.read())
            if rest:
                os.write(_STDERR, rest)


# --- What importing this package does

# TensorFlow's C++ logs on a machine without a GPU are pages of "errors" that are none;
# what goes wrong comes as an exception as well. Set it to 0 to read them all.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import_tensorflow_quietly()
