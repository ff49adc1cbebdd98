"""A network's card, and the `.keras` file that holds it, read as data.

Keras rebuilds whatever a file's configuration names, code included. Here the card
tells which of this project's networks it is; the file gives that network its weights,
and what else its configuration describes is refused.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from sea_ice_kedro import __version__
from sea_ice_kedro.errors import MALFORMED, InvalidModel, expect_choice, expect_integer
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.rasters.files import browsing
from sea_ice_kedro.training.options import UNetOptions

_LARGEST_CHIP = 10_980
"""Rows and columns; no granule has more."""

_SCALES = ((1,), (1, 2))

FORMAT = 1
"""Of the card; a file with another cannot be served by this version."""


@dataclass(frozen=True)
class ModelCard:
    """How a network was made, and what a scene must go through before it."""

    images: str
    """"original", or "filtered": scenes go through `filter` first."""

    chip_px: int
    """Rows and columns of the chips that it has learnt from."""

    unet: UNetOptions
    name: str = ""
    """Name of the variant, "auto_original"; "" before it is stored."""

    filter: FilterOptions | None = None
    """How its images were filtered; None: not at all."""

    thresholds: BrightnessThresholds | None = None
    """The limits that its images were filtered for; None: not filtered."""

    epochs: int = 0
    """Epochs trained in all."""

    best_epoch: int = 0
    """The epoch whose weights these are."""

    temperature: float = 1.0
    """Temperature: its logits were divided by it, to calibrate its probabilities."""

    scales: tuple[int, ...] = (1,)
    """Sides of the pixels it is asked at, in those of the scene: `mean_logits`."""

    unscored: bool = False
    """No chip was held out: nothing tells how right it is."""

    weights: str = ""
    """Digest of the weights; "" before it is stored."""

    software: str = f"sea_ice_kedro {__version__}"

    @property
    def step_px(self) -> int:
        """Rows and columns of windows are multiples of it."""
        return int(max(self.scales) * 2**self.unet.depth)

    @property
    def normalisation(self) -> str:
        """See `UNetOptions.normalisation`."""
        return self.unet.normalisation

    @property
    def sees_scene(self) -> bool:
        """See `UNetOptions.sees_scene`."""
        return self.unet.sees_scene

    @property
    def title(self) -> str:
        """Its name in tags and tables, which says where nothing was scored."""
        return f"{self.name} (unscored)" if self.unscored else self.name

    def named(self, name: str) -> "ModelCard":
        """Return the card with the variant's name."""
        return replace(self, name=name)

    def to_json(self) -> str:
        """Write the card as text."""
        classes = {str(c.value): c.key for c in SeaIceClass}
        return json.dumps({"format": FORMAT, "classes": classes, **asdict(self)})

    @classmethod
    def from_json(cls, text: str, where: str) -> "ModelCard":
        """Read a card back.

        Args:
            text: What `to_json` gave.
            where: Name of the file, for the message.

        Raises:
            InvalidModel: if it is of another format, or has other classes.
        """
        try:
            return cls._of(json.loads(text), where)
        except MALFORMED as error:
            if isinstance(error, InvalidModel):
                raise
            raise InvalidModel(
                f"{where}: expected a card that this version can read, got "
                f"{type(error).__name__}: {error}; train it again: kedro run "
                "--pipelines modeling"
            ) from error

    @classmethod
    def _of(cls, facts: dict[str, Any], where: str) -> "ModelCard":
        classes = {str(c.value): c.key for c in SeaIceClass}
        for key, expected in (("format", FORMAT), ("classes", classes)):
            if facts.pop(key, None) != expected:
                raise InvalidModel(
                    f"{where}: expected a model of {key} {expected}, got one made by "
                    f"{facts.get('software', 'an unknown version')}; train it again: "
                    "kedro run --pipelines modeling"
                )
        expect_integer("chip_px", facts["chip_px"], 1, _LARGEST_CHIP)
        expect_choice("images", facts["images"], ("original", "filtered"))
        facts["scales"] = tuple(facts.get("scales", (1,)))
        if facts["scales"] not in _SCALES:
            raise InvalidModel(
                f"{where}: expected scales {' or '.join(map(str, _SCALES))}, got "
                f"{facts['scales']}"
            )
        known = {field.name for field in fields(cls)}
        facts = {key: value for key, value in facts.items() if key in known}
        facts["unet"] = UNetOptions(**facts["unet"])
        if facts["filter"] is not None:
            facts["filter"] = FilterOptions(**facts["filter"])
            facts["thresholds"] = BrightnessThresholds(**facts["thresholds"])
        return cls(**facts)


