"""Options in `params:modeling` for the network and its training."""

import math
from dataclasses import dataclass, field

from sea_ice_kedro.errors import (
    InvalidOption,
    expect_choice,
    expect_integer,
    expect_number,
)
from sea_ice_kedro.networks import ONNX

NORMALISATIONS = ("tint", "rgb", "paper")
NETWORKS = ("published", "context")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
_CONTEXT_DEPTHS = 3, 6


@dataclass(frozen=True)
class UNetOptions:
    """Shape of the network; `conf/paper` has that of Iqrah et al. (2024, III-C)."""

    depth: int = 5
    """Steps down, each halving rows and columns; the paper's network has 5."""

    base_filters: int = 4
    """Filters of the first step; those below have more. The paper's has 16."""

    dropout: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.1)
    """Rate of each step from the top down and of the bottom, 0..1; the steps up take
    those of the steps down. The network "context" has that of the bottom only."""

    normalisation: str = "tint"
    """What the first convolution sees. "tint": three channels, the root of brightness
    and two tints; "rgb": R, G, B / 255; "paper": one grey channel, each column of a
    chip divided by its Euclidean length, as the published scripts do."""

    network: str = "context"
    """"context": that of `polar`, which also takes the quantiles of the whole scene and
    may give no class. "published": the U-Net of the paper, in any size."""

    def __post_init__(self) -> None:
        """Refuse shapes that make no network."""
        expect_choice("modeling.unet.network", self.network, NETWORKS)
        depths = _CONTEXT_DEPTHS if self.sees_scene else (1, 8)
        expect_integer("modeling.unet.depth", self.depth, *depths)
        expect_integer("modeling.unet.base_filters", self.base_filters, 1, 512)
        expect_choice("modeling.unet.normalisation", self.normalisation, NORMALISATIONS)
        rates = tuple(self.dropout)
        object.__setattr__(self, "dropout", rates)
        if len(rates) != self.depth + 1:
            raise InvalidOption(
                f"expected modeling.unet.dropout with {self.depth + 1} rates (each of "
                f"{self.depth} steps, and the bottom), got {list(rates)}"
            )
        for rate in rates:
            expect_number("modeling.unet.dropout", rate, 0, 0.95)
        if self.sees_scene and (any(rates[:-1]) or self.normalisation != "tint"):
            raise InvalidOption(
                "expected, with modeling.unet.network=context, dropout of the bottom "
                f"only and normalisation=tint, got {list(rates)} and "
                f"{self.normalisation}; take modeling.unet.network=published, or leave "
                "both as they are"
            )

    @property
    def sees_scene(self) -> bool:
        """Whether the network takes the context of a scene beside its pixels."""
        return self.network == "context"


@dataclass(frozen=True)
class AugmentationOptions:
    """Augmentation of chips on the fly."""

    flip_rotate: bool = True
    """Flips and quarter turns, each of the eight as likely."""

    cloud_share: float = 0.4
    """Share of chips that get simulated thin cloud and shadow, 0..1."""

    cloud_opacity: float = 0.4
    """Opacity of the densest simulated cloud, 0..1."""

    shadow_depth: float = 0.5
    """Light that the deepest simulated shadow takes, 0..1."""

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        for name in ("cloud_share", "cloud_opacity", "shadow_depth"):
            expect_number(
                f"modeling.training.augmentation.{name}", getattr(self, name), 0, 1
            )


