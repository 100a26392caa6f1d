"""Where the values of a packed model lie in the scratch memory of its C, and when: the plan as a table."""

from dataclasses import dataclass

from converters.to_c.graph_steps import planned
from converters.to_c.plan import lifetimes
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel

WORK = "work space of "


@dataclass(frozen=True)
class Placed:
    """A value or a work space: bytes from `offset` on, from the first to the last step that needs it, both counted."""

    name: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class PlanTable:
    """steps: names of the nodes in their order; peak_bytes: of the block; least_bytes: what no plan can go below."""

    model: str
    steps: tuple[str, ...]
    placed: tuple[Placed, ...]
    peak_bytes: int
    least_bytes: int

    def alive_bytes(self, step: int) -> int:
        """Return the bytes in use at a step, what shares a place counted once."""
        taken = sorted(
            (one.offset, one.offset + one.bytes) for one in self.placed if one.first <= step <= one.last
        )
        total = end = 0
        for low, high in taken:
            total += max(0, high - max(low, end))
            end = max(end, high)
        return total


def plan_table(model: PackedModel) -> PlanTable:
    """Return the plan that the C of a model without a state has; raises UnsupportedError for any other."""
    if model.recurrent:
        raise UnsupportedError(
            f"model '{model.name}' keeps a state: its memory is one struct; `tinygmp budget` tells its size"
        )
    found = planned(model)
    steps, sizes, plan = found.steps, found.sizes, found.plan
    lives = lifetimes(steps, sizes, ())
    placed = [Placed(name, offset, sizes[name], *lives[name]) for name, offset in plan.values.items()]
    placed += [
        Placed(f"{WORK}{step.name}", offset, kernel.work_bytes, index, index)
        for index, (step, kernel, offset) in enumerate(zip(steps, plan.kernels, plan.work, strict=True))
        if kernel.work_bytes
    ]
    placed.sort(key=lambda one: (one.first, one.offset))
    names = tuple(step.name for step in steps)
    return PlanTable(model.name, names, tuple(placed), plan.scratch_bytes, plan.least_bytes)
