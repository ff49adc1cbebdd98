"""Plotly figures in a notebook, drawn without a network.

Plotly's own renderers for notebooks want require.js or an extension of the right
version of JupyterLab, and some load their script from the network.
"""

from typing import Any

import plotly.io as pio
from plotly.io.base_renderers import MimetypeRenderer
from plotly.offline import get_plotlyjs

_NAME = "sea_ice_offline"


def draw_offline() -> "PlotlyScript":
    """Have figures drawn by the script that the notebook itself carries.

    Returns:
        The script: let it be the last value of a cell, so that the page has it.
    """
    pio.renderers[_NAME] = _InPage()
    pio.renderers.default = _NAME
    return PlotlyScript()


class PlotlyScript:
    """plotly.js of the installed version, for the page of a notebook."""

    def _repr_html_(self) -> str:
        """Give the script as HTML; it calls itself `Plotly` also beside require.js."""
        return (
            "<script>window.sea_ice_define = window.define; window.define = undefined;"
            f"</script><script>{get_plotlyjs()}</script>"
            "<script>window.define = window.sea_ice_define;</script>"
        )

    def __repr__(self) -> str:
        """Describe it where no page is shown."""
        return "figures are drawn without a network"


class _InPage(MimetypeRenderer):  # type: ignore[misc]
    def to_mimebundle(self, fig_dict: dict[str, Any]) -> dict[str, str]:
        """Return the figure as HTML that takes `Plotly` from the page."""
        html = pio.to_html(
            fig_dict, include_plotlyjs=False, full_html=False, validate=False
        )
        return {"text/html": html}
