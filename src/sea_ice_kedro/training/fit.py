"""Training one U-Net, on one worker or as one of many; reads from top to bottom."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from sea_ice_kedro.errors import TrainingFailed
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.training.batches import Augmentation, ChipBatches, Inputs, draw_skies
from sea_ice_kedro.training.checkpoints import (
    Checkpoint,
    Weights,
    load_checkpoint,
    save_checkpoint,
)
from sea_ice_kedro.training.launch import Workers
from sea_ice_kedro.training.model_file import load_model
from sea_ice_kedro.training.plan import (
    Selection,
    TrainingPlan,
    balanced_weights,
    learning_rate,
)
from sea_ice_kedro.training.unet import SampledLogits, build_network, with_logits

logger = logging.getLogger(__name__)

_EVERY_S = 15.0


@dataclass
class EpochNews:
    """Says how an epoch went: the first of this process, the last, and some between."""

    name: str
    """Of the network."""

    epochs: int
    """Of the whole training, unless it stops early."""

    _said: float = field(default=-math.inf, init=False)

    def say(self, record: Mapping[str, float]) -> None:
        """Log an epoch, unless another was logged just now.

        Args:
            record: `epoch` (from 1), `loss`, `validation_loss`, `images_per_s`,
                `seconds`.
        """
        now = time.monotonic()
        left = self.epochs - record["epoch"]
        if left > 0 and now - self._said < _EVERY_S:
            return
        self._said = now
        logger.info(
            "%s: epoch %.0f/%d, loss %.3f, validation %.3f, %.0f images/s, %.0f s left",
            self.name,
            record["epoch"],
            self.epochs,
            record["loss"],
            record["validation_loss"],
            record["images_per_s"],
            left * record["seconds"],
        )


# --- Loss and accuracy over the labelled pixels only


def masked_cross_entropy(
    labels: tf.Tensor, logits: tf.Tensor, class_weights: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Compare a batch with its labels; pixels without data take no part.

    Args:
        labels: uint8 (N, S, S) of class codes, 255 = no data.
        logits: float32 (N, S, S, 3).
        class_weights: float32 (3,), how much a pixel of each class counts.

    Returns:
        The loss to minimise: the weighted cross-entropy summed over labelled pixels,
        over all pixels of the batch. (Over all, so that a pixel counts alike whatever
        chip, batch or worker it falls to, and the mean over workers is the loss of
        their union.) And float32 (3,): sum of the cross-entropy, correct pixels,
        labelled pixels; sums of batches and workers may be added up.
    """
    labelled = tf.not_equal(labels, NODATA)
    codes = tf.cast(tf.where(labelled, labels, 0), tf.int32)
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(codes, logits)
    entropy *= tf.cast(labelled, tf.float32) * tf.gather(class_weights, codes)
    hits = labelled & tf.equal(tf.argmax(logits, -1, tf.int32), codes)
    total = tf.reduce_sum(entropy)
    sums = [total, *(tf.reduce_sum(tf.cast(m, tf.float32)) for m in (hits, labelled))]
    return total / tf.cast(tf.size(labels), tf.float32), tf.stack(sums)


# --- Training one U-Net, on one worker or as one of many; reads from top to bottom

LearningLogits: TypeAlias = Callable[..., tuple[tf.Tensor, tf.Tensor]]


def fit(plan: TrainingPlan, workers: Workers) -> Checkpoint:
    """Train to the end, from the last checkpoint on if there is one.

    Args:
        plan: What to train, on what.
        workers: This worker among all.

    Returns:
        The final state; on the chief it is also on disk, after every epoch.

    Raises:
        TrainingFailed: if the loss is not a number; names epoch and batch.
    """
    workers.prepare_device()
    options = plan.options
    keras.utils.set_random_seed(options.seed)
    keras.mixed_precision.set_global_policy(options.precision)

    model = starting_model(plan)
    optimizer = make_optimizer(options.precision)
    optimizer.build(model.trainable_variables)

    state = Checkpoint(plan.fingerprint())
    if workers.is_chief:
        state = load_checkpoint(plan.checkpoint, state.fingerprint)
        put_back(model, optimizer, state)
    # All workers start as the chief does, before the first step.
    workers.broadcast([*model.variables, *optimizer.variables])
    facts = (state.history, state.best_epoch, state.best_loss)
    state.history, state.best_epoch, state.best_loss = workers.from_chief(facts)
    if state.epoch and workers.is_chief:
        logger.info("%s: goes on after epoch %d", plan.name, state.epoch)

    train = own_chips(plan, plan.train, workers, options.seed)
    validation = own_chips(plan, plan.validation, workers, None)
    step = TrainStep(plan, model, optimizer, workers)
    news = EpochNews(plan.name, options.epochs)

    while not state.is_done(options.epochs, options.patience):
        start = time.perf_counter()
        losses, rate = run_epoch(plan, step, train, state.epoch, workers.size)
        elapsed_s = time.perf_counter() - start

        seen = train.steps * options.batch_size * workers.size
        record = {
            "epoch": state.epoch + 1,
            **means("", workers.add_up(losses)),
            **means("validation_", workers.add_up(step.score(validation))),
            "learning_rate": rate,
            "seconds": elapsed_s,
            "images_per_s": seen / elapsed_s,
        }
        expect_finite(plan.name, record, validation.total)
        weights = values(model.variables)
        state.add(record, record["validation_loss"], weights, options.averaged_from)
        if workers.is_chief:
            state.model, state.optimizer = weights, values(optimizer.variables)
            save_checkpoint(plan.checkpoint, state)
            news.say(record)
    return state


