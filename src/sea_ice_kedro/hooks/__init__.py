"""Hooks around a run: four, registered in `settings.py` in any order."""

from sea_ice_kedro.hooks.checks import CheckHooks
from sea_ice_kedro.hooks.record import RecordHooks
from sea_ice_kedro.hooks.run_end import FailureHooks, SparkHooks

__all__ = ["CheckHooks", "FailureHooks", "RecordHooks", "SparkHooks"]
