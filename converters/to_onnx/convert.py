"""A PackedModel as ONNX files."""

from converters.to_onnx.graph_model import convert_graph
from converters.to_onnx.stream import convert_stream
from tinygmp.artifact import Artifact
from tinygmp.graph.model import PackedModel


def convert(model: PackedModel) -> Artifact:
    """Return every ONNX form of a model: windows and steps of a recurrent one, one run of any other."""
    return convert_stream(model) if model.recurrent else convert_graph(model)
