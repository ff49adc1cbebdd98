"""`sea-ice-kedro verify [FOLDER]`: whether products are as they were made."""

import os
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import click

from sea_ice_kedro.datasets.manifest import MADE, NAME, SINGLE_FILES, Entry, Manifest
from sea_ice_kedro.errors import InvalidModel, MissingInput, MissingPackage
from sea_ice_kedro.networks import ONNX
from sea_ice_kedro.plain_text import inert
from sea_ice_kedro.rasters.files import checksum
from sea_ice_kedro.rasters.remote import locate, reading_from

KERAS = ".keras"


def verify(given: Sequence[str], program: str) -> bool:
    """Compare every product with its manifest and every network with its card.

    Args:
        given: What follows `verify`.
        program: Name of the command, for its help.

    Returns:
        Whether all match.

    Raises:
        ClickException: if the command line is wrong.
        SeaIceError: if there is nothing to compare, or a bucket does not answer.
    """
    return bool(_verify.main(list(given), f"{program} verify", standalone_mode=False))


@click.command(options_metavar="")
@click.argument("folder", required=False)
def _verify(folder: str | None) -> bool:
    """List products in FOLDER that are missing, damaged or changed; exit code 1 if any.

    Every product is read and compared with the table of its folder, every network with
    its card. FOLDER is a data root (default: SEA_ICE_DATA, else data), or a folder
    in one. The next run remakes what is listed, except networks.
    """
    root = (folder or os.environ.get("SEA_ICE_DATA") or "data").rstrip("/")
    filesystem, path = locate(root)
    with reading_from(root):
        found = sorted(filesystem.find(path))
    paths = [str(filesystem.unstrip_protocol(one)) for one in found]
    paths = [one.removeprefix("file://") for one in paths]
    tables = [one for one in paths if one.endswith((f"/{NAME}", f"/{SINGLE_FILES}"))]
    networks = [one for one in paths if one.endswith((ONNX, KERAS))]
    if not tables and not networks:
        raise MissingInput(
            f"expected products with a table of what was made ({NAME}) in {root}, got "
            "none; name the folder where data lie, or make some: kedro run"
        )
    folders = {table.rpartition("/")[0] for table in tables}
    count = removed = 0
    wrong: list[str] = []
    for table in tables:
        folder, _, name = table.rpartition("/")
        entries = Manifest(folder, name).entries.values()
        count += sum(entry.status == MADE for entry in entries)
        removed += sum(entry.is_removed for entry in entries)
        wrong += [line for entry in entries for line in _of_product(folder, entry)]
    wrong += [line for one in networks for line in _of_network(one)]
    for line in wrong:
        click.echo(inert(line))
    click.echo(
        f"{count} products in {len(folders)} folders, {len(networks)} networks: "
        + (f"{len(wrong)} do not match" if wrong else "all match")
        + (f"; {removed} removed by keep_intermediates: false" if removed else "")
    )
    return not wrong


def _of_product(folder: str, entry: Entry) -> Iterator[str]:
    for name, known in entry.files.items():
        path = f"{folder}/{name}"
        try:
            digest = checksum(path)
        except (FileNotFoundError, NotADirectoryError):
            if entry.is_removed:
                return
            yield f"{path}: missing"
        else:
            if digest != known.digest:
                yield f"{path}: expected {known.digest}, got {digest}"


def _of_network(path: str) -> Iterator[str]:
    # Late: most folders hold no network.
    from sea_ice_kedro.training.model_file import load_model  # noqa: PLC0415
    from sea_ice_kedro.training.onnx_file import card_text, content_of  # noqa: PLC0415

    try:
        if path.endswith(ONNX):
            card_text(content_of(path), PurePosixPath(path).name)
        else:
            load_model(path)
    except InvalidModel as error:
        yield f"{path}: {error}"
    except MissingPackage as error:
        yield f"{path}: not compared: {error}"