def starting_model(plan: TrainingPlan) -> keras.Model:
    """Return the network before the first step: fresh, or with weights of another."""
    model = build_network(plan.unet)
    if plan.options.start != "fresh":
        stored = load_model(plan.options.start)
        model.set_weights(stored.get_weights())
    return model


def own_chips(
    plan: TrainingPlan,
    selections: Sequence[Selection],
    workers: Workers,
    seed: int | None,
) -> ChipBatches:
    """Return this worker's part of a split; shuffled with a seed, in order without."""
    return ChipBatches(
        selections,
        plan.chip_px,
        plan.options.batch_size,
        rank=workers.rank,
        size=workers.size,
        cache_mb=plan.options.cache_mb,
        seed=seed,
        context=plan.unet.sees_scene,
    )


def run_epoch(
    plan: TrainingPlan, step: "TrainStep", train: ChipBatches, epoch: int, size: int
) -> tuple[np.ndarray, float]:  # type: ignore[type-arg]
    """Descend once through this worker's chips.

    Returns:
        Sums of cross-entropy, correct and labelled pixels; the last learning rate.
    """
    losses, rate = np.zeros(3), 0.0
    for number, batch in enumerate(train.epoch(epoch)):
        done = epoch + number / train.steps
        rate = learning_rate(plan.options, plan.workers, size, done)
        step.launch(batch, rate, (epoch, number))
        losses += step.finished()
    return losses + step.wait(), rate


