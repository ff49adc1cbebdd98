"""A static STAC catalogue of what a run has made: items, and files as assets.

STAC 1.1 with the extensions projection 2.0, classification 2.0, processing 1.2, file
2.1 and, for the network, MLM 1.4.

An item is a scene, or a day of a polar grid. STAC needs a time of each item, and no
place: a scene without a georeference has none, one without a time is left out.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pystac
from pystac.extensions.classification import Classification
from pystac.extensions.mlm import (
    InputStructure,
    MLMExtension,
    ModelInput,
    ModelOutput,
    ResultStructure,
    TaskType,
)
from pystac.extensions.raster import DataType

from sea_ice_kedro import __version__
from sea_ice_kedro.addresses import as_link
from sea_ice_kedro.imagery.arrays import SIMULATED, Georeference
from sea_ice_kedro.imagery.classes import NO_CLASS, SeaIceClass
from sea_ice_kedro.rasters.files import state_of
from sea_ice_kedro.rasters.footprint import pixel_size_m
from sea_ice_kedro.reporting.products import Product, ProductGroup, place_of
from sea_ice_kedro.reporting.stac_assets import (
    CLASSIFICATION,
    FILE,
    KINDS,
    PROCESSING,
    PROJECTION,
    asset_of,
    class_of,
    classes,
    file_fields,
    projection_of,
)
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.model_file import ModelFile
from sea_ice_kedro.training.onnx_file import UINT8, Port, ports_of

SCENES, DAYS, NETWORKS = "scenes", "daily-concentration", "networks"
_WHOLE_EARTH = [-180.0, -90.0, 180.0, 90.0]
_EXTENSIONS = [PROJECTION, PROCESSING, FILE]
_DAY = timedelta(days=1)
_LAND_SHARE = "sea_ice:land_fraction"


def catalogue_of(
    scenes: Iterable[ProductGroup],
    days: Iterable[ProductGroup],
    network: ModelFile | None = None,
) -> pystac.Catalog:
    """Describe the products of scenes and of days.

    Args:
        scenes: Those without a time of acquisition must have been left out.
        days: Maps of concentration by day.
        network: The one that has mapped the scenes.

    Returns:
        A catalogue of a collection of each, where there are any; hrefs of assets are
        absolute as long as nobody has saved it.

    Raises:
        InvalidModel: if the network's file is damaged.
    """
    catalogue = pystac.Catalog(
        "sea_ice_kedro",
        "Class maps of sea ice from Sentinel-2 scenes, and concentration by day.",
        "Sea ice",
        catalog_type=pystac.CatalogType.SELF_CONTAINED,
    )
    made = [
        (SCENES, "Scenes", "A scene an item: classes and pictures.", _scene_items),
        (DAYS, "Concentration by day", "A day of a polar grid an item.", _day_items),
    ]
    scenes = list(scenes)
    for (name, title, said, describe), groups in zip(
        made, (scenes, list(days)), strict=True
    ):
        items = list(describe(groups))
        if items:
            catalogue.add_child(_collection(name, title, said, items))
    _derive_days(catalogue)
    if network is not None:
        _derive_maps(catalogue, scenes, network)
    return catalogue


def _derive_maps(
    catalogue: pystac.Catalog, scenes: list[ProductGroup], network: ModelFile
) -> None:
    """Link each scene with the network that has mapped it, if it is still that one."""
    digest = network.fingerprint()
    mapped = {
        scene.name
        for scene in scenes
        if any(p.facts.get("model_checksum") == digest for p in scene.rasters())
    }
    collection = catalogue.get_child(SCENES)
    items = [] if collection is None else [*collection.get_items()]
    items = [item for item in items if item.id in mapped]
    if not items:
        return
    times = [_time(item, "start_datetime") for item in items]
    state = state_of(network.filepath)
    file = Product("network", network.filepath, state.size, state.digest)
    made = _network_item(network, (min(times), max(times)), file_fields(file))
    made.stac_extensions.append(FILE)
    said = "Networks that mapped scenes, of the times that they mapped."
    catalogue.add_child(_collection(NETWORKS, "Networks", said, [made]))
    for item in items:
        item.add_derived_from(made)


def _derive_days(catalogue: pystac.Catalog) -> None:
    """Link each day of a grid with the scenes that it sums."""
    scenes, days = (catalogue.get_child(name) for name in (SCENES, DAYS))
    if scenes is None or days is None:
        return
    shown = [scene for scene in scenes.get_items() if scene.bbox]
    for day in days.get_items():
        start, end = _time(day, "start_datetime"), _time(day, "end_datetime")
        for scene in shown:
            of_day = start <= _time(scene, "start_datetime") <= end
            if of_day and _is_north(scene) == _is_north(day):
                day.add_derived_from(scene)


def _is_north(item: pystac.Item) -> bool:
    _, south, _, north = item.bbox or [0, 0, 0, 0]
    return south + north > 0


def _scene_items(groups: Iterable[ProductGroup]) -> Iterator[pystac.Item]:
    for group in groups:
        item = _item(group, group.acquired())
        item.properties["processing:lineage"] = _lineage(group)
        item.properties |= _shares(group) | _source(group) | _platform(group)
        item.stac_extensions.append(CLASSIFICATION)
        yield item


def _day_items(groups: Iterable[ProductGroup]) -> Iterator[pystac.Item]:
    for group in groups:
        start = datetime.fromisoformat(group.day()).replace(tzinfo=UTC)
        item = _item(group, None, start, start + _DAY - timedelta(seconds=1))
        item.properties["processing:lineage"] = (
            "true areas of the classes of all scenes of the day, summed by cell of the "
            "grid; concentration is ice area / observed area"
        )
        yield item


def _pixel(
    georeference: Georeference | None, shape: tuple[int, int]
) -> dict[str, float]:
    """Tell the side of a pixel on the ground, "gsd" of STAC's common metadata."""
    if georeference is None:
        return {}
    return {"gsd": round(pixel_size_m(georeference, shape), 3)}


