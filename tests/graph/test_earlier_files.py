"""Files of versions 1 to 3 load as graphs and answer as they did."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.graph.forging import forged
from tinygmp.errors import FileFormatError
from tinygmp.graph.file import from_bytes, load_model, to_bytes
from tinygmp.graph.ledger import ledger
from tinygmp.graph.reference.run import run

FOLDER = Path(__file__).parent / "earlier"
LOGITS = json.loads((FOLDER / "logits.json").read_text())
SHIPPED = Path(__file__).parents[2] / "har" / "pretrained" / "har2.tgmp"


def pattern(name: str) -> np.ndarray:
    """Return the two windows or images that the stored answers belong to."""
    if name == "windows_v1":
        return ((np.arange(2 * 16 * 5) * 7919) % 18001 - 9000).astype(np.int16).reshape(2, 16, 5)
    return ((np.arange(2 * 20 * 20 * 3) * 7919 // 13) % 256).astype(np.uint8).reshape(2, 20, 20, 3)


@pytest.mark.parametrize("name", LOGITS)
def test_answers_are_those_of_the_version_that_wrote_the_file(name):
    model = load_model(FOLDER / f"{name}.tgmp")
    assert run(model, pattern(name)).logits.tolist() == LOGITS[name]
    assert run(from_bytes(to_bytes(model), "again"), pattern(name)).logits.tolist() == LOGITS[name]


def test_the_shipped_model_is_the_chain_it_was():
    model = load_model(SHIPPED)
    assert [node.name for node in model.nodes] == ["sensor", "rnn", "classifier"]
    assert [node.name for node in model.step_nodes] == ["sensor", "rnn"]
    assert (ledger(model).payload_bytes, model.steps, len(model.labels)) == (1308, 128, 2)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("windows_v1", lambda d: d["layers"].pop()),
        ("windows_v1", lambda d: d["layers"][1].update(kind="conv2d")),
        ("windows_v1", lambda d: d["layers"][1].update(zeta=256)),
        ("windows_v1", lambda d: d["layers"][1].pop("zeta")),
        ("windows_v1", lambda d: d["layers"][0].update(scale="x")),
        ("windows_v1", lambda d: d.update(layers=3)),
        ("windows_v1", lambda d: d.update(version=2)),
        ("images_v2", lambda d: d.update(version=1)),
        ("images_v3", lambda d: d.pop("rounding")),
        ("images_v3", lambda d: d["layers"][1]["input"].update(scale=0.5)),
        ("images_v3", lambda d: d["layers"][0].update(padding=[1, 1, 1])),
        ("images_v3", lambda d: d["layers"][0].update(padding=[10**9] * 4)),
        ("images_v3", lambda d: d["layers"][0].update(stride=0)),
        ("images_v3", lambda d: d["layers"][0].update(activation=1)),
        ("images_v3", lambda d: d.update(layers=d["layers"][:1] * 2000)),
        ("images_v3", lambda d: d.update(layers=[])),
        ("images_v3", lambda d: d.update(size=0)),
    ],
)
def test_forged_descriptions_are_refused_in_one_sentence(name, change):
    content = forged((FOLDER / f"{name}.tgmp").read_bytes(), change)
    with pytest.raises(FileFormatError, match="'forged'") as told:
        from_bytes(content, "forged")
    assert len(str(told.value)) < 600
