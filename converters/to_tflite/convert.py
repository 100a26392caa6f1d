"""A PackedModel as TFLite files."""

from converters.to_tflite.graph_model import convert_graph
from converters.to_tflite.stream import convert_stream
from tinygmp.artifact import Artifact
from tinygmp.graph.model import PackedModel


def convert(model: PackedModel) -> Artifact:
    """Return every TFLite form of a model: step cells of a recurrent one, one run of any other."""
    return convert_stream(model) if model.recurrent else convert_graph(model)
