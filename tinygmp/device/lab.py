"""Measure an artifact on a board: build, check the budget, run, compare with the reference."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from tinygmp.artifact import Artifact
from tinygmp.device.board import Board
from tinygmp.device.budget import BudgetResult, check_budget
from tinygmp.device.cores import CORES
from tinygmp.device.report import DeviceReport, Parity
from tinygmp.device.run_result import RunResult
from tinygmp.device.toolchain import Firmware, build
from tinygmp.device.words import Reference
from tinygmp.errors import ConfigError, MissingToolError


def simulate(firmware: Firmware, counts: np.ndarray) -> RunResult:
    """Run firmware on the simulator of its core; raises MissingToolError when that simulator is absent."""
    simulator = CORES[firmware.board.core].simulator
    if simulator == "unicorn":
        from tinygmp.device.unicorn_run import run_in_unicorn

        return run_in_unicorn(firmware, counts)
    if simulator == "simavr":
        from tinygmp.device.simavr_run import run_in_simavr

        return run_in_simavr(firmware, counts)
    if not simulator:
        raise MissingToolError(
            f"tinygmp has no simulator for core '{firmware.board.core}' of board '{firmware.board.name}'; "
            "run on a board of another core, or on the board itself: tinygmp verify --port"
        )
    from tinygmp.device.msp430_run import run_in_msp430_core

    return run_in_msp430_core(firmware, counts)


def budget(
    artifact: Artifact, board: Board, optimise: str = "smallest", defines: tuple[str, ...] = ()
) -> BudgetResult:
    """Build an artifact and compare its flash and RAM with the board's, without running it (the stack is unknown)."""
    return check_budget(build(artifact, board, optimise, defines=defines).sizes, board)


def measure(
    artifact: Artifact,
    board: Board,
    counts: np.ndarray,
    reference: Reference,
    optimise: str = "smallest",
    compiler: str = "",
    defines: tuple[str, ...] = (),
) -> DeviceReport:
    """Return what an artifact costs on a board and whether its answers equal the reference's, bit for bit.

    A program too big for the board is not run: the report says by how much. Raises BuildError, SimulationError or
    MissingToolError.
    """
    firmware = build(artifact, board, optimise, compiler, defines)
    if not firmware.links:
        return device_report(firmware, None, None)
    result = simulate(firmware, counts)
    return device_report(firmware, result, compare(firmware, result, counts, reference))


def measure_all(
    artifact: Artifact,
    boards: Sequence[Board],
    counts: np.ndarray,
    reference: Reference,
    jobs: int = 2,
    **options: str,
) -> tuple[list[DeviceReport], dict[str, str]]:
    """Measure on several boards at once: compilers and simulators run outside Python, so threads do.

    Returns the reports in the order of the boards, and board name -> reason for boards whose tools are missing.
    """
    reports: list[DeviceReport] = []
    missing: dict[str, str] = {}
    job = partial(measure, artifact, counts=counts, reference=reference, **options)  # type: ignore[arg-type]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for board, future in [(board, pool.submit(job, board)) for board in boards]:
            try:
                reports.append(future.result())
            except MissingToolError as error:
                missing[board.name] = str(error)
    return reports, missing


def compare(firmware: Firmware, result: RunResult, counts: np.ndarray, reference: Reference) -> Parity:
    """Return the parity of a run; a difference is traced to the first step that shows it in the logits."""
    expected, classes = reference(counts)
    parity = count_mismatches(result, expected, classes)
    if parity.exact:
        return parity
    wrong = (result.logits != expected).any(axis=1) | (result.classes != classes)
    window = int(np.flatnonzero(wrong)[0])
    whole = firmware.interface == "graph"  # which has no steps to look into
    step = None if whole else first_differing_step(firmware, counts[window : window + 1], reference)
    return Parity(
        parity.windows,
        parity.class_mismatches,
        parity.logit_mismatches,
        parity.worst_logit_difference,
        window,
        step,
    )


def count_mismatches(result: RunResult, expected: np.ndarray, classes: np.ndarray) -> Parity:
    """Compare logits int32 [windows, classes] and classes with the reference's."""
    if result.logits.shape != expected.shape:
        raise ConfigError(f"logits have shape {result.logits.shape}, the reference's {expected.shape}")
    difference = np.abs(result.logits.astype(np.int64) - expected)
    return Parity(
        windows=len(expected),
        class_mismatches=int((result.classes != classes).sum()),
        logit_mismatches=int(difference.any(axis=1).sum()),
        worst_logit_difference=int(difference.max()),
    )


def first_differing_step(firmware: Firmware, window: np.ndarray, reference: Reference) -> int | None:
    """Return the first step, counted from 0, after which the logits of one window [1, steps, channels] differ."""
    for steps in range(1, window.shape[1] + 1):
        part = window[:, :steps]
        if (simulate(firmware, part).logits != reference(part)[0]).any():
            return steps - 1
    return None


def device_report(firmware: Firmware, result: RunResult | None, parity: Parity | None) -> DeviceReport:
    board, sizes = firmware.board, firmware.sizes
    budget = check_budget(sizes, board, result.stack_bytes if result else None)
    step = result.step if result else None
    return DeviceReport(
        board=board.name,
        title=board.title,
        core=board.core,
        compiler=firmware.compiler,
        flash_bytes=sizes.flash_bytes,
        flash_limit_bytes=board.flash_bytes,
        weights_bytes=sizes.weights_bytes,
        engine_bytes=sizes.engine_bytes,
        ram_bytes=sizes.ram_bytes,
        ram_limit_bytes=board.ram_bytes,
        stack_bytes=budget.stack_bytes,
        fits=firmware.links and budget.fits,
        budget=budget.sentence,
        measured_by=result.simulator if result else "not run: it does not fit",
        parity=parity,
        instructions_per_step=step.instructions if step else None,
        worst_instructions_per_step=step.most_instructions if step else None,
        cycles_per_step=step.cycles if step else None,
        worst_cycles_per_step=step.most_cycles if step else None,
        cycles_method=step.cycles_method if step else "",
        clock_hz=board.clock_hz,
    )
