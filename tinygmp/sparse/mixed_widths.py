"""Mixed bit widths: which tensor may be coarse, so that all fit a byte budget at the least measured loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinygmp.errors import ConfigError
from tinygmp.sparse.tensor import PackedTensor

MOST_STATES = 4096


@dataclass(frozen=True)
class Option:
    """One way to pack a tensor, and what it costs the model: any measure that adds up, such as the rise of the loss
    on training data when this tensor alone is packed so."""

    tensor: PackedTensor
    loss: float


def mixed_widths(options: Mapping[str, Sequence[Option]], most_bytes: int) -> dict[str, PackedTensor]:
    """Return one option for each name with the least total loss among those that fit; fewer bytes on a tie.

    Exact as long as at most 4096 undominated partial choices arise, else the best of each 1/4096 of the budget is kept.
    Raises ConfigError when the smallest options exceed the budget.
    """
    least = sum(min(option.tensor.payload_bytes for option in each) for each in options.values())
    if least > most_bytes:
        raise ConfigError(
            f"the smallest options need {least} B, the budget is {most_bytes}; raise it or prune further"
        )
    states: list[tuple[int, float, tuple[PackedTensor, ...]]] = [(0, 0.0, ())]
    smallest_ahead = least
    for each in options.values():
        smallest_ahead -= min(option.tensor.payload_bytes for option in each)
        grown = [
            (spent + option.tensor.payload_bytes, loss + option.loss, (*chosen, option.tensor))
            for spent, loss, chosen in states
            for option in each
            if spent + option.tensor.payload_bytes + smallest_ahead <= most_bytes
        ]
        states = undominated(grown, most_bytes)
    best = min(states, key=lambda state: (state[1], state[0]))
    return dict(zip(options, best[2], strict=True))


def undominated(
    states: list[tuple[int, float, tuple[PackedTensor, ...]]], most_bytes: int
) -> list[tuple[int, float, tuple[PackedTensor, ...]]]:
    """Return the states that no other beats in both bytes and loss, thinned to the number that is kept."""
    front: list[tuple[int, float, tuple[PackedTensor, ...]]] = []
    for state in sorted(states, key=lambda state: state[:2]):
        if not front or state[1] < front[-1][1]:
            front.append(state)
    if len(front) <= MOST_STATES:
        return front
    # Within a share of the budget the smallest is kept, so that what was feasible stays feasible.
    kept: dict[int, tuple[int, float, tuple[PackedTensor, ...]]] = {}
    for state in front:
        kept.setdefault(state[0] * MOST_STATES // most_bytes, state)
    return list(kept.values())
