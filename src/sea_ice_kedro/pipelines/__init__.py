"""Wiring: what is computed from what. The algorithms are elsewhere."""

ON_REQUEST = frozenset(
    {
        *("threshold_calibration", "grid_check", "floes", "network_floes"),
        *("polar", "scaling"),
    }
)
"""Those that `kedro run` leaves out unless they are named."""
