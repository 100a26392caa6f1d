"""A small report with known figures."""

from dataclasses import replace

import pytest

from tinygmp.report.facts import Answers, Curve, EpochFigures, LeftOut, Score, Unknown
from tinygmp.report.fits import FitFacts, Variant
from tinygmp.report.record import (
    ArtifactResult,
    ArtifactVariant,
    DataFacts,
    DenseResult,
    DeviceResult,
    MatrixSparsity,
    PackedResult,
    Provenance,
    PrunedResult,
    Report,
    SweepPoint,
)


def device(board: str, **changes) -> DeviceResult:
    fits = DeviceResult(
        board, "cortex-m4f", 4_120, 65_536, 188, 20_480, 96, 4_321.5, 0, 64, "unicorn", True, None, None
    )
    return replace(fits, **changes)


@pytest.fixture
def report() -> Report:
    """One run: C exact, two TFLite forms, one board that passes, one too small, one whose answers differ."""
    packed = PackedResult(
        96.17, 1_386, 1_203.4, 1_011.0, {"index": 401, "values": 728, "biases": 160, "tables": 33, "scalars": 64},
        nnz=728, formats={"rnn.W": "rice", "rnn.U": "rice", "classifier.weights": "bitmask"},
    )  # fmt: skip
    tflite = {
        "f32": ArtifactVariant(96.2, 3, 2_947, 0.12, 21_040, "LiteRT", True),
        "int16x8": ArtifactVariant(96.1, 5, 2_947, 0.705, 11_900, "LiteRT", False),
    }
    return Report(
        name="HAR-2",
        data=DataFacts("UCI HAR", False, "ab" * 32, {"train": 17, "test": 9}, {"train": 6_000, "test": 2_947}),
        dense=DenseResult(95.5, 7_200, 97.0, 96.3),
        pruned=PrunedResult(
            96.3, 0.9, 728, {"rnn.W": MatrixSparsity(720, 202, 0.7194), "rnn.U": MatrixSparsity(6_400, 517, 0.9192)}
        ),
        packed=packed,
        artifacts={
            "c": ArtifactResult(96.17, 0, 2_947, 0.0, 30_001, "gcc on this machine", True),
            "tflite": ArtifactResult(96.1, 5, 2_947, 0.705, 11_900, "LiteRT", False, variants=tflite),
            "onnx": ArtifactResult(96.2, 3, 2_947, 0.11, 20_600, "onnxruntime", True),
        },
        devices=(
            device("nucleo-l432kc"),
            device("ch32v003", fits=False, mismatches=None, windows=0, stack_bytes=None, flash_bytes=99_999),
            device("blue-pill", mismatches=2),
        ),
        provenance=Provenance("0123abc", "default", 3, {"numpy": "2.4.6"}, {"train": 185.2, "pack": 4.0}),
        sweep=(SweepPoint(0.8, 2_000, 96.5), SweepPoint(0.95, 900, 95.1)),
        shipped=replace(packed, accuracy=96.6, payload_bytes=1_390, provenance={"seed": "8"}),
    )  # fmt: skip


def variant(name: str, flash: int, accuracy: float, fits: bool = True) -> Variant:
    return Variant(name, 16, 0.8, 100, "8", "csr8 int8", accuracy, 99.0, flash // 4, flash, 200, fits)


@pytest.fixture
def own_report(report) -> Report:
    """The same run of a user's own data: recordings whose people are shared, answers, curves, two boards' fits."""
    epochs = tuple(
        EpochFigures(number, 2.0 / (number + 1), 90 - number, 80.0 + number) for number in range(10)
    )
    variants = (
        variant("small", 900, 88.0),
        variant("large", 2_000, 93.0),
        variant("huge", 9_000, 94.0, False),
    )
    fit = FitFacts(
        "own", False, "nucleo-g071rb", 94.0, 1.5, 40, variants, ("small", "large"), "large", "the smallest", 91.0,
        "model.tgmp", None, {}, Unknown(0.95, 0.08, {"jump": 0.25}, 311),
    )  # fmt: skip
    alone = replace(
        fit, board="arduino-uno", variants=variants[:1], front=("small",), chosen=None, unknown=None
    )
    answers = Answers(
        ("walk", "sit <i>"),
        ((9, 1), (2, 8)),
        {"anna": (Score(5, 5), Score(5, 3)), "ben": (Score(5, 4), Score(5, 5))},
    )
    return replace(
        report,
        data=replace(report.data, people={"train": 30, "test": 6}, grouped_by="recordings", shared_people=3),
        answers=answers,
        training={"dense": Curve(epochs), "pruned": Curve(epochs, 2, 6)},
        left_out=LeftOut("people", {"anna": 90.0, "ben": 80.0}, 85.0, 7.07),
        fits=(fit, alone),
        sweep=(),
        shipped=None,
    )