# --- Contents of a `.keras` file, as data: nothing that it describes is ever built

CARD = "sea_ice_kedro.json"
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"

_LARGEST = {CARD: 1 << 20, _CONFIG: 16 << 20, _WEIGHTS: 4 << 30}
"""Bytes of each member; the paper's network has 124 million of weights."""

_MOST_PACKED = 8
"""Keras packs no weights; random numbers, as weights nearly are, do not pack at all."""

_MOST_OBJECTS = 20_000
"""Groups and arrays of weights."""


def read_member(filepath: str, name: str) -> bytes:
    """Read the card or the configuration of a model file.

    Args:
        filepath: A path, or a URL that fsspec knows.
        name: Of the member.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidModel: if it is damaged, lacks the member, or that is too large.
    """
    with browsing(filepath) as file, _members(file, Path(filepath).name) as members:
        return members.read(_expected(members, name, Path(filepath).name))


def expect_layers(filepath: str, described: dict[str, Any]) -> None:
    """Refuse a file that describes another network than its card, before any is loaded.

    Args:
        filepath: Of the model.
        described: The configuration of the network that its card tells.

    Raises:
        InvalidModel: naming the layers that do not belong there.
    """
    name = Path(filepath).name
    text = read_member(filepath, _CONFIG)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidModel(
            f"{name}: expected the description of a network in {_CONFIG}, got "
            f"{type(error).__name__}; take the file from where it was made"
        ) from error
    known = set(_classes_in(described))
    strange = sorted(set(_classes_in(found)) - known)
    if strange:
        raise InvalidModel(
            f"{name}: expected the layers of the network on its card, got "
            f"{', '.join(repr(one[:60]) for one in strange[:5])}. A model file may "
            "hold code that runs when it is opened: nothing of it was run. Use only "
            "networks that this project made: kedro run --pipelines modeling"
        )
    if _layers_of(found) != _layers_of(described):
        raise InvalidModel(
            f"{name}: expected the network on its card, of "
            f"{len(_layers_of(described))} layers, got another of "
            f"{len(_layers_of(found))}; card and network are of two files, or one was "
            "changed: train it again, kedro run --pipelines modeling"
        )


def expect_room(filepath: str, unet: UNetOptions) -> None:
    """Refuse a card of a network larger than its weights, before that is built.

    Raises:
        InvalidModel: if the file is a bomb, too large, or has fewer weights.
    """
    name = Path(filepath).name
    with browsing(filepath) as file, _members(file, name) as members:
        member = _expected(members, _WEIGHTS, name)
    if member.file_size > _MOST_PACKED * member.compress_size + (1 << 20):
        raise InvalidModel(
            f"{name}: expected weights as Keras stores them, got {member.file_size:,} "
            f"bytes packed into {member.compress_size:,}; that is no network"
        )
    widest = unet.base_filters * (2 * unet.depth if unet.sees_scene else 2**unet.depth)
    least = 4 * 9 * widest**2  # one convolution at the bottom
    if least > member.file_size:
        raise InvalidModel(
            f"{name}: expected at least {least:,} bytes of weights for the network on "
            f"its card ({unet.base_filters} filters, {unet.depth} steps down), got "
            f"{member.file_size:,}; one of the two is wrong: train it again"
        )


