"""The gravity filter in C, for models that want body acceleration from a six-axis sensor."""

from converters.to_c.rendering import render
from converters.to_c.runtime_text import joined_kernels
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.window_chain import WindowChain
from tinygmp.quant.gravity import corner_hz

CHANNELS = tuple(f"{sensor}_{axis}" for sensor in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")
RATE_HZ = 50.0  # of UCI HAR, which named the nine channels


def takes_gravity_filter(layer: SensorInput) -> bool:
    """Return whether the channels are body_acc, body_gyro, total_acc x y z, both accelerations in the same counts."""
    return layer.channel_names == CHANNELS and layer.counts_per_unit[:3] == layer.counts_per_unit[6:]


def rate_of(model: PackedModel) -> float | None:
    """Return the samples a second that a model expects: what its provenance says, else those of UCI HAR's channels."""
    of_har = any(
        takes_gravity_filter(node.operator) for node in model.nodes if isinstance(node.operator, SensorInput)
    )
    return model.rate_hz or (RATE_HZ if of_har else None)


def gravity_files(model: WindowChain) -> dict[str, bytes]:
    """Return <name>_gravity.h and .c; raises UnsupportedError for a model with other channels."""
    if not takes_gravity_filter(model.input):
        raise UnsupportedError(
            f"model '{model.name}': the gravity filter feeds {', '.join(CHANNELS)}, both accelerations in the same "
            f"counts; this model takes {', '.join(model.input.channel_names)}: feed it as it is"
        )
    rate_hz = rate_of(model.model) or RATE_HZ
    context = {
        "prefix": model.name,
        "upper": model.name.upper(),
        "rate_hz": rate_hz,
        "corner_hz": corner_hz(rate_hz),
        "kernels": joined_kernels(("tg_gravity.c",)),
        "sensor": sensor_rows(model.input),
    }
    return {f"{model.name}_gravity.{kind}": render(f"gravity.{kind}.j2", context) for kind in ("h", "c")}


def sensor_rows(layer: SensorInput) -> list[tuple[str, float, str]]:
    """Return name, counts per unit and unit of the six values that a sensor gives."""
    rows = list(zip(layer.channel_names, layer.counts_per_unit, layer.units, strict=True))
    return [(name, counts, unit) for name, counts, unit in rows[6:] + rows[3:6]]
