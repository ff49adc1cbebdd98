"""Base of the datasets with one raster file."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime

from sea_ice_kedro.datasets.whole_file import ProvenancedFileDataset, Value
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Acquisition
from sea_ice_kedro.rasters.geotiff import Facts, facts_of, opened_header


class RasterFileDataset(ProvenancedFileDataset[Value]):
    """One raster file with provenance in its tags."""

    _saved: Facts | None = None
    """What the file says that this dataset has saved."""

    def facts(self) -> Facts:
        """Return what the file says of itself: no pixel is read.

        Nothing is read at all of a file that this very dataset has saved.

        Raises:
            FileNotFoundError: if there is no such file.
            InvalidScene: if it is damaged.
        """
        if self._saved is not None:
            return self._saved
        with opened_header(self._filepath) as file:
            return facts_of(file)

    def stored_fingerprint(self) -> str | None:
        """Return what the existing file was made from; None when there is none."""
        try:
            fingerprint: str | None = self.facts().get("fingerprint")
        except (FileNotFoundError, InvalidScene):
            return None
        return fingerprint


def time_tag(acquired: datetime | None) -> dict[str, str]:
    """Write a time of acquisition as a tag, when it is known."""
    return {} if acquired is None else {"acquired": acquired.isoformat()}


def source_tag(source: str) -> dict[str, str]:
    """Write where a product's scene is from as a tag, when it is known."""
    return {"source": source} if source else {}


def time_of(tags: Mapping[str, str]) -> datetime | None:
    """Read the time of acquisition from tags."""
    return datetime.fromisoformat(tags["acquired"]) if "acquired" in tags else None


def acquisition_tags(acquisition: Acquisition) -> dict[str, str]:
    """Write as tags what a product's metadata say of a scene; unknown is left out."""
    values = {f.name: getattr(acquisition, f.name) for f in fields(Acquisition)}
    return {
        name: f"{value:.10g}" if isinstance(value, float) else value
        for name, value in values.items()
        if value not in (None, "")
    }


def acquisition_of(tags: Mapping[str, str]) -> Acquisition | None:
    """Read back what `acquisition_tags` wrote; None where there is nothing."""
    words = {f.name: tags[f.name] for f in fields(Acquisition) if f.name in tags}
    if not words:
        return None
    numbers = ("sun_elevation_deg", "cloud_percentage")
    return Acquisition(
        **{k: float(v) if k in numbers else v for k, v in words.items()}  # type: ignore[arg-type]
    )
