"""One measurement of training: what is asked of a process that measures."""

from dataclasses import dataclass

from sea_ice_kedro.training.options import TrainingOptions, UNetOptions


@dataclass(frozen=True)
class TrainingRequest:
    """Measurement for one process."""

    shards: str
    """Folder of the chips, as shards."""

    unet: UNetOptions
    training: TrainingOptions
    """Epochs are those of the measurement, without a decay of the learning rate."""

    chips: int
    """That all workers together see in an epoch."""

    chip_px: int
    scene_px: int
    seed: int
    """Of the simulated scenes that chips are cut from."""

    workers: int = 1
    cores: int | None = None
    """That the workers of this measurement share; None: all (they have GPUs)."""

    all_reduces: int = 0
    sizes: tuple[int, ...] = ()
    """Bytes of the arrays whose averaging is timed."""

    folder: str = ""
    """Folder of this process alone."""

    @property
    def chips_a_side(self) -> int:
        """Whole chips along a side of a scene."""
        return self.scene_px // self.chip_px

    @property
    def chips_a_scene(self) -> int:
        """Chips of one scene."""
        return self.chips_a_side**2


def training_request(told: dict[str, object]) -> TrainingRequest:
    """Make a request of what was written as JSON."""
    unet = UNetOptions(**told.pop("unet"))  # type: ignore[arg-type]
    training = TrainingOptions(**told.pop("training"))  # type: ignore[arg-type]
    return TrainingRequest(unet=unet, training=training, **told)  # type: ignore[arg-type]
