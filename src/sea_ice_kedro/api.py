"""The library: scenes and class maps as numpy arrays, without Kedro or configuration.

Import these names from `sea_ice_kedro`; all other modules are private by convention.
"""

from dataclasses import replace

import numpy as np

from sea_ice_kedro.errors import InvalidOption, expect_choice, expect_integer
from sea_ice_kedro.imagery import cloud_filter, labelling
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.imagery.simulate import PRESETS, SimulatedScene, simulate_scene
from sea_ice_kedro.networks import network_url
from sea_ice_kedro.rasters.stored_scene import SceneInMemory
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.scene_files import read_scene_file
from sea_ice_kedro.training.model_file import ModelFile
from sea_ice_kedro.training.predict import InferenceOptions, predict_scene, whole

__all__ = [
    "ClassMap",
    "FilteredScene",
    "PredictedMap",
    "Scene",
    "SeaIceClass",
    "filter_scene",
    "label_scene",
    "predict",
    "read_scene",
    "simulate",
]

_BRIGHTEST = 255


def read_scene(
    path: str,
    bands: tuple[int, int, int] | None = None,
    scale: float | None = None,
    offset: float = 0.0,
) -> Scene:
    """Read a GeoTIFF, PNG or JPEG as a scene.

    Args:
        path: Path or URL of the file; its stem becomes the scene's id.
        bands: 1-based numbers of red, green and blue; None: as the file names or
            colours its bands, else 1, 2, 3.
        scale: reflectance = stored number × scale + offset; None: as the file says,
            else it is 8-bit brightness already.
        offset: See `scale`; -0.1 for Sentinel-2 from processing baseline 04.00 on.

    Returns:
        uint8 `rgb` (H, W, 3), bool `valid_mask` (H, W), georeference and time if known.

    Raises:
        InvalidScene: if the file is damaged or has no bands R, G, B.
        InvalidOption: if no file can be read like that.

    Examples:
        >>> from PIL import Image
        >>> Image.fromarray(simulate(1, shape=(64, 96)).scene.rgb).save("floes.png")
        >>> scene = read_scene("floes.png")
        >>> scene.scene_id, scene.rgb.shape, bool(scene.valid_mask.all())
        ('floes', (64, 96, 3), True)
    """
    options = RasterOptions(bands=bands, scale=scale, offset=offset)
    return read_scene_file(path, options)


def filter_scene(scene: Scene | RGB, method: str = "illumination") -> FilteredScene:
    """Take thin cloud and cloud shadow out of a scene.

    Args:
        scene: A scene, or uint8 (H, W, 3), all of it observed.
        method: "illumination"; "published" (Iqrah et al. 2024, for labels by the
            published limits); "none".

    Returns:
        The scene with other `rgb`, and `quality`: uint8 (H, W), bits 1 no data,
        2 thin cloud, 4 shadow, 8 another class than before, 16 saturated, 32 not
        restored.

    Raises:
        InvalidOption: if there is no such method.
        ValueError: if an array has another shape or type.

    Examples:
        >>> hazy = simulate(1, kind="haze", shape=(256, 256)).scene
        >>> clear = filter_scene(hazy)
        >>> clear.rgb.shape, clear.quality.shape, clear.quality.dtype
        ((256, 256, 3), (256, 256), dtype('uint8'))
    """
    expect_choice("method", method, cloud_filter.FILTERS)
    options = cloud_filter.FilterOptions(method)
    limits = BrightnessThresholds(
        source="published" if method == "published" else "scene"
    )
    chosen = replace(_as_scene(scene), given_filter="")
    return cloud_filter.filter_scene(chosen, options, limits)


