"""Settings that nothing knows: refused, with those that are known."""

from collections.abc import Iterator, Mapping
from copy import copy
from difflib import get_close_matches
from typing import Any

from kedro.framework.hooks import hook_impl

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks.checks import CONFIGURED, is_read

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
}
"""Settings of earlier versions -> their names of today."""


class KnownSettingHooks:
    """Hold the settings of a run against those of `conf/base`, which has them all."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Check what `--params` and the environment say below each group of settings.

        Raises:
            InvalidOption: naming each unknown one, and what is known beside it.
        """
        loader = context.config_loader
        found = dict(_unknown(_of_base(loader), loader["parameters"]))
        given = loader.runtime_params or {}
        # Of those in --params, `RuntimeParameterHooks` names what no step reads.
        odd = [
            said
            for full, said in found.items()
            if full not in CONFIGURED and (not _holds(given, full) or is_read(full))
        ]
        if odd:
            where = f"--params or conf/{loader.env or loader.default_run_env}"
            raise InvalidOption(f"in {where}: " + "; ".join(odd))


def _of_base(loader: Any) -> dict[str, Any]:  # noqa: ANN401
    """Read the parameters of the base environment alone."""
    # A second loader would take the place of this one where globals are looked up.
    base = copy(loader)
    base.env, base.runtime_params = base.base_env, {}
    parameters: dict[str, Any] = base["parameters"]
    return parameters


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
