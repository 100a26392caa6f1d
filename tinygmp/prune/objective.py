"""What keeping a weight costs, so that one ranking over all weights can spend bytes or time."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph

OBJECTIVES = ("bytes", "flops")


def check_objective(objective: str) -> None:
    """Raise ConfigError for an objective of another name."""
    if objective not in OBJECTIVES:
        raise ConfigError(f"objective '{objective}' is unknown; known: {', '.join(OBJECTIVES)}")


def costs_of(graph: FloatGraph, objective: str) -> dict[str, float]:
    """Return what one weight of each node costs: 1 in bytes, in flops the positions at which it is used.

    Raises ConfigError for another objective, and for flops of a network with a state, whose steps no file tells.
    """
    check_objective(objective)
    nodes = [node for node in graph.nodes if node.operator.weights_by_name()]
    if objective == "bytes":
        return {node.name: 1.0 for node in nodes}
    if graph.recurrent:
        raise ConfigError(
            f"'{graph.source}' keeps a state: a step uses every weight once, so flops rank as bytes do; "
            "choose --objective bytes"
        )
    return {node.name: float(positions(graph.shapes[node.writes[0]])) for node in nodes}


def positions(shape: tuple[int, ...]) -> int:
    """Return rows times columns of a map, 1 of a vector."""
    return int(np.prod(shape[:-1], dtype=np.int64))


def multiply_adds(graph: FloatGraph) -> int:
    """Return the multiply-adds of one run with the weights that are not zero."""
    costs = costs_of(graph, "flops")
    kept = {node.name: node.operator.weights_by_name().values() for node in graph.nodes}
    return sum(
        int(cost) * sum(int(np.count_nonzero(matrix)) for matrix in kept[name])
        for name, cost in costs.items()
    )


def weighed(scores: Mapping[str, Any], costs: Mapping[str, float]) -> dict[str, Any]:
    """Return scores in units of a magnitude, arrays or tensors, over the root of what a weight costs.

    A weight's square is what leaving it out adds to the error. At a bound on what all kept weights cost, the least
    error keeps those whose square over their cost is largest; the root ranks alike. A score's name is a node's, or a
    node's and its matrix's behind a dot.
    """
    return {name: score / cost_of(name, costs) ** 0.5 for name, score in scores.items()}


def cost_of(name: str, costs: Mapping[str, float]) -> float:
    return costs[name] if name in costs else costs[name.rpartition(".")[0]]
