"""Products that are one file each: a folder's tables and figures, and their digests.

They have a table of their own beside them, in the form of a manifest: what is removed
with its scene, and whose folder one run holds for long, are partitions only.
"""

from sea_ice_kedro.datasets.manifest import (
    MADE,
    Entry,
    Manifest,
    expect_same,
    held_alone,
)
from sea_ice_kedro.rasters.files import state_of

SINGLE_FILES = ".files.jsonl"
"""Name of the table."""


def forget_file(filepath: str) -> None:
    """Take a file out of the table before it is written anew: a run may be killed.

    Args:
        filepath: A path, or a URL that fsspec knows.

    Raises:
        CannotWrite: if there is no room or no permission.
        FolderInUse: if another process holds the table for a minute.
    """
    folder, _, name = filepath.rpartition("/")
    with held_alone(folder or ".", wait=True):
        table = Manifest(folder or ".", SINGLE_FILES)
        table.drop(name)
        table.close()


def keep_file(filepath: str) -> None:
    """Put down size, times and digest of a file as it was written.

    Raises:
        CannotWrite: if there is no room or no permission.
        FolderInUse: if another process holds the table for a minute.
    """
    folder, _, name = filepath.rpartition("/")
    with held_alone(folder or ".", wait=True):
        table = Manifest(folder or ".", SINGLE_FILES)
        table.put(Entry(name, MADE, files={name: state_of(filepath)}))
        table.close()


def expect_as_made(filepath: str) -> None:
    """Refuse a file that is not as it was written; one that is not listed is taken.

    It is read only if its size or times are other ones.

    Raises:
        InvalidRecord: if its content is another.
        CannotRead: if it is in a bucket that does not answer.
    """
    folder, _, name = filepath.rpartition("/")
    entry = Manifest(folder or ".", SINGLE_FILES).entries.get(name)
    if entry is not None and name in entry.files:
        known = entry.files[name]
        found = state_of(filepath, known).digest
        expect_same(name, found, known.digest, f"{folder or '.'}/{SINGLE_FILES}")
