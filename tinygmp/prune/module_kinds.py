"""Which parameters of a torch module are matrices that pruning may rank, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from tinygmp.errors import ConfigError

WITH_ONE_WEIGHT = (_ConvNd, nn.Linear, nn.Bilinear, nn.Embedding, nn.EmbeddingBag)
OF_ATTENTION = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)


def own_matrices(part: nn.Module) -> list[str]:
    """Return the names of the prunable parameters that a module holds itself, not through its children."""
    own_list = own_list_of(part)
    if own_list is not None:
        return list(own_list())
    if isinstance(part, WITH_ONE_WEIGHT):
        return ["weight"]
    if isinstance(part, nn.RNNBase | nn.RNNCellBase):
        return [name for name, _ in part.named_parameters(recurse=False) if name.startswith("weight")]
    if isinstance(part, nn.MultiheadAttention):
        return [name for name in OF_ATTENTION if part._parameters.get(name) is not None]
    return []


def own_list_of(part: nn.Module) -> Callable[[], Iterable[str]] | None:
    """Return the method by which a module of another kind names its matrices, if it has one."""
    return getattr(part, "prunable", None)


def is_depthwise(module: nn.Module) -> bool:
    """Tell whether a convolution has one group per input channel and more than one channel."""
    return isinstance(module, nn.Conv1d | nn.Conv2d) and 1 < module.groups == module.in_channels


def refuse_unfit(path: str, part: nn.Module) -> None:
    """Raise ConfigError for a module whose parameters are not what its forward pass will use.

    Masks of torch.nn.utils.prune make the weight anew in every forward pass; a lazy module has no weights yet; and
    prunable() may name what is no parameter.
    """
    place = f"'{path}' ({type(part).__name__})"
    for name, parameter in part._parameters.items():
        masked = name.removesuffix("_orig")
        if masked != name and f"{masked}_mask" in part._buffers:
            raise ConfigError(
                f"{place}: '{masked}' is masked by torch.nn.utils.prune, so zeros set here would not stay; call "
                f"torch.nn.utils.prune.remove(module, '{masked}') first, which keeps its zeros"
            )
        if parameter is not None and is_lazy(parameter):
            raise ConfigError(f"{place}: '{name}' has no shape yet; run one batch through the network first")
    if own_list_of(part) is not None:
        known = dict(part.named_parameters(remove_duplicate=False))
        for name in own_matrices(part):
            if name not in known and not parametrize.is_parametrized(part, name):
                raise ConfigError(f"{place}: prunable() names '{name}', which is none of its parameters")


def reason_of(path: str, part: nn.Module, name: str, parameter: nn.Parameter) -> str:
    """Return why a parameter that a module holds itself is no prunable matrix, in a few words."""
    kind = type(part).__name__
    if isinstance(part, NORMS):
        return f"{kind} scales and shifts whole channels"
    if not parameter.is_floating_point():
        return f"{str(parameter.dtype).removeprefix('torch.')}, not real numbers"
    if parameter.numel() == 0:
        return "has no elements"
    if "bias" in name:
        return "bias"
    if parameter.dim() < 2:
        return "vector, each value acts on a whole channel"
    if isinstance(part, parametrize.ParametrizationList):
        return "a parametrization computes the weight from it; torch.nn.utils.parametrize.remove_parametrizations first"
    if isinstance(part, WITH_ONE_WEIGHT):
        return "the layer computes its weight from it in every forward pass, by weight_norm for example"
    if own_list_of(part) is not None:
        return f"{kind}.prunable() does not name it"
    full = f"{path}.{name}" if path else name
    return f"{kind} is no kind with known matrices; include=['{full}'], or a method prunable() that names it"