def weights_in(path: Path, folder: Path, most_bytes: int) -> Path:
    """Unpack the weights of a model file, if they are plain arrays of that size.

    Args:
        path: Of the model on a disk.
        folder: Where to put them.
        most_bytes: Of all arrays.

    Raises:
        InvalidModel: if they lead to other files, or say they are larger.
    """
    weights = folder / _WEIGHTS
    with path.open("rb") as file, _members(file, path.name) as members:
        member = _expected(members, _WEIGHTS, path.name)
        try:
            with members.open(member) as packed, weights.open("wb") as out:
                shutil.copyfileobj(packed, out, 1 << 20)
        except (zipfile.BadZipFile, EOFError) as error:
            raise _damaged(path.name, error) from error
    import h5py  # noqa: PLC0415 - only where a model is used

    try:
        with h5py.File(weights, "r") as content:
            size = sum(_plain_size(content))
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise _damaged(path.name, error) from error
    if size > most_bytes:
        raise InvalidModel(
            f"{path.name}: expected {most_bytes:,} bytes of weights for the network on "
            f"its card, got {size:,}; one of the two is wrong: train it again"
        )
    return weights


def _plain_size(content: Any) -> Iterator[int]:  # noqa: ANN401 - an h5py.File
    """Return the bytes of every array, none of which may lead elsewhere."""
    import h5py  # noqa: PLC0415

    left, seen = [content], 0
    while left:
        group = left.pop()
        for key in group:
            seen += 1
            plain = isinstance(group.get(key, getlink=True), h5py.HardLink)
            array = group[key] if plain and seen <= _MOST_OBJECTS else None
            if isinstance(array, h5py.Group):
                left.append(array)
                continue
            if array is None or array.external or array.is_virtual:
                raise ValueError(f"{key[:60]!r} is no array of this file")
            if array.dtype.kind not in "fiu":
                raise ValueError(f"{key[:60]!r} holds no numbers")
            yield int(array.size) * int(array.dtype.itemsize)


def _members(file: Any, name: str) -> zipfile.ZipFile:  # noqa: ANN401
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _damaged(name, error) from error


def _expected(members: zipfile.ZipFile, member: str, name: str) -> zipfile.ZipInfo:
    try:
        found = members.getinfo(member)
    except KeyError as error:
        raise _damaged(name, error) from error
    if found.file_size > _LARGEST[member]:
        raise InvalidModel(
            f"{name}: expected {member} of at most {_LARGEST[member]:,} bytes in it, "
            f"got {found.file_size:,}; that is no network of this project"
        )
    return found


def _damaged(name: str, error: Exception) -> InvalidModel:
    said = " ".join(str(error).split())[:200]
    return InvalidModel(
        f"{name}: expected a whole .keras file of a network trained by this project, "
        f"got one without its card or weights ({said}); train one: kedro run "
        "--pipelines modeling"
    )


def _classes_in(described: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Name all that Keras would build, or call, from a configuration."""
    left = [described]
    while left:
        here = left.pop()
        if isinstance(here, dict):
            if "class_name" in here:
                yield str(here["class_name"])
            if here.get("class_name") == "function":
                yield str(here.get("config"))
            left.extend(here.values())
        elif isinstance(here, list):
            left.extend(here)


def _layers_of(described: dict[str, Any]) -> list[tuple[object, ...]]:
    """Return what decides how a network maps pixels, whichever Keras wrote it."""
    config = described.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    found: list[tuple[object, ...]] = []
    for layer in layers if isinstance(layers, list) else []:
        inside = layer.get("config") if isinstance(layer, dict) else None
        inside = inside if isinstance(inside, dict) else {}
        decides = ("method", "filters", "units", "kernel_size", "strides", "activation")
        facts = (json.dumps(inside.get(key)) for key in decides)
        found.append((str(layer.get("class_name")) if inside else "", *facts))
    return sorted(found, key=str)
