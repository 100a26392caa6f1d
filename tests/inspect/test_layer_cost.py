"""What layers are expected to take on a core, and how their memory is planned."""

import json
import math

import pytest

from converters.to_c.graph import convert_graph
from tinygmp.cli import main
from tinygmp.errors import ConfigError, UnsupportedError
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model
from tinygmp.inspect.layer_cost import layer_costs
from tinygmp.inspect.memory_plan import plan_table
from tinygmp.report.model_plots import layers_by_cause, memory_plan

MODEL = random_image_model(5, 24, 8, ((16, 1), (24, 2)), 7, 0.25, "rice")


def test_layers_are_told_in_their_order_and_make_up_the_whole():
    found = layer_costs(MODEL, "cortex-m4f")
    assert [name for layer in found.layers for name in layer.name.split(" + ")] == [
        "stem", "dw1", "pw1", "dw2", "pw2", "pool", "fc",
    ]  # fmt: skip
    assert sum(layer.instructions for layer in found.layers) == pytest.approx(
        found.instructions, abs=len(found.layers)
    )
    assert math.isclose(sum(layer.share for layer in found.layers), 1)
    for layer in found.layers:
        assert layer.bound_by == max(layer.by_cause, key=lambda cause: layer.by_cause[cause])
    assert sum(layer.nonzero for layer in found.layers) == MODEL.nnz


def test_what_has_no_layers_or_no_model_is_refused():
    with pytest.raises(UnsupportedError, match="keeps a state"):
        layer_costs(random_model(0, hidden=4), "cortex-m4f")
    with pytest.raises(UnsupportedError, match="keeps a state"):
        plan_table(random_model(0, hidden=4))
    with pytest.raises(ConfigError, match="no cost model of core 'avr5'"):
        layer_costs(MODEL, "avr5")


@pytest.mark.parametrize("seed", range(6))
def test_the_plan_is_that_of_the_code(seed):
    model = random_graph(seed)
    plan = plan_table(model)
    assert plan.least_bytes <= plan.peak_bytes
    assert f"{plan.peak_bytes}, " in convert_graph(model).notes["scratch_bytes"]
    steps = range(len(plan.steps))
    assert max((plan.alive_bytes(step) for step in steps), default=0) <= plan.peak_bytes
    assert all(0 <= one.first <= one.last < len(plan.steps) for one in plan.placed)
    assert all(one.offset + one.bytes <= plan.peak_bytes for one in plan.placed)


def test_pictures_name_what_they_show():
    pytest.importorskip("matplotlib", reason="install it with: pip install matplotlib")
    bars = layers_by_cause(
        "costs", [("pw1", {"products": 5, "scaling": 2}), ("fc", {"products": 1})], "instructions"
    )
    assert all(word in bars for word in ("<svg", "pw1", "fc", "products", "scaling"))
    plan = memory_plan("plan", ["a", "b"], [("x", 0, 90, 0, 1, False), ("b", 90, 10, 1, 1, True)], 100, 96)
    assert all(word in plan for word in ("<svg", "peak: 100 B", "lower bound: 96 B", ">x<"))


@pytest.fixture
def spoken(monkeypatch, capsys):
    """Return what a command prints that ends well."""

    def run(*arguments) -> str:
        monkeypatch.setattr("sys.argv", ["tinygmp", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    return run


def test_the_command_tells_costs_and_plan(spoken, tmp_path):
    from tinygmp.graph.file import save_model

    path = save_model(MODEL, tmp_path / "m.tgmp")
    told = json.loads(spoken("inspect", path, "--core", "cortex-m4f", "--json"))
    assert told["costs"]["instructions"] == layer_costs(MODEL, "cortex-m4f").instructions
    pytest.importorskip("matplotlib", reason="install it with: pip install matplotlib")
    files = [tmp_path / "c.svg", tmp_path / "p.svg"]
    told = spoken("inspect", path, "--core", "cortex-m4f", "--chart", files[0], "--plan", files[1])
    assert "bound by" in told
    assert f"memory plan: {plan_table(MODEL).peak_bytes:,} B" in told
    assert all(file.read_text().startswith("<svg") and "xmlns=" in file.read_text() for file in files)
    spoken("inspect", path, "--core", "cortex-m4f", "--chart", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert page.count("<tr>") == len(layer_costs(MODEL, "cortex-m4f").layers) + 2
    assert page.count("<svg") == 1
