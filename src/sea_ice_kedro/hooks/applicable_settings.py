"""Settings that nothing reads under the chosen source or method: refused."""

from collections.abc import Iterator, Mapping
from typing import Any

from kedro.framework.hooks import hook_impl

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks.said_settings import (
    leaves,
    of_environment,
    of_params,
    value_in,
)

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


class ApplicableSettingHooks:
    """Refuse settings of another source or method than the chosen one."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Hold what `--params` and the environment say against what is chosen.

        A file of the environment is held to it only where it chooses itself: others
        are for whatever source or method a run names.

        Raises:
            InvalidOption: naming each setting that does not apply, and those that do.
        """
        loader = context.config_loader
        parameters = loader["parameters"]
        odd: list[str] = []
        for chooser, choices in _OWN.items():
            choice = str(value_in(parameters, chooser))
            for where, said in (
                ("--params", of_params(loader)),
                (
                    f"conf/{loader.env or loader.default_run_env}",
                    of_environment(loader),
                ),
            ):
                if where == "--params" or value_in(said, chooser) == choice:
                    found = _unread(chooser, choice, choices, said)
                    odd += [f"{where}: {one}" for one in found]
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
