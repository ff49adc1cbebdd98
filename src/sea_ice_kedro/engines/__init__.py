"""How work is mapped over scenes: in turn, in threads, in processes, on Spark."""

from sea_ice_kedro.engines.base import (
    Engine,
    Partitions,
    Task,
    fingerprint_of,
    make_engine,
    map_partitions,
)

__all__ = [
    "Engine",
    "Partitions",
    "Task",
    "fingerprint_of",
    "make_engine",
    "map_partitions",
]
