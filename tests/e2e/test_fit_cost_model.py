"""The script that fits a cost model: coefficients and errors of a small fit, told as they are."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tinygmp.cost import model as cost
from tinygmp.graph.random_image_model import random_image_model

SCRIPTS = Path(__file__).parents[2] / "scripts"
pytest.importorskip("unicorn", reason="install it with: pip install 'tinygmp[device]'")
pytest.importorskip("ziglang", reason="install it with: pip install 'tinygmp[device]'")


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(SCRIPTS))
    spec = importlib.util.spec_from_file_location("fit_cost_model", SCRIPTS / "fit_cost_model.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["fit_cost_model"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fit_cost_model"]
    sys.path.remove(str(SCRIPTS))


def network(seed: int, kept: float):
    blocks = ((6 + 2 * (seed % 5), 1), (12 + 4 * (seed % 3), 2), (16, 1))
    model = random_image_model(seed, 12 + 2 * seed, 4, blocks, 5, kept, "rice" if kept < 1 else "dense")
    return f"small {seed}, {kept}", model


def test_a_small_fit_tells_its_errors(script, monkeypatch, tmp_path):
    monkeypatch.setattr(
        script, "networks_to_fit", lambda count: (network(s, k) for s in range(4) for k in (1.0, 0.3))
    )
    monkeypatch.setattr(script, "held_out", lambda: iter([network(5, 1.0), network(5, 0.3)]))
    for place in (script, cost):
        monkeypatch.setattr(place, "FOLDER", tmp_path)
    cost.cost_model.cache_clear()
    app = script.typer.Typer()
    app.command()(script.main)
    out = tmp_path / "report" / "cost_model.json"
    spoken = CliRunner().invoke(app, ["--core", "cortex-m4f", "--out", str(out)])
    row = json.loads(out.read_text())["cores"]["cortex-m4f"]
    errors = row["units"]["instructions"]
    assert spoken.exit_code == (errors["worst_network_error"] > script.TARGET)
    assert [one["network"] for one in errors["networks"]] == ["small 5, 1.0", "small 5, 0.3"]
    for one in errors["networks"]:
        assert one["error"] == pytest.approx(one["predicted"] / one["counted"] - 1, abs=1e-4)
    assert errors["worst_network_error"] == max(abs(one["error"]) for one in errors["networks"]) < 0.2
    assert errors["layers_fitted"] == 8 * 9
    fitted = cost.cost_model("cortex-m4f")
    assert fitted.held_out_error == errors["worst_network_error"]
    assert set(fitted.kernels) >= {"pointwise", "depthwise 3x3", "fully_connected, alone"}
    cost.cost_model.cache_clear()


def test_a_core_without_layers_is_refused(script):
    app = script.typer.Typer()
    app.command()(script.main)
    assert CliRunner().invoke(app, ["--core", "avr5"]).exit_code == 2
