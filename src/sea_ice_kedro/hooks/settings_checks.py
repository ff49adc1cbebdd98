"""Checks of a run's settings: unknown, unread and contradictory ones are refused.

Plain functions of `Settings`; `checks.CheckHooks` calls them, in its order.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.project import pipelines

from sea_ice_kedro.datasets.run_state import SETTING as KEEP_INTERMEDIATES
from sea_ice_kedro.errors import InvalidOption

logger = logging.getLogger(__name__)

CONFIGURED = (
    *("engine.name", "engine.workers", "engine.remake"),
    *("inference.model", "modeling.variants", KEEP_INTERMEDIATES),
)
"""Read by catalog files and by hooks, not by a node."""

_RENAMED = {
    "evaluation.cloudy_from": "evaluation.cloudy_min_fraction",
    "filtering.illumination.evidence": "filtering.illumination.likelihood_weight",
    "ingestion.earth_engine.alongside": "ingestion.earth_engine.extra_bands",
    "ingestion.earth_engine.tries": "ingestion.earth_engine.max_attempts",
    "ingestion.stac.tries": "ingestion.stac.max_attempts",
    "modeling.training.augmentation.turns": (
        "modeling.training.augmentation.flip_rotate"
    ),
    "modeling.training.decay": "modeling.training.cosine_decay",
    "second_opinion.limit_step": "autolabel.thresholds.limit_step",
}
"""Settings of earlier versions -> their names of today."""

_LIMITS = {"thin_ice_min": "water", "thick_ice_min": "thick ice"}
"""Limit -> what a scene must show to have one of its own."""

_PRODUCTS = {"brightness", "cutting", "swir"}
_MARKERS = {"scene_marker", "label_marker", "label_suffix"}

_OWN: Mapping[str, Mapping[str, set[str]]] = {
    "ingestion.source": {
        "sample": {"sample"},
        "folder": {"folder", "raster", "brightness", *_MARKERS},
        "safe": {"folder", "safe", *_PRODUCTS},
        "earth_engine": {"earth_engine", "search", *_PRODUCTS},
        "stac": {"stac", "search", *_PRODUCTS},
    },
    "filtering.method": {
        "illumination": {"illumination", "opaque_cloud"},
        "published": {"published"},
        "none": set(),
    },
    "modeling.training.start": {"fresh": {"unet"}, "": set()},
}
"""Setting that chooses -> choice -> groups that some choices read and others do not;
"" stands for all other choices."""

_ABOVE = {"modeling.training.start": "modeling"}
"""Where the groups are, unless beside the setting that chooses."""


@dataclass(frozen=True)
class Settings:
    """Parameters of a run, by where they were set; nested as in the files."""

    base: Mapping[str, Any]
    """In `conf/base`, which has them all."""

    environment: Mapping[str, Any]
    """In the files of the environment alone."""

    params: Mapping[str, Any]
    """By `--params`."""

    used: Mapping[str, Any]
    """As the run takes them: all of these merged."""

    env: str
    """Name of the environment."""


def settings_of(loader: Any) -> Settings:  # noqa: ANN401 - Kedro's loader
    """Read the parameters of a run from its configuration loader."""
    env = loader.env or loader.default_run_env
    own: dict[str, Any] = {}
    if env != loader.base_env:
        try:
            own = _parameters_alone(loader, env, base=env)
        except MissingConfigException:  # an environment need not set any
            own = {}
    return Settings(
        base=_parameters_alone(loader, loader.base_env, base=loader.base_env),
        environment=own,
        params=dict(loader.runtime_params or {}),
        used=loader["parameters"],
        env=env,
    )


def _parameters_alone(loader: Any, env: str, *, base: str) -> dict[str, Any]:  # noqa: ANN401
    """Read the parameters of an environment without the others."""
    # A second loader would take the place of this one where globals are looked up.
    alone = copy(loader)
    alone.env, alone.base_env, alone.runtime_params = env, base, {}
    return dict(alone["parameters"])


def leaves(nested: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested settings with their full names: "engine.name"."""
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def value_in(nested: Mapping[str, Any], full: str) -> Any:  # noqa: ANN401
    """Return the value of a setting by its full name; None where it is not set."""
    for part in full.split("."):
        if not isinstance(nested, Mapping):
            return None
        nested = nested.get(part, {})
    return None if nested == {} else nested


def with_value(nested: Mapping[str, Any], full: str, value: object) -> dict[str, Any]:
    """Return a copy of nested settings in which one is set."""
    name, _, rest = full.partition(".")
    below = nested.get(name)
    inner = below if isinstance(below, Mapping) else {}
    return {**nested, name: with_value(inner, rest, value) if rest else value}


def expect_known(settings: Settings) -> None:
    """Refuse settings below a group of `conf/base` that it does not have.

    Raises:
        InvalidOption: naming each unknown one, and what is known beside it.
    """
    found = dict(_unknown(settings.base, settings.used))
    # Of those in --params, `expect_read` names what no step reads.
    odd = [
        said
        for full, said in found.items()
        if full not in CONFIGURED
        and (not _holds(settings.params, full) or _is_below(full, settings_read()))
    ]
    if odd:
        where = f"--params or conf/{settings.env}"
        raise InvalidOption(f"in {where}: " + "; ".join(odd))


