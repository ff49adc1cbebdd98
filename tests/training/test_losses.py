import numpy as np
import pytest
import tensorflow as tf

from sea_ice_kedro.training.fit import masked_cross_entropy

pytestmark = pytest.mark.train

ONES = tf.ones(3)


def test_pixels_without_data_count_neither_in_loss_nor_in_accuracy():
    labels = np.array([[[0, 255], [255, 2]]], np.uint8)
    logits = np.zeros((1, 2, 2, 3), np.float32)
    logits[0, 0, 1] = [9, -9, 0]  # where nobody looks
    loss, sums = masked_cross_entropy(labels, logits, ONES)
    log3 = np.log(3)
    np.testing.assert_allclose(loss, 2 * log3 / 4, rtol=1e-6)
    np.testing.assert_allclose(sums, [2 * log3, 1, 2], rtol=1e-6)


def test_a_batch_without_a_label_has_no_loss():
    labels = np.full((1, 2, 2), 255, np.uint8)
    loss, sums = masked_cross_entropy(labels, tf.zeros((1, 2, 2, 3)), ONES)
    assert float(loss) == 0
    assert sums.numpy().tolist() == [0, 0, 0]


def test_the_mean_over_workers_is_the_loss_of_their_union():
    rng = np.random.default_rng(3)
    labels = rng.choice([0, 1, 2, 255], (4, 8, 8)).astype(np.uint8)
    labels[:2, :, :5] = 255  # one half has much less to learn from
    logits = rng.normal(size=(4, 8, 8, 3)).astype(np.float32)
    union, _ = masked_cross_entropy(labels, logits, ONES)
    halves = [
        masked_cross_entropy(labels[part], logits[part], ONES)[0]
        for part in (slice(0, 2), slice(2, 4))
    ]
    np.testing.assert_allclose(np.mean(halves), union, rtol=1e-6)


def test_class_weights_multiply_the_loss_of_their_class():
    labels = np.array([[[0, 1]]], np.uint8)
    weights = tf.constant([1.0, 5.0, 1.0])
    _, sums = masked_cross_entropy(labels, tf.zeros((1, 1, 2, 3)), weights)
    np.testing.assert_allclose(sums[0], 6 * np.log(3), rtol=1e-6)
