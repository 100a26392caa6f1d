"""What each layer of a graph costs on a simulated core: counted, not estimated."""

from dataclasses import dataclass, replace

import numpy as np

from converters.to_c.graph import MARK, Layer, convert_marked
from tinygmp.cost.model import CostModel, cost_model, known_cores
from tinygmp.cost.work import Work, works_of
from tinygmp.data.samples import Samples
from tinygmp.device.board import Board
from tinygmp.device.cores import CORES
from tinygmp.device.run_result import RunResult
from tinygmp.device.toolchain import build, with_unlimited_memory
from tinygmp.device.unicorn_run import M0PLUS_METHOD, run_in_unicorn
from tinygmp.device.words import reference_of, words_of
from tinygmp.errors import ConfigError, SimulationError, UnsupportedError
from tinygmp.graph.kinds import kind_of
from tinygmp.graph.model import PackedModel

PROFILE_BOARD = "nucleo-l432kc"  # where none is named: a Cortex-M4F


@dataclass(frozen=True)
class LayerCost:
    """What one layer computes and what that took; cycles is None where no validated model of the core gives them."""

    name: str
    kind: str
    kernels: tuple[str, ...]
    work: tuple[Work, ...]  # one for each node that it runs
    shape: tuple[int, ...]
    multiply_adds: int  # with every weight
    multiply_adds_kept: int  # with those that are not zero
    instructions: int
    cycles: int | None
    predicted: (
        int | None
    )  # instructions, where a cost model was fitted to the core at this level of optimisation


@dataclass(frozen=True)
class Profile:
    """The layers in their order and the whole inference, of one input; `instructions` are counted in the simulator."""

    model: str
    board: str
    core: str
    level: str
    compiler: str
    layers: tuple[LayerCost, ...]
    instructions: int
    cycles: int | None
    cycles_method: str
    exact: bool  # the answer equals the reference's


def profile(model: PackedModel, board: Board, samples: Samples, level: str = "smallest") -> Profile:
    """Run the first sample of a graph without a state on a board's core and return what each layer took.

    The marks that tell layers apart cost some four instructions each, which are counted. What does not fit the board's
    memory is counted all the same. Raises UnsupportedError for a network with a state, ConfigError for a core
    without a counting simulator, BuildError, SimulationError.
    """
    if model.recurrent:
        raise UnsupportedError(
            f"model '{model.name}' keeps a state: its step is one function, not layers; verify --board tells its cost"
        )
    core = CORES[board.core]
    if core.simulator != "unicorn":
        raise ConfigError(
            f"board '{board.name}': layers are told apart on Cortex-M and RV32 cores only, not on {board.core}; "
            "choose nucleo-l432kc, nucleo-g071rb or esp32-c3"
        )
    artifact, layers = convert_marked(model)
    firmware = build(artifact, with_unlimited_memory(board), level)
    words = words_of(model, samples.chosen(np.arange(1)).inputs)
    result = run_in_unicorn(firmware, words, mark=MARK, most_marks=len(layers) + 1)
    if len(result.marks) != len(layers) + 1 or result.step is None:
        raise SimulationError(
            f"board '{board.name}': {len(result.marks)} marks of {len(layers) + 1} were passed; report this"
        )
    with_cycles = core.cycle_model == "cortex-m0plus"
    costs = tuple(layer_costs(model, layers, result, with_cycles, model_of(board.core, level)))
    return Profile(
        model=model.name,
        board=board.name,
        core=board.core,
        level=level,
        compiler=firmware.compiler,
        layers=costs,
        instructions=round(result.step.instructions or 0),
        cycles=None if result.step.cycles is None else round(result.step.cycles),
        cycles_method=M0PLUS_METHOD if with_cycles else "",
        exact=bool(np.array_equal(result.logits, reference_of(model)(words)[0])),
    )


def layer_costs(
    model: PackedModel,
    layers: tuple[Layer, ...],
    result: RunResult,
    with_cycles: bool,
    predictor: CostModel | None = None,
) -> list[LayerCost]:
    """Return the differences of what was noted at neighbouring marks."""
    found = []
    works = works_of(model, layers)
    for layer, work, before, after in zip(layers, works, result.marks, result.marks[1:], strict=False):
        nodes = [model.node(name) for name in layer.nodes]
        found.append(
            LayerCost(
                " + ".join(layer.nodes),
                " + ".join(kind_of(node.operator) for node in nodes),
                layer.functions,
                work,
                model.written_by(nodes[-1])[0].shape,
                sum(each.multiply_adds for each in work),
                sum(each.multiply_adds_kept for each in work),
                after[0] - before[0],
                after[1] - before[1] if with_cycles else None,
                predicted(predictor, work),
            )
        )
    return found


def predicted(model: CostModel | None, work: tuple[Work, ...]) -> int | None:
    """Return the instructions that a layer was expected to take, None where no model tells."""
    if model is None or not all(model.fitted(replace(each, together=False).group) for each in work):
        return None
    return round(model.predict(*work).instructions)


def model_of(core: str, level: str) -> CostModel | None:
    """Return the cost model of a core, if it was fitted to this level of optimisation."""
    found = cost_model(core) if core in known_cores() else None
    return found if found is not None and found.level == level else None
