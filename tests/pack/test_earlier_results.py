"""What the separate packers of chains of images and of windows gave before graphs: every integer as it was."""

import hashlib

import numpy as np
import pytest

from tests.floats.chains import NONE, Chain, random_cell_graph, sparse
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.window_classifier import with_sensor
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.limits import named_limits
from tinygmp.pack.cell_ranges import CellOutput, CellRanges
from tinygmp.pack.cell_search import Prepared, drop_vanishing, pack_ranges
from tinygmp.pack.compaction import compact
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.meanings import Meaning
from tinygmp.pack.packer import pack_with
from tinygmp.pack.settings import USUAL
from tinygmp.pack.storage import SMALLEST
from tinygmp.pack.unit_order import cheapest_order

CELL_FIELDS = (
    "w_shift",
    "u_shift",
    "bias_gate",
    "bias_update",
    "zeta",
    "zeta_shift",
    "nu",
    "pre_requantizer",
)
SENSOR_FIELDS = ("offset", "multiplier", "shift")
LAYERS = ("conv0", "dw1", "pw1", "dw2", "pw2", "fc")


def chain(seed: int, kept: float) -> FloatGraph:
    made, padding = Chain(16, seed), seed % 2

    def layer(
        name: str, outputs: int, columns: int, kernel: int = 1, stride: int = 1, limits: str = "relu6"
    ) -> None:
        sides = (padding if kernel > 1 else 0,) * 4
        weights, bias = sparse(made.rng, (outputs, columns), kept), made.rng.normal(0, 1, outputs)
        made.layer(name, weights, bias, kernel, stride, sides, named_limits(limits))

    layer("conv0", 5, 27, 3, 2)
    layer("dw1", 5, 9, 3)
    layer("pw1", 6, 5)
    layer("dw2", 6, 9, 3, 2 if padding else 1)
    layer("pw2", 4, 6, limits="relu")
    layer("fc", 3, 4, limits=NONE.name)
    return made.graph()


def digest(model: PackedModel) -> str:
    """Return a digest of every integer and of every chosen scale, whatever the file format."""
    meanings = [(value.name, value.scale, value.zero_point) for value in model.values.values()]
    found = hashlib.sha256(repr(meanings).encode())
    for node in model.nodes:
        found.update(repr((node.name, node.reads, node.writes, type(node.operator).__name__)).encode())
        for tensor in node.operator.tensors():
            found.update(
                repr((tensor.name, tensor.shape, tensor.index_format)).encode() + tensor.decode().tobytes()
            )
        for field in ("weight_scales", "bias", "window", "limits", *CELL_FIELDS, *SENSOR_FIELDS):
            value = getattr(node.operator, field, None)
            found.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return found.hexdigest()[:16]


@pytest.mark.parametrize(
    ("seed", "kept", "expected"),
    [
        (0, 0.3, "9d5d6532a06a96ed"),
        (1, 0.3, "37dd49420adace14"),
        (2, 1.0, "d6242ab924fe286a"),
        (3, 0.15, "5777d7899c67bd84"),
    ],
)
def test_chains_of_maps_with_given_ranges(seed, kept, expected):
    """Ranges are given, so that no rounding of a CPU decides."""
    meanings = {
        f"{name}_out": Meaning(float(np.float32(0.02 * (at + 1))), 3 * at - 128)
        for at, name in enumerate(LAYERS)
    }
    meanings["pool_out"] = meanings["pw2_out"]
    meanings["input_out"] = Meaning(float(np.float32(1 / 127.5)), 0, float(np.float32(0.5 / 127.5)))
    model = pack_with(chain(seed, kept), meanings, PackIdentity("net", tuple("abc"), {"synthetic": "yes"}))
    assert digest(model) == expected


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ((0, 0), "898453226984e4da"),
        ((2, 6), "68bb98c7e2b05bec"),
        ((0, 6), "f58399a5b74350c2"),
        ((2, 0), "91484ab6977fd4be"),
    ],
)
def test_cells_with_given_ranges(ranks, expected):
    """As the search packs one pair of its candidates."""
    scaling = SensorScaling(
        ("ax", "ay", "gx"), ("g", "g", "rad/s"), (8192.0, 8192.0, 3754.9),
        np.array([0.8, -0.1, 0.0]), np.array([0.4, 0.3, 0.5]),
    )  # fmt: skip
    made = with_sensor(random_cell_graph(7, ranks, 20, classes=2, deviation=0.5, zeta=0.9, nu=0.02), scaling)
    graph = cheapest_order(compact(drop_vanishing(made)), SMALLEST)
    ranges = CellRanges(7.5, 0.875, 3.25 if ranks[0] else 0.0, 1.5 if ranks[1] else 0.0)
    seen = {"next_state": np.array([-0.8, 0.85]), "logits": np.array([-2.5, 3.0])}
    unused = np.zeros((1, 40, 3))
    output = CellOutput(np.zeros((1, 2)), ranges, np.zeros(20), seen)
    identity = PackIdentity("tiny", ("left", "right"), {"synthetic": "yes"})
    tensors = SMALLEST.pack_all(graph.prunable())
    prepared = Prepared(graph, tensors, (unused,), output, identity, USUAL)
    assert digest(pack_ranges(prepared, ranges.with_headroom(0.9), 1 / 16)) == expected
