"""How work is mapped over scenes: in turn, in threads, in processes, on Spark."""

from sea_ice_kedro.engines.base import Engine, make_engine
from sea_ice_kedro.engines.tasks import Partitions, Task, fingerprint_of, map_partitions

__all__ = [
    "Engine",
    "Partitions",
    "Task",
    "fingerprint_of",
    "make_engine",
    "map_partitions",
]
