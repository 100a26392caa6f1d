"""What a model's inputs and outputs are called in converted files."""

from tinygmp.graph.model import PackedModel


def input_names(model: PackedModel) -> dict[str, str]:
    """Return value -> name of each input: 'pixels' for the only one where it holds pixels, else the value's own."""
    if len(model.inputs) == 1 and model.input.dtype == "uint8":
        return {model.inputs[0]: "pixels"}
    return {name: name for name in model.inputs}


def output_names(model: PackedModel) -> dict[str, str]:
    """Return value -> name of each output: 'logits' for the first of a classifier, else the value's own."""
    names = {name: name for name in model.outputs}
    if model.labels:
        names[model.outputs[0]] = "logits"
    return names
