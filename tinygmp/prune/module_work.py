"""What the layers of a torch module do, found by one forward pass."""

import torch
from torch import nn

from tinygmp.cost.work import Map, Work
from tinygmp.graph.operators.window import Window
from tinygmp.prune.flops import observe


def works_of_module(module: nn.Module, sample_shape: tuple[int, ...]) -> dict[str, Work]:
    """Return the work of every convolution and linear layer by the name of its weight, for one sample of this shape.

    sample_shape: (channels, rows, columns), or (features,).
    """
    found: dict[str, Work] = {}
    parts = [
        (part, recorder(f"{path}.weight" if path else "weight", found))
        for path, part in module.named_modules()
        if isinstance(part, nn.Conv2d | nn.Linear)
    ]
    observe(module, sample_shape, parts)
    return found


def recorder(name: str, found: dict[str, Work]):  # type: ignore[no-untyped-def]
    def record(part: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        assert isinstance(part, nn.Conv2d | nn.Linear)
        read, written = map_of(inputs[0]), map_of(output)
        size = part.weight.numel()
        if isinstance(part, nn.Linear):
            shape = (part.out_features, part.in_features)
            found[name] = Work("fully_connected", read, written, weights=shape, nonzero=size)
            return
        (top, left) = part.padding if isinstance(part.padding, tuple) else (0, 0)
        rows, columns = (part.kernel_size[0], part.kernel_size[1])
        window = Window(
            (rows, columns), (part.stride[0], part.stride[1]), (part.dilation[0], part.dilation[1]),
            (top, top, left, left),
        )  # fmt: skip
        kind = "conv2d" if part.groups == 1 else "depthwise_conv2d"
        found[name] = Work(kind, read, written, window, (part.out_channels, size // part.out_channels), size)

    return record


def map_of(tensor: torch.Tensor) -> Map:
    """Return rows, columns and channels of the first sample."""
    if tensor.dim() == 4:
        return tensor.shape[2], tensor.shape[3], tensor.shape[1]
    return 1, 1, tensor.shape[-1]
