"""Hooks around a run."""

from sea_ice_kedro.hooks.applicable_settings import ApplicableSettingHooks
from sea_ice_kedro.hooks.checks import MissingInputHooks, RuntimeParameterHooks
from sea_ice_kedro.hooks.configuration import CredentialHooks, VariantHooks
from sea_ice_kedro.hooks.failures import FailureHooks
from sea_ice_kedro.hooks.intermediates import IntermediateHooks
from sea_ice_kedro.hooks.known_settings import KnownSettingHooks
from sea_ice_kedro.hooks.limits import LimitHooks
from sea_ice_kedro.hooks.optional_inputs import OptionalInputHooks
from sea_ice_kedro.hooks.overview import OverviewHooks
from sea_ice_kedro.hooks.readable_errors import ReadableErrorHooks
from sea_ice_kedro.hooks.record import RecordHooks
from sea_ice_kedro.hooks.requirements import RequirementHooks
from sea_ice_kedro.hooks.root_scenes import RootSceneHooks
from sea_ice_kedro.hooks.run_log import RunLogHooks
from sea_ice_kedro.hooks.single_files import SingleFileHooks
from sea_ice_kedro.hooks.spark import SparkHooks

__all__ = [
    "ApplicableSettingHooks",
    "CredentialHooks",
    "FailureHooks",
    "IntermediateHooks",
    "KnownSettingHooks",
    "LimitHooks",
    "MissingInputHooks",
    "OptionalInputHooks",
    "OverviewHooks",
    "ReadableErrorHooks",
    "RecordHooks",
    "RequirementHooks",
    "RootSceneHooks",
    "RunLogHooks",
    "RuntimeParameterHooks",
    "SingleFileHooks",
    "SparkHooks",
    "VariantHooks",
]
