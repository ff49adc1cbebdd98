"""Loss and accuracy over the labelled pixels only."""

import tensorflow as tf

from sea_ice_kedro.imagery.classes import NODATA


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
