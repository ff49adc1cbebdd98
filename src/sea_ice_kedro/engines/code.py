"""Which code makes a value: a digest of the definitions that its functions reach.

From a function on, every name that it uses is followed through this package's modules:
functions, classes and constants, wherever they are imported, also inside of functions.
A definition that is not reached has no part in the digest, so that an edited report
remakes no labels. Sources are read, not imported; in a folder, a wheel or a zip.
"""

import ast
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module, metadata, resources
from typing import Any

PACKAGE = __name__.partition(".")[0]
Target = tuple[str, str]
"""A module and a name in it; "" is all of the module."""

_WITHOUT_PIXELS = (
    f"{PACKAGE}.addresses",
    f"{PACKAGE}.errors",
    f"{PACKAGE}.run_record",
    f"{PACKAGE}.engines",
    f"{PACKAGE}.hooks",
    f"{PACKAGE}.datasets.parallel_partitions",
    f"{PACKAGE}.datasets.partition_writer",
    f"{PACKAGE}.datasets.run_state",
    f"{PACKAGE}.datasets.whole_file",
    f"{PACKAGE}.rasters.files",
    f"{PACKAGE}.rasters.remote",
)
"""Modules that word errors, map work or carry bytes as they are: not followed."""

_LIBRARIES = {
    "cv2": ("opencv-python-headless", "opencv-python"),
    "keras": ("keras",),
    "numba": ("numba",),
    "numpy": ("numpy",),
    "onnxruntime": ("onnxruntime",),
    "PIL": ("pillow",),
    "pyproj": ("pyproj",),
    "rasterio": ("rasterio",),
    "skimage": ("scikit-image",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos"),
}
"""Libraries that decide pixels, with the distributions that may hold them."""


def read_source(module: str) -> str | None:
    """Read the source of one of this package's modules, without importing it."""
    _, *parts = module.split(".")
    place = resources.files(PACKAGE)
    for file in (*parts, "__init__.py"), (*parts[:-1], f"{(parts or [''])[-1]}.py"):
        found = place.joinpath(*file)
        if found.is_file():
            return found.read_text("utf-8")
    return None


def library_version(name: str) -> str:
    """Return the installed version of a library, "" where it is not installed."""
    for distribution in _LIBRARIES[name]:
        try:
            version = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
        if name == "rasterio":
            return f"{version} GDAL {import_module(name).__gdal_version__}"
        return version
    return ""


@dataclass(frozen=True)
class _Module:
    """Definitions and imports at a module's top level."""

    definitions: Mapping[str, tuple[ast.stmt, ...]]
    imported: Mapping[str, Target]
    always: tuple[ast.stmt, ...]
    """Statements that run when it is imported, whatever is taken from it."""


@dataclass(frozen=True)
class _Piece:
    """One definition: its text, and what it uses."""

    text: str
    """"" for a name that is defined elsewhere."""

    targets: tuple[Target, ...]


class Code:
    """This package's code as far as values are made by it; reads each module once."""

    def __init__(
        self,
        read: Callable[[str], str | None] = read_source,
        version: Callable[[str], str] = library_version,
    ) -> None:
        """Start without having read anything.

        Args:
            read: Gives the source of a module; None: there is no such module.
            version: Gives the version of a library.
        """
        self._read = read
        self._version = lru_cache(maxsize=None)(version)
        self._module = lru_cache(maxsize=None)(self._read_module)
        self._pieces = lru_cache(maxsize=None)(self._read_pieces)
        self._digest = lru_cache(maxsize=None)(self._digest_of)

    def digest(self, *values: object) -> str:
        """Digest the code and the libraries that the values are made by.

        Args:
            values: Tasks, functions, records, classes; what is in them counts as well.
                "module:name" stands for what is not imported.

        Returns:
            64 hexadecimal digits; the same for code that differs in comments,
            docstrings or the wording of errors only, and for code that has moved
            between modules.
        """
        return self._digest(frozenset(roots_of(values)))

    def _digest_of(self, roots: frozenset[Target]) -> str:
        texts, libraries = self._reached(roots)
        versions = {n: self._version(n) for n in sorted(libraries & {*_LIBRARIES})}
        description = json.dumps([sorted(texts), versions])
        return hashlib.sha256(description.encode()).hexdigest()

    def _reached(self, roots: Iterable[Target]) -> tuple[set[str], set[str]]:
        """Return the texts of all definitions reached, and the libraries they use."""
        texts: set[str] = set()
        libraries: set[str] = set()
        seen: set[Target] = set()
        left = list(roots)
        while left:
            target = module, name = left.pop()
            if target in seen or _is_without_pixels(module):
                continue
            seen.add(target)
            top = module.partition(".")[0]
            if top != PACKAGE:
                libraries.add(top)
                continue
            for piece in self._pieces(module, name):
                texts.add(piece.text)
                left += piece.targets
        return texts - {""}, libraries

    def _read_module(self, name: str) -> _Module | None:
        source = self._read(name)
        if source is None:
            return None
        tree = _Plain().visit(ast.parse(source))
        definitions: dict[str, tuple[ast.stmt, ...]] = {}
        imported: dict[str, Target] = {}
        always: list[ast.stmt] = []
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                imported |= _imported_by(statement)
                continue
            names = _names_defined(statement)
            for defined in names:
                definitions[defined] = (*definitions.get(defined, ()), statement)
            if not names and "TYPE_CHECKING" not in ast.dump(statement):
                always.append(statement)
        return _Module(definitions, imported, tuple(always))

    def _read_pieces(self, module: str, name: str) -> tuple[_Piece, ...]:
        """Return what a name of a module stands for, or where that is defined."""
        read = self._module(module)
        if read is None:
            return ()
        if not name:
            statements = [s for ones in read.definitions.values() for s in ones]
        elif name in read.definitions:
            statements = list(read.definitions[name])
        elif name in read.imported:
            return (_Piece("", (read.imported[name],)),)
        else:
            return (_Piece("", ((f"{module}.{name}", ""),)),)
        return tuple(self._piece(s, module, read) for s in [*statements, *read.always])

    def _piece(self, statement: ast.stmt, name: str, module: _Module) -> _Piece:
        nodes = list(ast.walk(statement))
        imported = dict(module.imported)
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported |= _imported_by(node)
        targets: set[Target] = set()
        qualified: set[int] = set()  # names of modules, before the dot
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                of = self._as_module(imported.get(node.value.id))
                if of is not None:
                    qualified.add(id(node.value))
                    targets.add((of, node.attr))
            elif isinstance(node, ast.Constant):
                targets |= _named_in(node.value)
        for node in nodes:
            if isinstance(node, ast.Name) and id(node) not in qualified:
                if node.id in imported:
                    targets.add(imported[node.id])
                elif node.id in module.definitions:
                    targets.add((name, node.id))
        return _Piece(ast.unparse(statement), tuple(targets))

    def _as_module(self, target: Target | None) -> str | None:
        """Return the module that an imported name stands for, if it is one of ours."""
        if target is None or target[0].partition(".")[0] != PACKAGE:
            return None
        name = ".".join(filter(None, target))
        return name if self._module(name) is not None else None


CODE = Code()
"""The code of this process, as it is installed."""


class _Plain(ast.NodeTransformer):
    """Takes out what decides no pixel."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Take out docstrings."""
        constant = node.value if isinstance(node.value, ast.Constant) else None
        if constant is not None and isinstance(constant.value, str):
            return None
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        """Take out checks of settings: what is left after them is in the recipe."""
        return None if node.name == "__post_init__" else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Take out what an error says."""
        if isinstance(node.exc, ast.Call):
            node.exc.args, node.exc.keywords = [], []
        return self.generic_visit(node)


def roots_of(value: object) -> Iterator[Target]:
    """Return the functions and classes that a value consists of."""
    if isinstance(value, partial):
        yield from roots_of((value.func, value.args, value.keywords))
    elif isinstance(value, Mapping):
        yield from roots_of(list(value.values()))
    elif isinstance(value, str):
        yield from _named_in(value)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from roots_of(part)
    else:
        is_definition = hasattr(value, "__qualname__") and hasattr(value, "__module__")
        definition: Any = value if is_definition else type(value)
        if f"{definition.__module__}.".startswith(f"{PACKAGE}."):
            yield definition.__module__, definition.__qualname__.partition(".")[0]
            parts = {} if is_definition else getattr(value, "__dict__", {})
            yield from roots_of(list(parts.values()))


def _is_without_pixels(module: str) -> bool:
    return any(f"{module}.".startswith(f"{name}.") for name in _WITHOUT_PIXELS)


def _imported_by(node: ast.Import | ast.ImportFrom) -> dict[str, Target]:
    """Return the names that an import statement binds."""
    if isinstance(node, ast.ImportFrom):
        return {a.asname or a.name: (node.module or "", a.name) for a in node.names}
    tops = {name.name.partition(".")[0] for name in node.names if not name.asname}
    aliases = {name.asname: (name.name, "") for name in node.names if name.asname}
    return {**{top: (top, "") for top in tops}, **aliases}


def _names_defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    else:
        return []
    names = [n for target in targets for n in ast.walk(target)]
    return [n.id for n in names if isinstance(n, ast.Name)]


def _named_in(constant: object) -> set[Target]:
    """Return the module, or "module:name", that a string names for a late import."""
    if not isinstance(constant, str) or not constant.startswith(f"{PACKAGE}."):
        return set()
    module, _, name = constant.partition(":")
    return {(module, name)} if module.replace(".", "").isidentifier() else set()
