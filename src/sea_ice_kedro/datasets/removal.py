"""Intermediate products leave the disk; what is known of them stays in the manifest."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sea_ice_kedro.datasets.manifest import MADE, REMOVED, Entry, Manifest, held_alone
from sea_ice_kedro.rasters.files import remove


def remove_intermediates(folder: str, partition_ids: Collection[str]) -> int:
    """Remove rasters of a folder, and keep their digests and facts.

    What another hand has changed, or what is not known to the manifest, stays.

    Args:
        folder: Path or URL.
        partition_ids: Which.

    Returns:
        The bytes that they had.

    Raises:
        FolderInUse: if another run writes to the folder.
        OSError: if one cannot be removed, or the manifest cannot be written.
    """
    with held_alone(folder):
        manifest = Manifest(folder)
        made = [
            entry
            for i in partition_ids
            if (entry := manifest.entries.get(i)) and entry.status == MADE
        ]
        try:
            # Most of it is waiting: for a disk, or a bucket.
            with ThreadPoolExecutor(thread_name_prefix="removal") as threads:
                found = list(threads.map(lambda entry: _removed(folder, entry), made))
            gone = [entry for entry in found if entry is not None]
            for entry in gone:  # first the line: what is killed in between is there
                manifest.put(entry)
                for name in entry.files:
                    remove(f"{folder}/{name}")
        finally:
            manifest.close()
    return sum(state.size for entry in gone for state in entry.files.values())


def _removed(folder: str, entry: Entry) -> Entry | None:
    found = entry.as_found(folder)
    if found is None or len(found.files) != 1 or not found.facts:
        return None
    return replace(found, status=REMOVED)