def _item(
    group: ProductGroup,
    when: datetime | None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pystac.Item:
    raster = next(group.rasters())
    georeference: Georeference | None = raster.georeference
    place = None if georeference is None else place_of(georeference, raster.shape)
    item = pystac.Item(
        group.name,
        None if place is None else place.geometry,
        None if place is None else place.bbox,
        when,
        {
            "processing:software": {"sea_ice_kedro": __version__},
            **projection_of(georeference, raster.shape),
            **_pixel(georeference, raster.shape),
        },
        start,
        end,
        list(_EXTENSIONS),
    )
    for product in group.products:
        item.add_asset(product.kind, asset_of(product))
    return item


def _lineage(group: ProductGroup) -> str:
    source, location = (group.facts.get(k, "") for k in ("source", "location"))
    steps = [KINDS[product.kind].title for product in group.products]
    return f"{location or group.name} (source {source or 'unknown'}); " + "; ".join(
        steps
    )


def _source(group: ProductGroup) -> dict[str, str]:
    """Say where a scene is from, and at first sight if it is no observation."""
    if not (source := group.facts.get("source", "")):
        return {}
    title = f"{group.name}: simulated, no observation"
    return {
        "sea_ice:source": source,
        **({"title": title} if source == SIMULATED else {}),
    }


def _platform(group: ProductGroup) -> dict[str, Any]:
    """Name the satellite, where the product that a scene is from does."""
    if not (satellite := group.facts.get("satellite", "")):
        return {}
    return {
        "platform": f"sentinel-{satellite.lower()}",
        "constellation": "sentinel-2",
        "instruments": ["msi"],
    }


def _shares(group: ProductGroup) -> dict[str, Any]:
    """Return the concentration of a scene, for search without opening a file."""
    for raster in group.rasters():
        if "pixels" in raster.facts:
            counts = {c: raster.facts[f"pixels_{c.key}"] for c in SeaIceClass}
            valid = sum(counts.values())
            ice = valid - counts[SeaIceClass.OPEN_WATER]
            pixels, land = raster.facts["pixels"], raster.facts.get("pixels_land")
            return {
                "sea_ice:valid_fraction": round(valid / pixels, 6),
                **({} if land is None else {_LAND_SHARE: round(land / pixels, 6)}),
                "sea_ice:concentration": round(ice / valid, 6) if valid else None,
            }
    return {}


def _collection(
    name: str, title: str, said: str, items: list[pystac.Item]
) -> pystac.Collection:
    collection = pystac.Collection(
        name,
        f"{said} Classes are of appearance, not stages of development; land counts as "
        "ice where no mask of it was named, and no data is never water.",
        _extent(items),
        title,
        catalog_type=pystac.CatalogType.SELF_CONTAINED,
        license="other",
        providers=[
            pystac.Provider("sea_ice_kedro", roles=[pystac.ProviderRole.PROCESSOR])
        ],
        summaries=pystac.Summaries(_summaries(name, items)),
    )
    if name == SCENES:
        collection.stac_extensions = [CLASSIFICATION]
    collection.add_items(items)
    return collection


def _summaries(name: str, items: list[pystac.Item]) -> dict[str, Any]:
    codes = sorted({item.properties.get("proj:code") or "" for item in items} - {""})
    summaries: dict[str, Any] = {"proj:code": codes} if codes else {}
    if name == SCENES:
        land = any(_LAND_SHARE in item.properties for item in items)
        summaries["classification:classes"] = classes(land)
    return summaries


def _extent(items: list[pystac.Item]) -> pystac.Extent:
    """Return box and days of all items; the whole Earth where none has a place."""
    boxes = [item.bbox for item in items if item.bbox] or [_WHOLE_EARTH]
    crosses = any(west > east for west, _, east, _ in boxes)
    # All around, where a box crosses the antimeridian: right, and maybe too wide.
    west = -180.0 if crosses else min(box[0] for box in boxes)
    east = 180.0 if crosses else max(box[2] for box in boxes)
    south, north = min(box[1] for box in boxes), max(box[3] for box in boxes)
    starts = [_time(item, "start_datetime") for item in items]
    ends = [_time(item, "end_datetime") for item in items]
    return pystac.Extent(
        pystac.SpatialExtent([[west, south, east, north]]),
        pystac.TemporalExtent([[min(starts), max(ends)]]),
    )


def _time(item: pystac.Item, name: str) -> datetime:
    time: Any = getattr(item.common_metadata, name) or item.datetime
    return datetime.fromisoformat(time.isoformat())


# --- A network as an item: the extension MLM says what it takes and gives

_AXES = {4: ["batch", "height", "width", "channel"], 2: ["batch", "channel"]}
_TASKS = [TaskType.SEMANTIC_SEGMENTATION]
_SAID = {
    "rgb": "red, green and blue of a window, 8-bit; scaled inside the network",
    "context": "of the whole scene: quantiles of its brightness, and its limits",
}


def _network_item(
    network: ModelFile, times: tuple[datetime, datetime], about: dict[str, Any]
) -> pystac.Item:
    """Describe a network; it has no place.

    Args:
        network: As it was served, an .onnx file.
        times: First and last time of the scenes that it has mapped.
        about: Size and checksum of its file, by the extension "file".

    Raises:
        InvalidModel: if the file is damaged.
    """
    card = network.card()
    item = pystac.Item(card.title, None, None, None, {}, *times)
    inputs, outputs = ports_of(card)
    MLMExtension.ext(item, add_if_missing=True).apply(
        card.title,
        "U-Net",
        _TASKS,
        [_input(port) for port in inputs],
        [_output(port, card) for port in outputs],
        framework="ONNX",
        pretrained=True,
        pretrained_source=card.software,
    )
    item.properties["sea_ice:network_digest"] = network.fingerprint()
    item.add_asset(
        "network",
        pystac.Asset(
            as_link(network.filepath),
            "Weights and card",
            None,
            "application/octet-stream",
            ["mlm:model", "mlm:weights"],
            {"mlm:artifact_type": "onnx", **about},
        ),
    )
    return item


def _input(port: Port) -> ModelInput:
    bands = ["red", "green", "blue"] if port.name == "rgb" else []
    structure = InputStructure.create(*_structure(port))
    return ModelInput.create(port.name, bands, structure, _SAID[port.name])


def _output(port: Port, card: ModelCard) -> ModelOutput:
    return ModelOutput.create(
        port.name,
        _TASKS,
        ResultStructure.create(*_structure(port)),
        "the chance of each class, 0..1",
        [*map(class_of, SeaIceClass), *([_NONE] if card.sees_scene else [])],
    )


def _structure(port: Port) -> tuple[list[int], list[str], DataType]:
    shape = [length if isinstance(length, int) else -1 for length in port.shape]
    kind = DataType.UINT8 if port.element == UINT8 else DataType.FLOAT32
    return shape, _AXES[len(shape)], kind


_NONE = Classification.create(
    NO_CLASS, "opaque cloud, land, or what was not observed", "no_class", "no class"
)
