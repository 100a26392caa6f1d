"""PackedModel to ONNX (opset 17): a whole window by Scan and a streaming step cell, in floats and bit-exact."""

from tinygmp.artifact import Artifact
from tinygmp.packed.model import PackedModel


def convert(model: PackedModel) -> Artifact:
    """Return `<name>.onnx` (window, float), `<name>_step.onnx`, `<name>_exact.onnx`, `<name>_exact_step.onnx`.

    All take raw int16 counts. The exact pair computes the integer reference's logits and state to the bit.
    Raises MissingToolError without the onnx package, FormatError when a weight stream is damaged.
    """
    from converters.to_onnx.convert import convert_model

    return convert_model(model)
