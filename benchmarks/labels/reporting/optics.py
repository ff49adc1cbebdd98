"""Reflectances in red, green and blue: 0..1, at 665, 560 and 490 nm.

The bands are those of Sentinel-2's B04, B03 and B02; MODIS and Landsat are near them.
"""

import numpy as np
import numpy.typing as npt

from benchmarks.labels.reporting.fields import Field, Shape, gaussian_field, ramp

Colours = npt.NDArray[np.float32]
"""float32 (H, W, 3) of reflectance, R, G, B."""

Colour = npt.NDArray[np.float32]
"""float32 (3,) of reflectance or of a factor on it, R, G, B."""

WAVELENGTH_NM = np.array([665.0, 560.0, 490.0])

# Pope & Fry 1997, table 3, per metre
WATER_ABSORPTION = np.array([0.429, 0.0619, 0.0150])

# half of Morel's 1974 scattering of sea water, per metre
WATER_BACKSCATTER = 0.5 * 0.00288 * (WAVELENGTH_NM / 500) ** -4.32

# Froehlich & Shaw 1980, at sea level; one exponent for the visible
RAYLEIGH_DEPTH = 0.00864 * (WAVELENGTH_NM / 1000) ** -4.06


def as_colour(values: npt.ArrayLike) -> Colour:
    """Return three numbers as float32 (3,)."""
    return np.asarray(values, np.float32)


def water_colour(cdom: float, particles: float, chlorophyll: float) -> Colour:
    """Compute the reflectance of water just above its surface, without glint.

    0.33 * backscatter / (absorption + backscatter) below the surface (Morel & Prieur
    1977), 0.54 of it above (Austin 1974).

    Args:
        cdom: absorption of dissolved matter at 440 nm per metre; 0.01 in clear ocean,
            above 1 off Siberian rivers.
        particles: backscatter of particles at 550 nm per metre; 0.0005 in clear ocean,
            0.5 in plumes of glacial flour.
        chlorophyll: mg per cubic metre; absorption by Bricaud et al. 1995.
    """
    absorption = WATER_ABSORPTION + cdom * np.exp(-0.016 * (WAVELENGTH_NM - 440))
    absorption += 0.04 * chlorophyll**0.668 * np.array([0.45, 0.15, 0.7])
    scatter = WATER_BACKSCATTER + particles * (WAVELENGTH_NM / 550) ** -0.7
    return as_colour(0.54 * 0.33 * scatter / (absorption + scatter))


def path_colour(sun_cosine: float) -> Colour:
    """Compute what air without aerosol adds at the top of the atmosphere, at nadir.

    Single scattering; the phase function is near 1 for a high or low sun.
    """
    return as_colour(RAYLEIGH_DEPTH / (4 * sun_cosine))


def glint(rng: np.random.Generator, shape: Shape) -> Field:
    """Draw the sun's glitter on water: 0..0.12, by Cox & Munk (1954).

    The slope that reflects the sun to the sensor grows across the scene; the variance
    of slopes follows wind, which comes in patches and slicks.
    """
    tilt = np.radians(rng.uniform(10, 35) + 4 * ramp(shape, rng.uniform(0, 2 * np.pi)))
    gusts = gaussian_field(rng, shape, 0.3 * max(shape), slope=1.8)
    wind = np.clip(rng.uniform(2, 11) * (1 + 0.2 * gusts), 0.5, 16)
    variance = 0.003 + 0.00512 * wind
    slope2 = np.tan(tilt) ** 2
    shown = 0.021 * np.exp(-slope2 / variance) / variance
    shown /= 4 * np.cos(2 * tilt).clip(0.3) * np.cos(tilt) ** 4
    return np.asarray(np.clip(shown, 0, 0.12), np.float32)


def thick_ice(tone: Field, bare: Field, dirt: Field) -> Colours:
    """Return the colours of thick ice.

    Snow is flat over the visible (Warren 1982); bare ice loses red (Grenfell & Maykut
    1977: 0.73 at 490 nm, 0.65 at 665 nm); sediment takes blue (Light et al. 1998).

    Args:
        tone: reflectance at 560 nm, (H, W).
        bare: 0 for snow .. 1 for ice without, (H, W).
        dirt: 0..1, (H, W).
    """
    red = tone * (1 - 0.09 * bare + 0.02 * dirt)
    green = tone * (1 - 0.04 * dirt)
    blue = tone * (1.01 + 0.03 * bare - 0.14 * dirt)
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 1).astype(np.float32)


def thin_ice(tone: Field) -> Colours:
    """Return the colours of ice without snow by its reflectance at 560 nm, (H, W).

    Red is what thickness brings: water shines through nilas (Grenfell & Perovich 1984;
    Perovich 1996).
    """
    through = np.clip((0.35 - tone) / 0.3, 0, 1)
    red, blue = tone * (0.97 - 0.12 * through), tone * (1.01 + 0.05 * through)
    return np.stack([red, tone, blue], axis=-1).astype(np.float32)


def pond_colour(rng: np.random.Generator) -> Colour:
    """Draw the colour of melt ponds, pale blue to dark (Grenfell & Maykut 1977)."""
    dark = rng.uniform(0, 1)
    return as_colour([0.28 - 0.2 * dark, 0.45 - 0.27 * dark, 0.5 - 0.24 * dark])
