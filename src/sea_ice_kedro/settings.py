"""Project settings; the defaults of everything not set here are Kedro's.

See https://docs.kedro.org/en/stable/configure/configuration_basics/
"""

# ruff: noqa: E402 - hooks take seconds to load, and somebody may press Ctrl-C
import sys

from sea_ice_kedro.interrupts import expect_from_the_start

expect_from_the_start(sys.argv[1:])

import os
import warnings
from pathlib import Path

from omegaconf.resolvers import oc

from sea_ice_kedro.config_loader import ReadOnceConfigLoader
from sea_ice_kedro.hooks import CheckHooks, FailureHooks, RecordHooks, SparkHooks
from sea_ice_kedro.hooks.run_log import quieten_viz
from sea_ice_kedro.networks import network_url

# Kedro's own configuration loader calls what newer OmegaConf has renamed.
warnings.filterwarnings("ignore", message=r"register_new_resolver\(\) is deprecated")

# `kedro run --pipeline autolabel` is this project's documented command; it works in
# all of Kedro 1, which the dependency is bound to.
warnings.filterwarnings("ignore", message="Option '--pipeline' is deprecated")

# Tables of all variants read each variant's scores, which is what namespaces are for.
warnings.filterwarnings("ignore", message="One or more dataset names contain '.'")

# Shells expand "~" in some places, .env files and quotes keep it.
for name in ("SEA_ICE_DATA", "SEA_ICE_LOG", "SEA_ICE_TABLES"):
    if os.environ.get(name, "").startswith("~"):
        os.environ[name] = str(Path(os.environ[name]).expanduser())

quieten_viz()  # kedro-viz reads these settings, too

# In any order: where one must be called before or after the others, it says so itself
# (docs/decisions/22-four-hooks.md).
HOOKS = (CheckHooks(), RecordHooks(), FailureHooks(), SparkHooks())

CONFIG_LOADER_CLASS = ReadOnceConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An environment, or --params, changes the settings that it names and no others.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
    "config_patterns": {"spark": ["spark*"]},
    # SEA_ICE_DATA moves the data root for one run; Kedro allows environment
    # variables in credentials only unless asked.
    "custom_resolvers": {"oc.env": oc.env, "network": network_url},
}
