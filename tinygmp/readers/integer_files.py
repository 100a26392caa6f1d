"""Which TFLite and ONNX files compute in integers, and so are packed models as they lie."""

from pathlib import Path

from tinygmp.errors import MissingToolError
from tinygmp.readers.tflite import DAMAGE

QUANTISED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "QGemm", "QLinearAdd")


def is_full_integer_tflite(path: Path) -> bool:
    """Return whether a .tflite file computes in int8: no layer with weights reads floats. False for a damaged file."""
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise MissingToolError(
            "the TFLite schema is absent; install it with: pip install ai-edge-litert"
        ) from error
    codes = schema.BuiltinOperator
    weighted = {codes.CONV_2D, codes.DEPTHWISE_CONV_2D, codes.FULLY_CONNECTED}
    try:
        model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        graph = model.subgraphs[0]
        types = [
            graph.tensors[int(operator.inputs[0])].type
            for operator in graph.operators
            if model.operatorCodes[operator.opcodeIndex].builtinCode in weighted
        ]
    except (OSError, *DAMAGE):
        return False
    whole = (schema.TensorType.INT8, schema.TensorType.UINT8, schema.TensorType.INT16)
    return bool(types) and all(each in whole for each in types)


def is_quantised_onnx(path: Path) -> bool:
    """Return whether an .onnx file holds operations of quantised values. False for a damaged file."""
    try:
        import onnx
    except ImportError as error:
        raise MissingToolError("onnx is absent; install it with: pip install onnx") from error
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except Exception:  # protobuf's classes, which its reader turns into a sentence
        return False
    return any(node.op_type in QUANTISED for node in graph.node)
