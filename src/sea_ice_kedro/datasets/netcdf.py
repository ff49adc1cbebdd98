"""A NetCDF file of arrays with axes, for xarray and whatever else reads NetCDF-4."""

from typing import TYPE_CHECKING

from sea_ice_kedro.datasets.whole_file import ProvenancedFileDataset, damage_named
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors

if TYPE_CHECKING:
    import xarray as xr

_PREFIX = "sea_ice_"
"""Of what the file says about its making."""


class NetcdfDataset(ProvenancedFileDataset["xr.Dataset"]):
    """Saves and loads one `xarray.Dataset`, and what it was made from.

    Examples:
        Using the YAML API:

        ```yaml
        daily_cubes:
          type: sea_ice_kedro.datasets.ParallelPartitionedDataset
          path: data/08_reporting/daily_cubes
          filename_suffix: .nc
          dataset: {type: sea_ice_kedro.datasets.NetcdfDataset}
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import NetcdfDataset
        >>> season = NetcdfDataset(filepath="epsg6932_25km.nc").load()
        >>> season["sea_ice_concentration"].mean(["y", "x"])
    """

    def save(self, data: "xr.Dataset") -> None:
        """Write the arrays, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        made = {_PREFIX + name: value for name, value in self._provenance.items()}
        with write_errors(self._filepath), writing(self._filepath) as part:
            data.assign_attrs(made).to_netcdf(part, engine="h5netcdf")

    def load(self) -> "xr.Dataset":
        """Read all of it into memory; times are decoded.

        Raises:
            InvalidRecord: if the file is damaged.
        """
        # Late: a second or more.
        import xarray as xr  # noqa: PLC0415

        with (
            reading(self._filepath) as path,
            damage_named(self._filepath),
            xr.open_dataset(path, engine="h5netcdf") as file,
        ):
            return file.load()
