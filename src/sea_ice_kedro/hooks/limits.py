"""Check class limits given by `--params` against where limits come from."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl

from sea_ice_kedro.errors import InvalidOption

_LOG = logging.getLogger(__name__)

_LIMITS = {"thin_ice_min": "water", "thick_ice_min": "thick ice"}
"""Limit -> what a scene must show to have one of its own."""


class LimitHooks:
    """Say when limits that were asked for are not those that scenes are labelled by."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Compare the limits in `--params` with the source of limits of this run.

        With source "scene" they stand in for what a scene does not show, which is
        warned of; with "published" nothing would read them.

        Raises:
            InvalidOption: if limits are given, and those of the paper are asked for.
        """
        loader = context.config_loader
        given = (loader.runtime_params or {}).get("autolabel", {}).get("thresholds", {})
        named = [name for name in _LIMITS if name in given]
        source = loader["parameters"]["autolabel"]["thresholds"]["source"]
        if not named or source == "values":
            return
        said = ", ".join(f"autolabel.thresholds.{n}={given[n]}" for n in named)
        way_out = "to label by them, add autolabel.thresholds.source=values to --params"
        if source == "published":
            raise InvalidOption(
                f"expected no limits beside those of the paper (source: published), "
                f"got {said}; {way_out}"
            )
        missing = " or ".join(_LIMITS[name] for name in named)
        _LOG.warning(
            "%s: used only for scenes that show no %s (source: %s); %s",
            said,
            missing,
            source,
            way_out,
        )
