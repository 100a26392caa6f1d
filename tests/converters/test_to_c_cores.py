"""The assembler of each build, on simulated cores: equal to the reference for rows and biases of every kind."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from converters.to_c.convert import convert
from converters.to_c.one_run import one_run
from tests.graph_edits import with_fields
from tinygmp.device.board import find_board
from tinygmp.device.lab import measure
from tinygmp.device.words import reference_of
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run
from tinygmp.graph.window_chain import chain_of
from tinygmp.quant.requantize import Requantizer

BOARDS = (
    "nucleo-f446re",
    "nucleo-g071rb",
    "longan-nano",
    "arduino-uno",
    "attiny85",
)  # a run of products each: ARMv6-M, RV32IMC; a whole step: ARMv7E-M, AVR with and without a multiplier


def with_cell(model: PackedModel, **fields: int) -> PackedModel:
    return with_fields(model, "rnn", **fields)


def models(index_format: str = "csr8") -> dict[str, PackedModel]:
    csr = partial(random_model, index_format=index_format)
    return {
        "short rows": csr(1, hidden=9, u_kept=0.2),
        "rows over 32": csr(2, hidden=70, u_kept=0.6),
        "rows over 64": csr(3, hidden=120, u_kept=0.7),
        "low rank": csr(4, inputs=3, hidden=16, classes=6, w_rank=2, u_rank=8, w_kept=0.5, u_kept=0.5),
        "U shifted more": with_cell(csr(5, hidden=20), w_shift=0, u_shift=2),
        "nothing shifted": with_cell(csr(6, hidden=20), w_shift=0, u_shift=0, zeta_shift=6, zeta=255, nu=0),
        "both shifted": with_cell(csr(7, hidden=20), w_shift=3, u_shift=2),
        "sums of 17 bits after the first shift": with_cell(
            csr(10, hidden=40, u_kept=0.5), pre_requantizer=Requantizer(2, 31000, 14)
        ),
        "sums of 16 bits": with_cell(csr(11, hidden=30), pre_requantizer=Requantizer(4, 17000, 12)),
        "coarse sums": with_cell(csr(12, hidden=30), pre_requantizer=Requantizer(12, 30000, 6)),
        "fine sums, low rank": with_cell(
            csr(13, inputs=4, hidden=25, w_rank=3, u_rank=5), pre_requantizer=Requantizer(0, 20000, 17)
        ),
        "large biases": with_cell(csr(8, hidden=20), bias_gate_shift=8, bias_update_shift=7),
        "mixed formats": random_model(9, hidden=30),
    }


def saturating_counts(channels: int) -> np.ndarray:
    """Random, full-scale and constant windows, int16 [5, 12, channels]."""
    rng = np.random.default_rng(11)
    windows = [rng.integers(-32768, 32768, (2, 12, channels)), rng.integers(-900, 900, (1, 12, channels))]
    windows += [np.full((1, 12, channels), value) for value in (32767, -32768)]
    return np.concatenate(windows).astype(np.int16)


PAIRS = [
    (board, name)
    for board in BOARDS
    for name in models()
    if (board, name) not in {("attiny85", "rows over 32"), ("attiny85", "rows over 64")}  # 8 KB, 512 B
]


@pytest.mark.parametrize(("board", "name"), PAIRS)
def test_fast_build_equals_the_reference(board, name):
    model = models()[name]
    report = measure(
        convert(model),
        find_board(board),
        saturating_counts(model.input.channels),
        reference_of(model),
        optimise="fastest",
    )
    assert report.parity is not None
    assert report.parity.exact, report.parity


@pytest.mark.parametrize("optimise", ["smallest", "fastest"])
@pytest.mark.parametrize("name", [name for name in models() if name != "mixed formats"])
def test_bitmasks_in_one_run_equal_the_reference(name, optimise):
    model = models("bitmask")[name]
    assert (one_run(chain_of(model)) is None) == (name in ("large biases", "coarse sums"))
    report = measure(
        convert(model),
        find_board("arduino-uno"),
        saturating_counts(model.input.channels),
        reference_of(model),
        optimise=optimise,
    )
    assert report.parity is not None
    assert report.parity.exact, report.parity


@pytest.mark.parametrize("bias", [np.int16, np.int32])
@pytest.mark.parametrize("optimise", ["smallest", "fastest"])
def test_a_class_needs_no_logits(bias, optimise):
    """The test loop asks twice, first without logits; the class is beyond all where the answers differ."""
    model = models("bitmask")["low rank"]
    wide = model.node("classifier").operator.bias.astype(bias) + bias(100_000 if bias is np.int32 else 0)
    model = with_fields(model, "classifier", bias=wide)
    artifact, name = convert(model), model.name
    twice = (
        f"\n#ifdef TG_PORT_H\n#define {name}_predict(state, logits) \\\n"
        f"    ({name}_predict(state, 0) == {name}_predict(state, logits) ? {name}_predict(state, 0) : 255)\n#endif\n"
    )
    header = f"{name}.h"
    counts = saturating_counts(model.input.channels)
    report = measure(
        replace(artifact, files=artifact.files | {header: artifact.files[header] + twice.encode()}),
        find_board("arduino-uno"),
        counts,
        reference_of(model),
        optimise=optimise,
    )
    assert len(set(run(model, counts).logits.argmax(axis=1))) > 1
    assert report.parity is not None
    assert report.parity.exact, report.parity


def test_a_published_network_takes_little_of_everything_in_one_build():
    model = random_model(
        1, inputs=3, hidden=16, classes=6, w_rank=2, u_rank=8, w_kept=0.5, u_kept=0.5, index_format="bitmask"
    )
    measured = partial(
        measure,
        convert(model),
        find_board("arduino-uno"),
        saturating_counts(3),
        reference_of(model),
    )
    smallest, faster = measured(optimise="smallest"), measured(optimise="balanced")
    assert smallest.flash_bytes < faster.flash_bytes <= 1_900
    assert max(smallest.stack_bytes, faster.stack_bytes) <= 64
    assert faster.cycles_per_step <= 8_000 < smallest.cycles_per_step
    assert faster.ram_bytes == smallest.ram_bytes <= 80