class TrainStep:
    """One step of gradient descent, and the score of a split."""

    def __init__(
        self,
        plan: TrainingPlan,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        workers: Workers,
    ) -> None:
        """Trace nothing yet; the first batch does."""
        options = plan.options
        augmentation = options.augmentation
        skies = None
        if augmentation.cloud_share > 0:
            skies = draw_skies(plan.chip_px, augmentation, options.seed)
        augment = Augmentation(augmentation, skies)
        network, weights = with_logits(model), tf.constant(class_weights(plan))
        learn = learning_logits(plan, model)
        variables = model.trainable_variables
        self._name, self._optimizer = plan.name, optimizer
        self._seed = options.seed * 1009 + workers.rank
        self._running: tuple[tf.Tensor, tuple[int, int]] | None = None
        self._previous: tuple[tf.Tensor, tuple[int, int]] | None = None

        @tf.function(jit_compile=options.xla)  # type: ignore[untyped-decorator]
        def gradients(inputs: Inputs, labels: tf.Tensor, seed: tf.Tensor) -> Any:  # noqa: ANN401
            inputs, labels = augment(inputs, labels, seed)
            with tf.GradientTape() as tape:
                logits, labels = learn(inputs, labels, seed)
                loss, sums = masked_cross_entropy(labels, logits, weights)
                scaled = optimizer.scale_loss(loss)
            return tape.gradient(scaled, [v.value for v in variables]), sums

        # Collectives are no part of what XLA compiles: it has no kernel for them.
        @tf.function(jit_compile=False)  # type: ignore[untyped-decorator]
        def descend(inputs: Inputs, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
            local, sums = gradients(inputs, labels, seed)
            optimizer.apply(workers.average(local), variables)
            return sums

        @tf.function(jit_compile=options.xla)  # type: ignore[untyped-decorator]
        def score(inputs: Inputs, labels: tf.Tensor) -> tf.Tensor:
            logits = tf.cast(network(inputs, training=False), tf.float32)
            return masked_cross_entropy(labels, logits, weights)[1]

        self._descend, self._score = descend, score

    def launch(
        self, batch: tuple[Inputs, tf.Tensor], rate: float, at: tuple[int, int]
    ) -> None:
        """Start a step; its result is waited for while the next one runs."""
        self._previous, epoch_and_batch = self._running, at
        self._optimizer.learning_rate.assign(rate)
        epoch, number = epoch_and_batch
        seed = tf.constant([self._seed, epoch * 1_000_003 + number], tf.int32)
        self._running = self._descend(*batch, seed), at

    def finished(self) -> np.ndarray:  # type: ignore[type-arg]
        """Return the sums of the step before the running one; zeros without one."""
        return self._result(self._previous)

    def wait(self) -> np.ndarray:  # type: ignore[type-arg]
        """Return the sums of the running step."""
        running, self._running = self._running, None
        return self._result(running)

    def _result(self, step: tuple[tf.Tensor, tuple[int, int]] | None) -> np.ndarray:  # type: ignore[type-arg]
        if step is None:
            return np.zeros(3)
        sums, (epoch, number) = step
        result: np.ndarray = sums.numpy().astype(np.float64)  # type: ignore[type-arg]
        if not np.isfinite(result[0]):
            raise TrainingFailed(
                f"{self._name}: expected a finite loss, got {result[0]} in epoch "
                f"{epoch + 1}, batch {number + 1}; lower modeling.training."
                "learning_rate, or set modeling.training.precision to float32. The "
                "checkpoint of the epoch before is kept"
            )
        return result

    def score(self, batches: ChipBatches) -> np.ndarray:  # type: ignore[type-arg]
        """Return sum of cross-entropy, correct and labelled pixels of a split."""
        results = [self._score(*batch).numpy() for batch in batches.epoch()]
        return np.sum(results, axis=0, dtype=np.float64) if results else np.zeros(3)


def learning_logits(plan: TrainingPlan, model: keras.Model) -> LearningLogits:
    """Return what a step learns from: all pixels, or a sample where that teaches alike.

    Returns:
        A function of inputs, labels and seed that gives logits and their labels.
    """
    if plan.unet.sees_scene:
        return SampledLogits(model)
    network = with_logits(model)
    return lambda inputs, labels, _: (
        tf.cast(network(inputs, training=True), tf.float32),
        labels,
    )


def make_optimizer(precision: str) -> keras.optimizers.Optimizer:
    """Make Adam (Kingma & Ba 2015), its loss scaled where numbers are float16."""
    adam = keras.optimizers.Adam()
    if precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(adam)
    return adam


def put_back(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, state: Checkpoint
) -> None:
    """Set weights and moments to those of a checkpoint, if it holds any."""
    for variable, value in zip(model.variables, state.model, strict=False):
        variable.assign(value)
    for variable, value in zip(optimizer.variables, state.optimizer, strict=False):
        variable.assign(value)


def values(variables: list[Any]) -> Weights:
    """Copy variables off the device."""
    return [np.array(variable) for variable in variables]


def class_weights(plan: TrainingPlan) -> np.ndarray:  # type: ignore[type-arg]
    """Return how much a pixel of each outcome of the network counts, float32."""
    if plan.options.class_weights == "none":
        return np.ones(len(plan.class_fractions), np.float32)
    return balanced_weights(plan.class_fractions)


def means(name: str, sums: Any) -> dict[str, float]:  # noqa: ANN401
    """Turn sums over labelled pixels into loss and accuracy."""
    entropy, hits, labelled = map(float, sums)
    if not labelled:
        return {f"{name}loss": math.nan, f"{name}accuracy": math.nan}
    return {f"{name}loss": entropy / labelled, f"{name}accuracy": hits / labelled}


def expect_finite(name: str, record: dict[str, float], validated: int) -> None:
    """Refuse an epoch that ended with weights that are no numbers.

    All workers see the same record, so that all of them stop.

    Raises:
        TrainingFailed: naming the epoch.
    """
    if validated and not math.isfinite(record["validation_loss"]):
        raise TrainingFailed(
            f"{name}: expected a finite validation loss, got "
            f"{record['validation_loss']} after epoch {record['epoch']:.0f}; lower "
            "modeling.training.learning_rate, or set modeling.training.precision to "
            "float32. The checkpoint of the epoch before is kept"
        )