def _unknown(
    known: Mapping[str, Any], asked: Mapping[str, Any], above: str = ""
) -> Iterator[tuple[str, str]]:
    """Name and describe what base does not have, and what has another shape.

    A mapping that is empty in base takes any names; so does what is null there. What
    has no group in base at all is somebody's own.
    """
    for name, value in asked.items():
        full = f"{above}{name}"
        if name not in known:
            if above:
                yield full, _described(full, name, list(known))
            continue
        there = known[name]
        if isinstance(there, Mapping) and there:
            if isinstance(value, Mapping):
                yield from _unknown(there, value, f"{full}.")
            else:
                yield (
                    full,
                    f"expected settings below {full} ({', '.join(sorted(there))}), as "
                    f"in {full}.{next(iter(there))}=..., got {value!r} for all of it",
                )
        elif isinstance(value, Mapping) and value and not _takes_any(there):
            below = ", ".join(map(str, value))
            yield (
                full,
                f"expected {full} to be one value, got settings below it: {below}",
            )


def _takes_any(there: object) -> bool:
    return there is None or isinstance(there, Mapping)


def _holds(given: Mapping[str, Any], full: str) -> bool:
    """Return whether a nested mapping has a dotted name."""
    for part in full.split("."):
        if not isinstance(given, Mapping) or part not in given:
            return False
        given = given[part]
    return True


def _described(full: str, name: str, known: list[str]) -> str:
    if full in _RENAMED:
        return f"{full} is called {_RENAMED[full]} now: expected that, got {full}"
    group = full.rpartition(".")[0]
    close = get_close_matches(name, known, 1, 0.5)
    meant = f"; did you mean {group}.{close[0]}?" if close else ""
    return (
        f"expected a setting of {group} ({', '.join(sorted(known))}), got {full}{meant}"
    )


def expect_read(params: Mapping[str, Any]) -> None:
    """Refuse `--params` that nothing reads: a typing error would go unnoticed.

    Raises:
        InvalidOption: naming those that nothing reads, and all that are read.
    """
    if not params:
        return
    read = settings_read()
    unread = [name for name, _ in leaves(params) if not _is_below(name, read)]
    if unread:
        raise InvalidOption(
            f"expected --params below one of {', '.join(sorted(read))}, got "
            f"{', '.join(unread)}, which nothing reads"
        )


def settings_read() -> set[str]:
    """Name the settings, or groups of them, that any pipeline, file or hook reads."""
    pipelines.set_requested(None)  # a run loads only the pipelines it was asked for
    by_nodes = {
        name.removeprefix("params:")
        for pipeline in pipelines.values()
        for name in pipeline.inputs()
        if name.startswith("params:")
    }
    return {*CONFIGURED, *by_nodes}


def _is_below(name: str, groups: Collection[str]) -> bool:
    return any(f"{name}.".startswith(f"{group}.") for group in groups)


def expect_applicable(settings: Settings) -> None:
    """Refuse settings of another source or method than the chosen one.

    `--params` are held to what is chosen. Files of an environment are only where they
    choose themselves: others are for whatever source or method a run names.

    Raises:
        InvalidOption: naming each setting that does not apply, and those that do.
    """
    odd: list[str] = []
    for chooser, choices in _OWN.items():
        choice = str(value_in(settings.used, chooser))
        found = _unread(chooser, choice, choices, settings.params)
        odd += [f"--params: {one}" for one in found]
        if value_in(settings.environment, chooser) == choice:
            found = _unread(chooser, choice, choices, settings.environment)
            odd += [f"conf/{settings.env}: {one}" for one in found]
    if odd:
        raise InvalidOption("; ".join(dict.fromkeys(odd)))


def _unread(
    chooser: str,
    choice: str,
    choices: Mapping[str, set[str]],
    said: Mapping[str, Any],
) -> Iterator[str]:
    """Describe what is said for other choices."""
    read = choices.get(choice, choices.get(""))
    if read is None:  # one of somebody's own
        return
    above = _ABOVE.get(chooser, chooser.rpartition(".")[0])
    others = set().union(*choices.values()) - read
    names = [
        full
        for full, value in leaves(value_in(said, above) or {})
        if full.partition(".")[0] in others and value is not None
    ]
    for name in names:
        group = name.partition(".")[0]
        readers = " or ".join(c for c, groups in choices.items() if group in groups)
        own = ", ".join(f"{above}.{one}" for one in sorted(read)) or "none"
        yield (
            f"expected settings that {chooser}={choice} reads ({own} of those that "
            f"depend on it), got {above}.{name}, which is of {readers}; leave it out, "
            f"or choose {chooser}={readers.partition(' or ')[0]}"
        )


def expect_limits_used(settings: Settings) -> None:
    """Compare class limits in `--params` with where the limits of this run come from.

    With source "scene" they stand in for what a scene does not show, which is warned
    of; with "published" nothing would read them.

    Raises:
        InvalidOption: if limits are given, and those of the paper are asked for.
    """
    given = value_in(settings.params, "autolabel.thresholds") or {}
    named = [name for name in _LIMITS if name in given]
    source = settings.used["autolabel"]["thresholds"]["source"]
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
    logger.warning(
        "%s: used only for scenes that show no %s (source: %s); %s",
        said,
        missing,
        source,
        way_out,
    )


def keep_intermediates(defaults: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """Return whether intermediate products stay at the end of a run.

    Args:
        defaults: The globals of the environment.
        params: Those of `--params`.

    Raises:
        InvalidOption: if it is neither true nor false.
    """
    keep = {**defaults, **params}.get(KEEP_INTERMEDIATES, True)
    if not isinstance(keep, bool):
        raise InvalidOption(
            f"expected {KEEP_INTERMEDIATES} to be true or false, got {keep!r}"
        )
    return keep