@dataclass(frozen=True)
class TrainingOptions:
    """How long, how fast and on what the network learns."""

    epochs: int = 8
    batch_size: int = 4
    """Chips a step and worker."""

    learning_rate: float = 0.003
    """Of Adam, for one worker; see `modeling.workers.scale_learning_rate`."""

    cosine_decay: bool = True
    """Lower the learning rate to a hundredth along a half cosine over all epochs."""

    patience: int = 0
    """Stop after so many epochs without a lower validation loss; 0: never. The
    weights of the epoch with the lowest validation loss are kept either way."""

    averaged_epochs: int = 1
    """Keep the mean of the weights after so many last epochs (Izmailov et al. 2018),
    whatever their validation losses; 1: those of the epoch with the lowest. Needs
    `patience` 0."""

    class_weights: str = "none"
    """"none", or "balanced": each class counts alike, however rare its pixels."""

    absent_classes: str = "refuse"
    """"refuse": a class without a pixel to learn from is an error; "accept"."""

    precision: str = "float32"
    """"float32", "mixed_bfloat16" or "mixed_float16" (GPUs with tensor cores)."""

    xla: bool = False
    """Compile forward and backward pass with XLA: faster on a GPU, slower on a CPU."""

    start: str = "fresh"
    """"fresh": weights drawn by `seed`. "polar", or the path of a .keras file: training
    goes on from that network, whose shape replaces `modeling.unet`."""

    cache_mb: int = 2048
    """A worker keeps its chips in memory when they fit in so many MB; 0: never."""

    seed: int = 2019
    augmentation: AugmentationOptions = field(default_factory=AugmentationOptions)

    def __post_init__(self) -> None:
        """Refuse settings that train nothing; build the nested record."""
        if isinstance(self.augmentation, dict):
            record = AugmentationOptions(**self.augmentation)
            object.__setattr__(self, "augmentation", record)
        above = "modeling.training."
        expect_integer(f"{above}epochs", self.epochs, 1, 100_000)
        expect_integer(f"{above}batch_size", self.batch_size, 1, 65_536)
        expect_number(f"{above}learning_rate", self.learning_rate, 0, 10, above=True)
        expect_integer(f"{above}patience", self.patience, 0, 100_000)
        expect_integer(f"{above}averaged_epochs", self.averaged_epochs, 1, self.epochs)
        if self.averaged_epochs > 1 and self.patience:
            raise InvalidOption(
                f"expected {above}patience=0 with {above}averaged_epochs="
                f"{self.averaged_epochs}, got {self.patience}: which epochs are the "
                "last is known before the first; set one of them back"
            )
        expect_choice(f"{above}class_weights", self.class_weights, ("none", "balanced"))
        expect_choice(
            f"{above}absent_classes", self.absent_classes, ("refuse", "accept")
        )
        expect_choice(f"{above}precision", self.precision, PRECISIONS)
        expect_integer(f"{above}cache_mb", self.cache_mb, 0, 2**30)
        expect_integer(f"{above}seed", self.seed, 0, 2**31 - 1)
        if self.start.endswith(ONNX):
            raise InvalidOption(
                "expected modeling.training.start to be fresh, polar or the path of a "
                f".keras file, got {self.start}, which is only served; name the .keras "
                "file beside it"
            )

    @property
    def averaged_from(self) -> int | None:
        """First epoch, 1-based, of those whose weights' mean is kept, if any."""
        if self.averaged_epochs == 1:
            return None
        return self.epochs - self.averaged_epochs + 1


@dataclass(frozen=True)
class WorkersOptions:
    """How many processes train one network together, and how they find each other."""

    count: int | str = 1
    """Processes, or "auto": one a GPU of the hosts (one, where there is none)."""

    hosts: str | None = None
    """"dgx1:8,dgx2:8": host names and how many workers each may run; None: this
    machine. Other hosts are reached by ssh and need the same paths."""

    controller: str = "gloo"
    """"gloo", or "mpi" where Horovod was built with MPI."""

    collectives: str = "any"
    """"nccl": refuse to train where Horovod was built without NCCL; "any"."""

    network_interfaces: str | None = None
    """"ib0+eth0": what workers talk over; None: Horovod finds what all have."""

    ssh_port: int | None = None
    start_timeout_s: int = 60
    """Seconds that all workers have to start."""

    scale_learning_rate: bool = True
    """Multiply the learning rate by the number of workers (Goyal et al. 2017)."""

    warmup_epochs: float = 3.0
    """Epochs over which it rises to that from one worker's."""

    def __post_init__(self) -> None:
        """Refuse launches that cannot start."""
        above = "modeling.workers."
        if self.count != "auto":
            expect_integer(f"{above}count", self.count, 1, 65_536)
        expect_choice(f"{above}controller", self.controller, ("gloo", "mpi"))
        expect_choice(f"{above}collectives", self.collectives, ("any", "nccl"))
        if self.ssh_port is not None:
            expect_integer(f"{above}ssh_port", self.ssh_port, 1, 65_535)
        expect_integer(f"{above}start_timeout_s", self.start_timeout_s, 1, 86_400)
        expect_number(f"{above}warmup_epochs", self.warmup_epochs, 0, math.inf)
        for part in (self.hosts or "").split(",") if self.hosts is not None else []:
            host, _, slots = part.rpartition(":")
            if not host or not slots.isdigit() or int(slots) < 1:
                raise InvalidOption(
                    f"expected {above}hosts as name:slots,name:slots, got "
                    f"{self.hosts!r}"
                )

    @property
    def slots(self) -> int | None:
        """Workers that `hosts` have room for; None when they are not named."""
        if self.hosts is None:
            return None
        return sum(int(part.rpartition(":")[2]) for part in self.hosts.split(","))