def label_scene(scene: Scene | RGB, limits: tuple[int, int] | None = None) -> ClassMap:
    """Map thick ice, thin ice and open water by brightness.

    Args:
        scene: A scene, better a filtered one, or uint8 (H, W, 3).
        limits: First max(R, G, B) of thin and of thick ice, 1..255; None: those of the
            scene's own brightness, or those that it was filtered for.

    Returns:
        `codes`, uint8 (H, W) of `SeaIceClass`, 255 where there is no data or the
        filter could not restore the surface; `limits` and `limits_source` that were
        used.

    Raises:
        InvalidOption: if the limits are none.
        InvalidScene: if the scene was filtered for other limits.
        ValueError: if an array has another shape or type.

    Examples:
        >>> import numpy as np
        >>> grey = np.array([[10, 100, 250]], np.uint8)
        >>> label_scene(np.dstack([grey, grey, grey]), limits=(31, 205)).codes
        array([[2, 1, 0]], dtype=uint8)
        >>> class_map = label_scene(filter_scene(simulate(2, shape=(256, 256)).scene))
        >>> sorted(SeaIceClass(code).label for code in np.unique(class_map.codes))
        ['open water', 'thick ice', 'thin ice']
    """
    if limits is None:
        thresholds = BrightnessThresholds()
    elif 0 < limits[0] < limits[1] <= _BRIGHTEST:
        thresholds = BrightnessThresholds(*limits, source="values")
    else:
        raise InvalidOption(
            f"expected limits (thin, thick) with 0 < thin < thick <= {_BRIGHTEST}, got "
            f"{limits}"
        )
    return labelling.label_scene(_as_scene(scene), thresholds)


def predict(scene: Scene | RGB, network: str = "polar") -> PredictedMap:
    """Map a scene with a trained network.

    Args:
        scene: A scene as it was observed, or uint8 (H, W, 3). It is filtered first if
            the network has learnt from filtered images.
        network: "polar", which ships with this package, or the path of an .onnx or
            .keras file trained by this project; the latter needs TensorFlow.

    Returns:
        `codes`, uint8 (H, W) of `SeaIceClass`, 255 where there is no data or the
        network sees neither sea nor sea ice; `confidence`, uint8 (H, W), the
        probability of the class in percent, 255 like the codes.

    Raises:
        FileNotFoundError: if there is no such network.
        InvalidModel: if the file is none.
        MissingPackage: if TensorFlow is needed, and not installed.
        ValueError: if an array has another shape or type.

    Examples:
        >>> observed = simulate(2, shape=(128, 160))
        >>> predicted = predict(observed.scene)
        >>> predicted.codes.shape, int(predicted.confidence.max()) <= 100
        ((128, 160), True)
        >>> bool((predicted.codes == observed.truth.codes).mean() > 0.8)
        True
    """
    model = ModelFile(network_url(network))
    observed = SceneInMemory(_as_scene(scene))
    return whole(predict_scene(observed, model, InferenceOptions()))


def simulate(
    seed: int, kind: str = "pack", shape: tuple[int, int] = (1024, 1024)
) -> SimulatedScene:
    """Simulate a Sentinel-2 scene of sea ice whose truth is known.

    Args:
        seed: Non-negative; the same arguments give the same bytes.
        kind: "pack", "haze", "shadow", "polynya", "marginal_ice_zone", ...; an unknown
            one is refused with all names.
        shape: Rows and columns, 32..20000 each; a pixel is 10 m wide.

    Returns:
        `scene` as observed; `clear`, uint8 (H, W, 3), without cloud, shadow and noise;
        `truth`, a class map; `thin_cloud_mask` and `shadow_mask`, bool (H, W).

    Raises:
        InvalidOption: if there is no such kind or seed.
        ValueError: if a shape is out of range.

    Examples:
        >>> simulated = simulate(1, kind="shadow", shape=(128, 160))
        >>> simulated.scene.rgb.shape, simulated.truth.codes.dtype
        ((128, 160, 3), dtype('uint8'))
        >>> bool(simulated.shadow_mask.any())
        True
    """
    expect_integer("seed", seed, 0, 2**32 - 1)
    expect_choice("kind", kind, PRESETS)
    height, width = shape
    return simulate_scene(replace(PRESETS[kind], height=height, width=width), seed)


def _as_scene(scene: Scene | RGB) -> Scene:
    """Take an array for a scene that was observed all over."""
    if isinstance(scene, Scene):
        return scene
    rgb = np.asarray(scene)
    return Scene("scene", rgb, np.ones(rgb.shape[:2], bool))
