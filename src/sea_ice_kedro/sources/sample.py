"""Scenes made by the project itself: seeded, with known truth."""

from dataclasses import dataclass, replace

from sea_ice_kedro.engines.base import content_digest
from sea_ice_kedro.imagery.arrays import SIMULATED, ClassMap, Origin, Scene
from sea_ice_kedro.imagery.simulate import (
    SimulationOptions,
    sample_scenes,
    simulate_scene,
)
from sea_ice_kedro.sources.listing import SceneEntry
from sea_ice_kedro.sources.options import IngestionOptions


@dataclass(frozen=True)
class SimulatedEntry:
    """Makes one simulated scene when called."""

    scene_id: str
    options: SimulationOptions
    seed: int

    def __call__(self) -> Scene:
        """Simulate the observation, with cloud, shadow and noise."""
        scene = simulate_scene(self.options, self.seed).scene
        origin = Origin(
            SIMULATED, f"seed {self.seed}", content_digest((self.options, self.seed))
        )
        return replace(scene, scene_id=self.scene_id, origin=origin)


@dataclass(frozen=True)
class SimulatedTruth:
    """Gives the true classes of one simulated scene when called."""

    entry: SimulatedEntry

    def __call__(self) -> ClassMap:
        """Simulate the scene again and take its truth."""
        truth = simulate_scene(self.entry.options, self.entry.seed).truth
        return replace(truth, scene_id=self.entry.scene_id, source=SIMULATED)


def list_scenes(options: IngestionOptions) -> list[SceneEntry]:
    """List the project's sample scenes; their truth serves as manual label."""
    sample = options.sample
    entries = [
        SimulatedEntry(*scene)
        for scene in sample_scenes(sample.count, sample.size_px, sample.seed)
    ]
    return [SceneEntry(e.scene_id, e, SimulatedTruth(e)) for e in entries]
