"""Cost models that come with the package: there for the cores that are counted, sane, and refused for others."""

from dataclasses import replace

import pytest

from tinygmp.cost.layer_times import layer_times
from tinygmp.cost.model import cost_model, known_cores
from tinygmp.cost.work import Work, work_of
from tinygmp.errors import ConfigError
from tinygmp.graph.operators.window import Window
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.sparse import encode
from tinygmp.sparse.decode_cost import measured_cost

CORES = ("cortex-m0plus", "cortex-m4f", "rv32imc")
LAYER = Work("conv2d", (6, 6, 64), (6, 6, 128), weights=(128, 64), nonzero=128 * 64)


def test_the_counted_cores_are_there():
    assert set(CORES) <= set(known_cores())


@pytest.mark.parametrize("core", CORES)
def test_fewer_weights_and_positions_take_less(core):
    model = cost_model(core)
    whole = model.predict(LAYER).instructions
    quarter = replace(LAYER, nonzero=2048, storage="csr8")
    assert model.predict(replace(LAYER, read=(3, 3, 64), written=(3, 3, 128))).instructions < 0.5 * whole
    assert model.predict(replace(quarter, nonzero=800)).instructions < model.predict(quarter).instructions
    assert model.per_weight(quarter) > 36  # more than an instruction a product
    assert model.per_weight(LAYER) == 0
    assert sum(model.predict(LAYER).by_cause.values()) == pytest.approx(whole)
    assert 0 < model.mean_error <= min(model.held_out_error, 0.15)


def test_cycles_are_modelled_where_the_lab_does():
    assert (
        cost_model("cortex-m0plus", "cycles").predict(LAYER).instructions
        > cost_model("cortex-m0plus").predict(LAYER).instructions
    )
    with pytest.raises(
        ConfigError, match="cycles of core 'cortex-m4f' are not modelled; there are instructions"
    ):
        cost_model("cortex-m4f", "cycles")


def test_nodes_together_that_were_not_fitted_are_neighbours():
    model = cost_model("cortex-m4f")
    model = replace(
        model, kernels={name: each for name, each in model.kernels.items() if "together" not in name}
    )
    depthwise = Work(
        "depthwise_conv2d", (6, 6, 128), (6, 6, 128), Window((3, 3), padding=(1,) * 4), (128, 9), 1152
    )
    both = model.predict(replace(LAYER, together=True), replace(depthwise, together=True))
    assert both.instructions == pytest.approx(
        model.predict(LAYER).instructions + model.predict(depthwise).instructions
    )


def test_what_was_not_counted_is_refused():
    with pytest.raises(ConfigError, match="no cost model of core 'z80'; there are cortex-m0plus, "):
        cost_model("z80")
    with pytest.raises(ConfigError, match="knows no 'fourier'"):
        cost_model("cortex-m4f").predict(Work("fourier", (1, 1, 1), (1, 1, 1)))


def test_times_of_storage_formats():
    model = random_image_model(0, 24, 8, ((16, 1), (32, 2)), 4, 0.25, "rice")
    times = layer_times(model, "cortex-m4f", measured_cost("cortex-m4f"))
    tensor = model.node("pw2").operator.weights
    expected = cost_model("cortex-m4f").predict(work_of(model, model.node("pw2"))).instructions
    assert times.cycles(tensor) == expected
    assert (
        times.cycles(encode(tensor.name, tensor.decode(), 1.0, "csr8")) < expected
    )  # quicker to read than Rice codes
