"""`keep_intermediates: false`: what only serves to make something else is removed."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl

from sea_ice_kedro.datasets.failures import LEDGER, Failure
from sea_ice_kedro.datasets.intermediates import INTERMEDIATES, SETTING
from sea_ice_kedro.datasets.removal import remove_intermediates
from sea_ice_kedro.errors import FolderInUse, InvalidOption

logger = logging.getLogger(__name__)


class IntermediateHooks:
    """Remove the intermediate products of a run when all that is made of them is."""

    def __init__(self) -> None:
        """Keep everything, until a run says otherwise."""
        self._keep = True

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Take the setting of the environment, or that of `--params`.

        Raises:
            InvalidOption: if it is neither true nor false.
        """
        loader = context.config_loader
        said = {**loader["globals"], **(loader.runtime_params or {})}
        self._keep = said.get(SETTING, True)
        if not isinstance(self._keep, bool):
            raise InvalidOption(
                f"expected {SETTING} to be true or false, got {self._keep!r}"
            )

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Begin to keep track of who makes what."""
        INTERMEDIATES.open(keep=self._keep)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Remove what this run has made and used, of scenes of which nothing failed.

        What this run has made nothing of stays: it is what was asked for.
        """
        folders = INTERMEDIATES.close()
        if self._keep:
            return
        failed = {failure.partition_id for failure in LEDGER.failures}
        for folder, made in sorted(folders.items()):
            name = folder.rpartition("/")[2]
            whole = [i for i in made.partition_ids if i not in failed]
            try:
                size = remove_intermediates(folder, whole)
            except (OSError, FolderInUse) as error:
                LEDGER.record([Failure(name, "its removal", str(error))])
                continue
            if size:
                said = name, size / 1e6, SETTING
                logger.info("%s: removed, %.1f MB (%s=false)", *said)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Keep what there is: the next run goes on with it."""
        INTERMEDIATES.close()
