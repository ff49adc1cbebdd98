"""Project settings; the defaults of everything not set here are Kedro's.

See https://docs.kedro.org/en/stable/configure/configuration_basics/
"""

from omegaconf.resolvers import oc

from sea_ice_kedro.hooks import FailureHooks, MissingInputHooks

HOOKS = (MissingInputHooks(), FailureHooks())

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # SEA_ICE_DATA moves the data root for one run; Kedro allows environment
    # variables in credentials only unless asked.
    "custom_resolvers": {"oc.env": oc.env},
}
