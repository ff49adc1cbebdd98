"""The page itself: views of the material, laid out by a template."""

from collections import Counter
from dataclasses import dataclass, replace

import jinja2
import pandas as pd
from markupsafe import Markup

from sea_ice_kedro import __version__
from sea_ice_kedro.imagery.classes import (
    LAND_COLOUR,
    LAND_LABEL,
    NODATA_COLOUR,
    QualityFlag,
    SeaIceClass,
    css,
)
from sea_ice_kedro.plain_text import inert
from sea_ice_kedro.reporting.concentration_figures import LITTLE
from sea_ice_kedro.reporting.run_report import formatting, run_views
from sea_ice_kedro.reporting.run_report.findings import review
from sea_ice_kedro.reporting.run_report.locators import SIDE, locate
from sea_ice_kedro.reporting.run_report.pictures import CLEAR_COLOUR, QUALITY_COLOURS
from sea_ice_kedro.reporting.run_report.report_inputs import (
    ReportInputs,
    hemisphere_of,
    observed_km2,
    tabulate_scenes,
)
from sea_ice_kedro.reporting.run_report.run_views import (
    HEIGHT,
    WIDTH,
    view_curves,
    view_scores,
    view_season,
)
from sea_ice_kedro.reporting.run_report.scene_findings import GRAVITIES
from sea_ice_kedro.reporting.run_report.scene_views import (
    METHODS,
    SceneView,
    view_scenes,
)

_FLAGS = {
    QualityFlag.THIN_CLOUD: "haze taken out",
    QualityFlag.SHADOW: "shadow taken out",
    QualityFlag.CHANGED: "another class by it",
    QualityFlag.SATURATED: "saturated",
    QualityFlag.UNTRUSTWORTHY: "untrustworthy: no class",
}

MOST_ROWS = 1000
"""Scenes in the tables: a browser takes its time with more, and each is 2 kB."""


def render_report(material: ReportInputs) -> str:
    """Lay the material out as one HTML page that needs nothing beside it.

    Args:
        material: Tables, record and pictures of the scenes.

    Returns:
        The page: style, script and pictures are in it; it loads nothing else.
    """
    scenes = tabulate_scenes(material)
    findings = review(material)
    views = view_scenes(scenes, material.pictures, findings, material.figures)
    colours = material.figures.colours
    masked = any(view.row.get("land_fraction", 0) > 0 for view in views)
    land = {LAND_LABEL: css(LAND_COLOUR)} if masked else {}
    template = _environment().get_template("report.html")
    return template.render(
        title=_title(scenes),
        version=__version__,
        record=material.record,
        runs=run_views.runs_of(material.record),
        command_of=run_views.command_of,
        steps=run_views.view_steps(material.record),
        training=run_views.view_training(material.histories),
        missing=run_views.missing_of(material),
        curves=view_curves(material.histories),
        curve_size=(WIDTH, HEIGHT),
        locators=locate(scenes),
        locator_side=SIDE,
        findings=findings,
        gravities={g: Counter(f.gravity for f in findings)[g] for g in GRAVITIES},
        scenes=views,
        listed=_listed(views),
        totals=[total for kind in METHODS for total in _totals(scenes, kind)],
        scores=view_scores(material),
        season=view_season(material.seasons),
        little=LITTLE,
        class_keys=[c.key for c in SeaIceClass],
        class_names=[c.label for c in SeaIceClass],
        class_colours={c.label: css(colours[c]) for c in SeaIceClass}
        | land
        | {"no data": css(NODATA_COLOUR)},
        products=material.products,
        flag_colours={
            "clear": css(CLEAR_COLOUR),
            **{title: css(QUALITY_COLOURS[flag]) for flag, title in _FLAGS.items()},
            **land,
            "no data": css(NODATA_COLOUR),
        },
    )


def _title(scenes: pd.DataFrame) -> str:
    """Say where and when: "Run report: Ross Sea, 2019-11-01 to 2019-11-28"."""
    regions = sorted(
        {
            str(region).replace("_", " ")
            for region in scenes.get("region", ())
            if formatting.is_text(region)
        }
    )
    days = sorted({str(a)[:10] for a in scenes["acquired"] if formatting.is_text(a)})
    said = [formatting.names(regions)] if regions else []
    if days:
        said.append(days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}")
    said = said or [formatting.plural(len(scenes), "scene")]
    return f"Run report: {', '.join(said)}"


@dataclass(frozen=True)
class Total:
    """Totals over all scenes with a georeference, each counted whole."""

    words: str
    """How their class maps were made."""

    scenes: int
    observed_km2: float
    concentration: float
    """Ice area / observed area, 0..1."""


def _totals(scenes: pd.DataFrame, kind: str) -> list[Total]:
    """Sum areas, of each hemisphere alone: their seas are not one."""
    observed = scenes[observed_km2(scenes, kind) > 0]
    seas = dict(tuple(observed.groupby(observed["crs"].map(hemisphere_of))))
    found = [(sea, _total(part, kind)) for sea, part in seas.items()]
    return [
        replace(total, words=f"{total.words}, {sea}") if len(seas) > 1 else total
        for sea, total in found
        if total is not None
    ]


def _total(scenes: pd.DataFrame, kind: str) -> Total | None:
    """Sum areas; None where no scene has one."""
    observed = observed_km2(scenes, kind)
    if not observed.sum() > 0:
        return None
    columns = [f"{kind}.{c.key}_km2" for c in SeaIceClass if c.is_ice]
    ice = float(scenes[columns].astype(float).sum().sum())
    return Total(
        words=METHODS[kind],
        scenes=int((observed > 0).sum()),
        observed_km2=float(observed.sum()),
        concentration=ice / float(observed.sum()),
    )


def _listed(views: list[SceneView]) -> list[SceneView]:
    """Choose the rows of the tables: all, or those with most findings, in order."""
    if len(views) <= MOST_ROWS:
        return views
    places = sorted(range(len(views)), key=lambda place: -len(views[place].findings))
    return [views[place] for place in sorted(places[:MOST_ROWS])]


def _inert(value: object) -> object:
    """Have names of scenes do nothing in a page; what is markup is ours."""
    plain = isinstance(value, str) and not isinstance(value, Markup)
    return inert(str(value)) if plain else value


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sea_ice_kedro.reporting.run_report"),
        autoescape=True,
        finalize=_inert,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(formatting, name)
        for name in ("percent", "number", "area", "seconds", "moment", "text", "plural")
    }
    environment.tests["number_here"] = formatting.is_number
    return environment
