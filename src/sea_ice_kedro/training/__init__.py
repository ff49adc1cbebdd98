"""Networks: the U-Nets, their training on one or many workers, their files."""

import os

from sea_ice_kedro.training.quiet_import import import_tensorflow_quietly

# TensorFlow's C++ logs on a machine without a GPU are pages of "errors" that are none;
# what goes wrong comes as an exception as well. Set it to 0 to read them all.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import_tensorflow_quietly()
