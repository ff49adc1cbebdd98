"""Messages of kedro-viz while it reads the project: only those somebody can act on."""

import logging
import warnings

_PREVIEWS = "kedro_viz.models.flowchart.node_metadata"


class NotMadeYet(logging.Filter):
    """Leave out that a product cannot be shown before it has been made.

    Before the first run that is all of them. A product that is there and cannot be read
    is still told.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record unless a preview found no file.

        kedro-viz logs the product's name, the kind of error and its message.
        """
        args = record.args if isinstance(record.args, tuple) else ()
        return "FileNotFoundError" not in args


def quieten() -> None:
    """Have kedro-viz leave out what is no news; call it once a process."""
    log = logging.getLogger(_PREVIEWS)
    if not any(isinstance(known, NotMadeYet) for known in log.filters):
        log.addFilter(NotMadeYet())
    # kedro-viz 12 answers by a class that newer FastAPI need not have; it works.
    warnings.filterwarnings("ignore", message="ORJSONResponse is deprecated")
