"""ONNX Runtime behind one seam: a checked file in, class probabilities out."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.training.onnx_file import card_text, content_of

_ERRORS_ONLY = 3

onnxruntime.disable_telemetry_events()  # on Linux and macOS it has none


class Serving:
    """A network that any thread of this process may call."""

    def __init__(self, filepath: str, threads: int) -> None:
        """Load a network.

        Args:
            filepath: Of an .onnx file: a path, or a URL that fsspec knows.
            threads: That one call may use.

        Raises:
            FileNotFoundError: if there is no such file.
            InvalidModel: if it is not one that this project has written.
        """
        content, name = content_of(filepath), Path(filepath).name
        card_text(content, name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = _ERRORS_ONLY
        # Threads that wait in a loop take a quarter of all processor time of a scene
        # from the work of others; the answers are the same.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        # Its errors have no class in common but this.
        except Exception as error:
            raise InvalidModel(
                f"{name}: expected a network that ONNX Runtime "
                f"{onnxruntime.__version__} can load, got {error}"
            ) from error
        self._inputs = [port.name for port in self._session.get_inputs()]

    def __call__(self, given: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401
        """Return class probabilities, float32 (N, H, W, K).

        Args:
            given: uint8 (N, H, W, 3), or that and the contexts, float32 (N, C).
        """
        values = given if isinstance(given, tuple) else (given,)
        feeds = dict(zip(self._inputs, values, strict=True))
        return np.asarray(self._session.run(None, feeds)[0], np.float32)
