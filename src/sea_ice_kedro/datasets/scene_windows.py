"""A scene that is read window by window."""

from typing import NoReturn

from kedro.io import DatasetError

from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.rasters.stored_scene import StoredScene


class SceneWindowsDataset(WholeFileDataset[StoredScene]):
    """Loads a handle of a scene that another dataset saved; no pixel is read.

    Used with transcoding: `scenes@raster` is saved, `scenes@windows` feeds what needs
    a scene in parts, so that memory does not grow with the scene.

    Examples:
        Using the Python API:

        >>> from sea_ice_kedro.datasets import SceneWindowsDataset
        >>> stored = SceneWindowsDataset(filepath="s2_vis_00.tif").load()
        >>> with stored.reader() as read:
        ...     rgb, valid_mask = read(0, 0, 256)
    """

    def load(self) -> StoredScene:
        """Return the handle."""
        return StoredScene(self._filepath)

    def save(self, data: StoredScene) -> NoReturn:
        """Refuse: a handle holds no pixels.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(
            "expected a scene to be saved with its pixels, got a handle of it: save to "
            "the `@raster` entry of this dataset instead"
        )
