"""Cloud and sun of what a search found, held against the limits that were asked for."""

import logging
from collections.abc import Mapping

from sea_ice_kedro.sources.listing import names
from sea_ice_kedro.sources.product_options import SearchOptions

logger = logging.getLogger(__name__)

Sky = tuple[float | None, float | None]
"""Cloud in percent and elevation of the sun in degrees; None where nobody says."""


def within_limits(skies: Mapping[str, Sky], search: SearchOptions) -> set[str]:
    """Choose what is clear and sunny enough; name what does not say so.

    What is unknown fits no limit. Without a limit (100 % cloud, the sun above the
    horizon: the defaults) it costs nothing.

    Args:
        skies: By the name of item or granule.
        search: The limits.

    Returns:
        The names of those that fit.
    """
    limits = (
        ("max_cloud_percentage", search.max_cloud_percentage < 100, 0),  # noqa: PLR2004
        ("min_sun_elevation_deg", search.min_sun_elevation_deg > 0, 1),
    )
    unknown: set[str] = set()
    for option, asked, which in limits:
        silent = {name for name, sky in skies.items() if asked and sky[which] is None}
        if silent:
            logger.warning(
                "left out, as their %s is not known and ingestion.search.%s=%g is "
                "asked for: %s",
                ("cloud", "sun elevation")[which],
                option,
                getattr(search, option),
                names(sorted(silent)),
            )
        unknown |= silent
    fitting = {
        name
        for name, (cloud, sun) in skies.items()
        if (cloud is None or cloud <= search.max_cloud_percentage)
        and (sun is None or sun >= search.min_sun_elevation_deg)
    }
    if beyond := len(skies) - len(fitting):
        logger.info(
            "%d of %d found have more cloud or a lower sun than ingestion.search asks",
            beyond,
            len(skies),
        )
    return fitting - unknown
