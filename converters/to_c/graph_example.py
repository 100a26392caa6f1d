"""The example of a graph, for a console and as a sketch: a known sample in, class, outputs and checksum printed."""

from converters.to_c.known_sample import BITS, CHECKSUM_FACTOR, CHECKSUM_START, STEP
from converters.to_c.ports import Port, ports
from converters.to_c.rendering import render
from tinygmp.graph.model import PackedModel

MOST_NAMED_CLASSES = 64
PICTURE_CHANNELS = (1, 3)  # grey; red, green, blue


def console_example(
    model: PackedModel, inside: bool, checksum: int | None = None, command: str = ""
) -> bytes:
    """Return main.c; inside: the picture lies in the scratch memory. checksum: of the reference, where it is known."""
    context = example_context(model, inside, checksum)
    return render(
        "graph_example_main.c.j2",
        context | {"cpp": False, "command": command or f"example_main.c {model.name}.c"},
    )


def graph_sketch(model: PackedModel, inside: bool, checksum: int) -> bytes:
    """Return the sketch for Arduino; the arguments are those of `console_example`."""
    return render("graph_sketch.ino.j2", example_context(model, inside, checksum) | {"cpp": True})


def example_context(model: PackedModel, inside: bool, checksum: int | None) -> dict[str, object]:
    inputs = ports(model, model.inputs)
    return {
        "model": model,
        "prefix": model.name,
        "upper": model.name.upper(),
        "inputs": inputs,
        "outputs": ports(model, model.outputs),
        "inside": inside,
        "checksum": checksum,
        "named_classes": 0 < len(model.labels) <= MOST_NAMED_CLASSES,
        "picture": picture(inputs),
        "known": {"step": STEP, "bits": BITS, "start": CHECKSUM_START, "factor": CHECKSUM_FACTOR},
    }


def picture(inputs: list[Port]) -> Port | None:
    """Return the one input where it is a picture: rows and columns of grey or coloured pixels."""
    if len(inputs) > 1 or len(inputs[0].shape) != 3 or inputs[0].c_type not in ("uint8_t", "int8_t"):
        return None
    rows, columns, channels = inputs[0].shape
    return inputs[0] if min(rows, columns) > 1 and channels in PICTURE_CHANNELS else None
