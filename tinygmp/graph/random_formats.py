"""Random models of any shape in any storage format, with scalars over their whole range: for proofs of parity."""

from dataclasses import replace

import numpy as np

from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reencode import replace_tensors
from tinygmp.quant.requantize import fit_requantizer
from tinygmp.sparse import encode
from tinygmp.sparse.narrow import LEVELS
from tinygmp.sparse.registry import INDEX_FORMATS
from tinygmp.sparse.tensor import PackedTensor

STEPS = 16
SHARE_OF_16_BITS = 0.3
GAIN_LIMIT = 16383  # of zeta * 512 >> zeta_shift, plus nu


def random_of_formats(seed: int, index_format: str, value_format: str) -> PackedModel:
    """Return a model whose every tensor has the formats; its shape, ranks, shifts and scalars follow from the seed.

    1..16 channels, 1..60 units, 2..32 classes, full or low rank, 10 to 90 % of the weights kept.
    """
    rng = np.random.default_rng([seed, 1])
    of = 8 if "of" in index_format or "block" in index_format else 1  # these want whole blocks in a row
    hidden = of * int(rng.integers(1, 1 + 60 // of))
    ranks = [of * int(rng.integers(1, 1 + 8 // of)) if rng.random() < 0.4 else 0 for _ in range(2)]
    model = random_model(
        seed,
        inputs=of * int(rng.integers(1, 1 + 16 // of)),
        hidden=hidden,
        classes=int(rng.integers(2, 33)),
        w_kept=float(rng.uniform(0.1, 0.9)),
        u_kept=float(rng.uniform(0.1, 0.9)),
        w_rank=ranks[0],
        u_rank=min(ranks[1], hidden),
        index_format="bitmask",
        steps=STEPS,
        state_bits=16 if np.random.default_rng([seed, 3]).random() < SHARE_OF_16_BITS else 8,
    )
    model = replace_tensors(model, lambda tensor: stored(tensor, index_format, value_format))
    nodes = (
        replace(node, operator=with_scalars(node.operator, rng))
        if isinstance(node.operator, FastGrnn)
        else node
        for node in model.nodes
    )
    return replace(model, nodes=tuple(nodes))


def stored(tensor: PackedTensor, index_format: str, value_format: str) -> PackedTensor:
    """Return the tensor's weights, moved to what the formats can hold."""
    q = tensor.decode().astype(np.int64)
    if "of" in index_format:
        most, of = int(index_format[0]), int(index_format[-1])
        q[:, np.arange(q.shape[1]) % of >= most] = 0
    if value_format.startswith("codebook"):
        entries = int(value_format.removeprefix("codebook"))
        signed = (
            entries // 2 - INDEX_FORMATS[index_format].stores_zeros
        )  # zero takes an entry where it is stored
        levels = np.linspace(3, 120, signed).astype(np.int64)
    else:
        levels = np.asarray(LEVELS.get(value_format, np.arange(1, 128)), np.int64)
    q = np.sign(q) * levels[np.abs(q) % len(levels)]
    return encode(tensor.name, q.astype(np.int8), tensor.scale, index_format, value_format)


def with_scalars(cell: FastGrnn, rng: np.random.Generator) -> FastGrnn:
    """Return the cell with other shifts, biases' units, gains and requantiser."""
    zeta, zeta_shift = int(rng.integers(0, 256)), int(rng.integers(3, 13))
    gain = zeta * 512 >> zeta_shift
    limit, units = 2 ** int(rng.integers(10, 22)), 256 if cell.wide else 1
    return replace(
        cell,
        w_shift=int(rng.integers(0, 4)),
        u_shift=int(rng.integers(0, 4)),
        pre_requantizer=fit_requantizer(float(rng.uniform(0.005, 1.5)) / units, limit * units),
        bias_gate_shift=0 if cell.wide else int(rng.integers(0, 9)),
        bias_update_shift=0 if cell.wide else int(rng.integers(0, 9)),
        zeta=zeta if gain <= GAIN_LIMIT else 0,
        zeta_shift=zeta_shift,
        nu=int(rng.integers(0, GAIN_LIMIT + 1 - (gain if gain <= GAIN_LIMIT else 0))),
    )
