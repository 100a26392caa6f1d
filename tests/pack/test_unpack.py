"""Unpacking: the float network of the integers answers as they do."""

import numpy as np
import pytest

from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.calibrate import run_float
from tinygmp.pack.fastgrnn import PackIdentity, pack_fastgrnn
from tinygmp.pack.sensor import SensorScaling, normalise_counts
from tinygmp.pack.storage import Storage
from tinygmp.pack.unpack import unpack_fastgrnn
from tinygmp.packed.reference import run


@pytest.mark.parametrize("low_rank", [False, True])
def test_unpacked_weights_answer_as_the_packed_ones(low_rank):
    rng = np.random.default_rng(1)

    def factors(columns):
        shapes = [(4, columns), (16, 4)] if low_rank else [(16, columns)]
        return tuple((rng.normal(0, 0.6, s) * (rng.random(s) < 0.6)).astype(np.float32) for s in shapes)

    weights = FastGrnnWeights(
        w=factors(2),
        u=factors(16),
        bias_gate=rng.normal(1, 0.2, 16).astype(np.float32),
        bias_update=rng.normal(0, 0.2, 16).astype(np.float32),
        zeta=0.8,
        nu=0.03,
        classifier=rng.normal(0, 0.5, (2, 16)).astype(np.float32),
        classifier_bias=np.array([0.1, -0.1], np.float32),
    )
    scaling = SensorScaling(("a", "b"), ("g", "g"), (1000.0, 1000.0), np.zeros(2), np.ones(2))
    counts = np.clip(np.cumsum(rng.normal(0, 250, (80, 30, 2)), axis=1), -32768, 32767).astype(np.int16)
    model = pack_fastgrnn(weights, scaling, counts, PackIdentity("m", ("x", "y"), {}))
    unpacked = unpack_fastgrnn(model)
    obtained = run_float(unpacked, normalise_counts(scaling, counts)).logits
    expected = run(model, counts).logits * model.classifier.scale
    assert np.abs(obtained - expected).mean() < 0.05 * expected.std()
    assert unpacked.zeta == pytest.approx(0.8, rel=0.01)
    again = pack_fastgrnn(unpacked, scaling, counts, PackIdentity("m", ("x", "y"), {}), Storage(("bitmask",)))
    assert {tensor.index_format for tensor in again.tensors()} == {"bitmask"}
    assert again.nnz == model.nnz
