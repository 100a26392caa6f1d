"""Random but valid packed models of any size: for tests, benchmarks and size estimates before training."""

import numpy as np

from tinygmp.packed.layers import FastGrnn, FullyConnected, LinearMap, LowRank, SensorInput
from tinygmp.packed.model import PackedModel
from tinygmp.quant.gate_table import half_tanh_table
from tinygmp.quant.requantize import Requantizer, fit_requantizer
from tinygmp.sparse import choose, encode
from tinygmp.sparse.tensor import PackedTensor


def random_model(
    seed: int = 0,
    inputs: int = 9,
    hidden: int = 80,
    classes: int = 2,
    w_kept: float = 0.2,
    u_kept: float = 0.3,
    w_rank: int = 0,
    u_rank: int = 0,
    index_format: str | None = None,
    steps: int = 128,
) -> PackedModel:
    """Return a model of uniform int8 weights; a rank of 0 means full rank, no format means the smallest.

    The kept fractions are exact counts per matrix (rounded). Labelled as random in its provenance.
    """
    rng = np.random.default_rng(seed)

    def tensor(name: str, rows: int, columns: int, kept: float) -> PackedTensor:
        q = random_weights(rng, rows, columns, kept)
        return encode(name, q, 1 / 64, index_format) if index_format else choose(name, q, 1 / 64)

    def linear(name: str, columns: int, kept: float, rank: int) -> LinearMap:
        if rank == 0:
            return tensor(name, hidden, columns, kept)
        first = tensor(f"{name}2", rank, columns, kept)
        return LowRank(first, unit_gain(columns * kept), tensor(f"{name}1", hidden, rank, kept))

    fan_in = inputs * w_kept + hidden * u_kept
    cell = FastGrnn(
        name="rnn",
        w=linear("rnn.W", inputs, w_kept, w_rank),
        u=linear("rnn.U", hidden, u_kept, u_rank),
        w_shift=int(rng.integers(0, 3)),
        u_shift=int(rng.integers(0, 2)),
        pre_requantizer=fit_requantizer(0.6 / np.sqrt(max(fan_in, 1)), 127 * 127 * 8 * (inputs + hidden)),
        bias_gate=rng.integers(-127, 128, hidden).astype(np.int8),
        bias_gate_shift=5,
        bias_update=rng.integers(-127, 128, hidden).astype(np.int8),
        bias_update_shift=4,
        table=half_tanh_table(),
        zeta=int(rng.integers(128, 256)),
        zeta_shift=5,
        nu=int(rng.integers(0, 2000)),
        state_scale=1 / 16384,
    )
    classifier = FullyConnected(
        name="classifier",
        weights=tensor("classifier.weights", classes, hidden, max(u_kept, 1 / hidden)),
        bias=rng.integers(-2000, 2000, classes).astype(np.int16),
        scale=1 / 4096,
    )
    return PackedModel(
        name=f"random{seed}",
        layers=(random_input(rng, inputs), cell, classifier),
        labels=tuple(f"class{index}" for index in range(classes)),
        steps=steps,
        provenance={
            "data": "random weights",
            "synthetic": "yes",
            "seed": str(seed),
            "recipe": "random",
            "commit": "none",
        },
    )


def random_weights(rng: np.random.Generator, rows: int, columns: int, kept: float) -> np.ndarray:
    """Return int8 [rows, columns] with round(kept * size) values of -127..127 other than 0."""
    q = np.zeros(rows * columns, np.int8)
    nnz = round(kept * q.size)
    values = rng.integers(1, 128, nnz) * rng.choice([-1, 1], nnz)
    q[rng.permutation(q.size)[:nnz]] = values
    return q.reshape(rows, columns)


def random_input(rng: np.random.Generator, channels: int) -> SensorInput:
    return SensorInput(
        name="sensor",
        channel_names=tuple(f"channel{index}" for index in range(channels)),
        units=("counts",) * channels,
        counts_per_unit=(1.0,) * channels,
        offset=rng.integers(-500, 500, channels).astype(np.int16),
        multiplier=rng.integers(200, 2000, channels).astype(np.int16),
        shift=16,
        scale=1 / 16,
    )


def unit_gain(fan_in: float) -> Requantizer:
    """Bring a sum of about `fan_in` random int8 products back to int8."""
    return fit_requantizer(0.5 / (127 * np.sqrt(max(fan_in, 1))), 127 * 127 * max(int(fan_in) * 8, 1))
