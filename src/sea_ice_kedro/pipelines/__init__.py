"""Wiring: what is computed from what. The algorithms are elsewhere."""

from collections.abc import Mapping

ON_REQUEST = frozenset(
    {
        *("threshold_calibration", "grid_check", "floes", "network_floes"),
        *("polar", "scaling"),
    }
)
"""Those that `kedro run` leaves out unless they are named."""

SUMMARIES: Mapping[str, frozenset[str]] = {
    "reporting": frozenset({"run_record"}),
    "stac_export": frozenset({"scene_index"}),
}
"""Those that sum up whatever there is -> what they need; their steps take None for all
else that no run has made."""
