"""Random but valid FastGRNN models of any size: for tests, benchmarks and size estimates before training."""

import numpy as np

from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.fastgrnn import FastGrnn, LinearMap, LowRank
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.random_weights import random_provenance, random_sensor, random_weights, unit_gain
from tinygmp.graph.window_chain import window_chain
from tinygmp.quant.gate_table import half_tanh_table
from tinygmp.quant.requantize import fit_requantizer
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
    state_bits: int = 8,
) -> PackedModel:
    """Return a model of uniform int8 weights; a rank of 0 means full rank, no format means the smallest.

    The kept fractions are exact counts per matrix (rounded). Labelled as random in its provenance.
    """
    rng, wide = np.random.default_rng(seed), state_bits == 16

    def tensor(name: str, rows: int, columns: int, kept: float) -> PackedTensor:
        q = random_weights(rng, rows, columns, kept)
        return encode(name, q, 1 / 64, index_format) if index_format else choose(name, q, 1 / 64)

    def linear(name: str, columns: int, kept: float, rank: int) -> LinearMap:
        if rank == 0:
            return tensor(name, hidden, columns, kept)
        first = tensor(f"{name}2", rank, columns, kept)
        gain = unit_gain(columns * kept)
        if wide:
            gain = fit_requantizer(gain.factor, 127 * 32767 * columns)
        return LowRank(first, gain, tensor(f"{name}1", hidden, rank, kept))

    fan_in = inputs * w_kept + hidden * u_kept
    bias_type, bias_factor = (np.int16, 32) if wide else (np.int8, 1)
    units = 256 if wide else 1  # of a vector's integers in one of int8
    cell = FastGrnn(
        w=linear("rnn.W", inputs, w_kept, w_rank),
        u=linear("rnn.U", hidden, u_kept, u_rank),
        w_shift=int(rng.integers(0, 3)),
        u_shift=int(rng.integers(0, 2)),
        pre_requantizer=fit_requantizer(
            0.6 / units / np.sqrt(max(fan_in, 1)), 127 * 127 * 8 * (inputs + hidden) * units
        ),
        bias_gate=(rng.integers(-127, 128, hidden) * bias_factor).astype(bias_type),
        bias_gate_shift=0 if wide else 5,
        bias_update=(rng.integers(-127, 128, hidden) * bias_factor).astype(bias_type),
        bias_update_shift=0 if wide else 4,
        table=half_tanh_table(),
        zeta=int(rng.integers(128, 256)),
        zeta_shift=5,
        nu=int(rng.integers(0, 2000)),
        state_bits=state_bits,
    )
    weights = tensor("classifier.weights", classes, hidden, max(u_kept, 1 / hidden))
    classifier = FullyConnected(
        weights,
        weight_scales=np.full(classes, weights.scale, np.float32),
        bias=rng.integers(-2000, 2000, classes).astype(np.int16),
    )
    return window_chain(
        f"random{seed}",
        random_sensor(rng, inputs),
        cell,
        classifier,
        scales=(1 / 16 / units, 1 / 16384, 1 / 4096),
        labels=tuple(f"class{index}" for index in range(classes)),
        steps=steps,
        provenance=random_provenance(seed),
    )
