"""Packed models and windows of counts that several converters are tested on."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.floats.chains import random_cell_graph
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.window_classifier import with_sensor
from tinygmp.graph.model import PackedModel
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import PackSettings

CHANNELS = 3
SCALING = SensorScaling(
    channel_names=("ax", "ay", "gx"),
    units=("g", "g", "rad/s"),
    counts_per_unit=(8192.0, 8192.0, 3754.9),
    mean=np.array([0.8, -0.1, 0.0]),
    std=np.array([0.4, 0.3, 0.5]),
)


def random_walks(windows: int, steps: int = 40, channels: int = CHANNELS, seed: int = 5) -> np.ndarray:
    """Return int16 counts [windows, steps, channels] that wander over several deviations and sometimes clip."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 600, (windows, steps, channels)), axis=1)
    return np.clip(walk, -32768, 32767).astype(np.int16)


def packed_network(w_rank: int = 0, u_rank: int = 0, state_bits: int = 8, hidden: int = 20) -> PackedModel:
    """Return a pruned random network, packed as a trained one would be."""
    graph = random_cell_graph(4, (w_rank, u_rank), hidden, classes=2, deviation=0.5, zeta=0.9, nu=0.02)
    provenance = {"data": "random", "synthetic": "yes", "seed": "4"}
    identity = PackIdentity("tiny", ("left", "right"), provenance)
    return pack(with_sensor(graph, SCALING), random_walks(60), identity, PackSettings(state_bits=state_bits))


@pytest.fixture(
    scope="session",
    params=[(0, 0, 8), (2, 6, 8), (0, 0, 16), (2, 6, 16)],
    ids=["full", "low_rank", "full_16", "low_rank_16"],
)
def network(request: pytest.FixtureRequest) -> PackedModel:
    return packed_network(*request.param)


@pytest.fixture(scope="session")
def full_rank_network() -> PackedModel:
    return packed_network()


@pytest.fixture(scope="session")
def walks() -> Callable[..., np.ndarray]:
    return random_walks
