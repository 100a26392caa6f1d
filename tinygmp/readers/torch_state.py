"""State dicts of MobileNet-V1 in PyTorch, whatever their keys are called, read as folded weights."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinygmp.errors import DataError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.readers.folding import folded_batch_norm
from tinygmp.readers.mobilenet_v1 import NAMES, mobilenet_v1, symmetric_padding
from tinygmp.readers.pixel_meaning import HALF, with_normalisation

if TYPE_CHECKING:
    import torch

BATCH_NORM = ("weight", "bias", "running_mean", "running_var")
WRAPPERS = ("state_dict", "model", "model_state_dict", "model_state")
EPSILON = 1e-5  # of torch.nn.BatchNorm2d


def load_torch(
    path: Path,
    size: int,
    mean: Sequence[float] = HALF,
    std: Sequence[float] = HALF,
    activation: str = "relu6",
    epsilon: float = EPSILON,
) -> FloatGraph:
    """Return the float graph of a MobileNet-V1 state dict, .safetensors or .pt / .pth, for images of `size`.

    Layers are found by their order and shapes: 27 convolutions, each with its batch norm, then a Linear; padding is
    half a kernel on every side, as PyTorch networks have it. mean, std: by channel, what training subtracted from
    pixels in 0..1 and divided by. activation: 'relu6' or 'relu', which a state dict does not tell. A .pt file is read
    as tensors only, nothing in it runs. Raises DataError that names the key.
    """
    modules = grouped(state_of(path), path)
    if len(modules) != 2 * (len(NAMES) - 1) + 1:
        raise DataError(
            f"'{path}' holds {len(modules)} layers with weights, MobileNet-V1 has 27 convolutions, 27 batch norms and "
            "one Linear; give a state dict of MobileNet-V1, or pack the module itself: tinygmp.readers.torch_export"
        )
    folded = {}
    for name, conv, norm in zip(NAMES[:-1], modules[:-1:2], modules[1:-1:2], strict=True):
        folded[name] = folded_pair(name, conv, norm, epsilon, path)
    key, arrays = modules[-1]
    if arrays["weight"].ndim != 2:
        raise DataError(
            f"'{path}': '{key}.weight' is {arrays['weight'].shape}, expected the Linear layer's 2 axes"
        )
    classes = len(arrays["weight"])
    folded["fc"] = arrays["weight"], arrays.get("bias", np.zeros(classes, np.float32))
    graph = mobilenet_v1(folded, size, symmetric_padding, activation, path.name, PixelInput())
    return with_normalisation(graph, mean, std)


def state_of(path: Path) -> Mapping[str, torch.Tensor]:
    """Return the tensors of a file by key; a checkpoint's outer dictionary is opened."""
    import torch

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise DataError(
            f"'{path}' cannot be read as tensors alone ({first_words(error)}); save a state dict, not a module"
        ) from error
    for wrapper in WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise DataError(f"'{path}' holds no state dict of tensors; save module.state_dict()")
    return state


def first_words(error: Exception) -> str:
    """Return what torch says first; it goes on to advise loading without its guard, which lets the file run code."""
    return " ".join(str(error).split(". ")[0].split())[:200]


Module = tuple[str, dict[str, np.ndarray]]


def grouped(state: Mapping[str, torch.Tensor], path: Path) -> list[Module]:
    """Return the layers in order, the one that takes the image first; numbers in keys count as numbers."""
    modules: dict[str, dict[str, np.ndarray]] = {}
    state = masked(state)
    for key in sorted(state, key=natural):
        prefix, _, part = key.removeprefix("module.").rpartition(".")
        if part in BATCH_NORM:
            modules.setdefault(prefix, {})[part] = state[key].detach().float().numpy()
    found = [(prefix, arrays) for prefix, arrays in modules.items() if "weight" in arrays]
    stems = [
        at
        for at, (_, arrays) in enumerate(found)
        if arrays["weight"].ndim == 4 and arrays["weight"].shape[1] == 3
    ]
    lasts = [at for at, (_, arrays) in enumerate(found) if arrays["weight"].ndim == 2]
    if len(stems) != 1 or len(lasts) != 1:
        raise DataError(
            f"'{path}' has {len(stems)} layers for images of 3 channels and {len(lasts)} Linear; one of each"
        )
    stem, last = found[stems[0] : stems[0] + 2], [found[lasts[0]]]
    taken = {name for name, _ in (*stem, *last)}
    return [*stem, *(each for each in found if each[0] not in taken), *last]


def masked(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the state with `torch.nn.utils.prune`'s pairs of weights and masks multiplied out."""
    found = {key: value for key, value in state.items() if not key.endswith(("_orig", "_mask"))}
    for key, mask in state.items():
        name = key.removesuffix("_mask")
        if name != key and f"{name}_orig" in state:
            found[name] = state[f"{name}_orig"] * mask
    return found


def natural(key: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", key)]


def folded_pair(
    name: str, conv: Module, norm: Module, epsilon: float, path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and bias of a convolution with its batch norm; raises DataError where shapes do not belong."""
    (conv_key, conv_arrays), (norm_key, norm_arrays) = conv, norm
    weight = conv_arrays["weight"]
    kernel = 1 if name.startswith("pw") else 3
    fits = weight.ndim == 4 and weight.shape[2:] == (kernel, kernel)
    if not fits or (name.startswith("dw") and weight.shape[1] != 1):
        raise DataError(
            f"'{path}': '{conv_key}.weight' is {weight.shape} where MobileNet-V1 has layer {name}"
        )
    missing = [part for part in BATCH_NORM if part not in norm_arrays]
    if missing or norm_arrays["running_mean"].shape != (len(weight),):
        raise DataError(
            f"'{path}': '{norm_key}' is not the batch norm of '{conv_key}' ({len(weight)} channels); missing: {missing}"
        )
    gamma, beta, mean, variance = (norm_arrays[part] for part in BATCH_NORM)
    return folded_batch_norm(weight, gamma, beta, mean - conv_arrays.get("bias", 0.0), variance, epsilon)
