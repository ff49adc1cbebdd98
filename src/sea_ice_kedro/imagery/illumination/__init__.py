"""Slowly varying illumination and haze, told apart from the surface of sea ice.

What the satellite sees is taken as I = (1 - t)·(1 - s)·R + t·A: the surface R, dimmed
by a shadow s, veiled by thin cloud of opacity t and colour A (the model of haze of
Narasimhan & Nayar 2002, with the shadow of Finlayson et al. 2006, which is bluer than
the light). Sea ice offers few tones to R: dark water, bright thick ice, and thin ice
anywhere between. So each cell of a coarse grid has a likelihood over (s, t), fields of
s and t that vary little are found by belief propagation (Felzenszwalb & Huttenlocher
2006), refined on the ice and water itself, and taken out of every pixel.
"""

from sea_ice_kedro.imagery.illumination.shadow_and_haze import (
    IlluminationFilter,
    filter_illumination,
)

__all__ = ["IlluminationFilter", "filter_illumination"]
"""The options record and the filter."""
