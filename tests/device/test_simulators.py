"""Every core runs programs whose answers, instruction counts, cycles and stack are known beforehand."""

import dataclasses

import numpy as np
import pytest

from tinygmp.device.board import find_board
from tinygmp.device.cores import CORES
from tinygmp.device.lab import simulate
from tinygmp.device.toolchain import build
from tinygmp.errors import SimulationError

# One board per core; cycles of the counted loop are from the cores' manuals, None where no model is validated:
# M0+: MOVS 1, 5 SUBS, 4 BNE taken 2 and 1 not, BX 2 = 17. AVR: LDI 1, 5 DEC, 4 BRNE 2 and 1, RET 4 (5 with a 22-bit
# program counter) = 19. MSP430: MOV #5 2, 5 DEC, 5 JNZ 2, RET 3 = 20.
BOARDS = {
    "microbit-v1": None,
    "nucleo-g071rb": 17,
    "blue-pill": None,
    "nucleo-f446re": None,
    "stm32f746g-discovery": None,
    "nucleo-u575zi": None,
    "longan-nano": None,
    "ch32v003": None,
    "attiny85": 19,
    "arduino-uno": 19,
    "arduino-mega": 20,
    "msp430g2553": 20,
}
TOOLS = {
    "arm": ("ziglang", "unicorn"),
    "riscv": ("ziglang", "unicorn"),
    "avr": ("avr-gcc", "simavr"),
    "msp430": ("ziglang",),
}


@pytest.fixture(params=BOARDS)
def board(request, needs):
    board = find_board(request.param)
    needs(*TOOLS[CORES[board.core].family])
    return board


def test_every_core_has_a_board_here():
    assert {find_board(name).core for name in BOARDS} == {
        name for name, core in CORES.items() if core.simulator
    }


def test_answers_equal_numpy(board, summing, windows, summing_logits):
    result = simulate(build(summing, board), windows)
    expected = summing_logits(windows)
    np.testing.assert_array_equal(result.logits, expected)
    np.testing.assert_array_equal(result.classes, expected.argmax(axis=1))


def test_instructions_and_cycles_equal_the_hand_count(board, counted, windows):
    step = simulate(build(counted, board), windows).step
    assert step.instructions == step.most_instructions == 12
    assert step.cycles == step.most_cycles == BOARDS[board.name]
    assert step.calls == 160
    assert bool(step.cycles_method) == (step.cycles is not None)


def test_stack_grows_by_what_the_step_takes(board, deep, windows):
    shallow, deeper = (simulate(build(deep, board, defines=(f"DEPTH={n}",)), windows[:1]) for n in (64, 224))
    assert deeper.stack_bytes - shallow.stack_bytes == 160
    assert 64 < shallow.stack_bytes < 260


def test_a_stack_that_overruns_ram_is_told(needs, deep, windows):
    needs("ziglang", "unicorn")
    tight = dataclasses.replace(find_board("nucleo-g071rb"), ram_bytes=256)
    with pytest.raises(
        SimulationError, match=r"stack overran the data: \d+ B of stack and 8 B of data in 256 B"
    ):
        simulate(build(deep, tight, defines=("DEPTH=224",)), windows)


def test_a_stack_into_the_data_is_over_budget_on_avr(needs, deep, windows):
    needs("avr-gcc", "simavr")
    result = simulate(build(deep, find_board("attiny85"), defines=("DEPTH=476",)), windows[:1])
    assert result.stack_bytes + 8 > find_board("attiny85").ram_bytes


@pytest.mark.parametrize("name", ["nucleo-g071rb", "nucleo-f446re", "longan-nano", "ch32v003"])
def test_second_compiler_gives_the_same_answers(name, needs, summing, windows, summing_logits):
    board = find_board(name)
    needs(CORES[board.core].gcc, "unicorn")
    result = simulate(build(summing, board, compiler="gcc"), windows)
    np.testing.assert_array_equal(result.logits, summing_logits(windows))


@pytest.mark.parametrize("name", ["nucleo-g071rb", "longan-nano"])
def test_a_fault_is_told_with_its_place(name, needs, summing, windows):
    needs("ziglang", "unicorn")
    wild = summing.files["summing.c"].replace(b"s->sum[0] += c[0]", b"*(volatile int *)0x70000000u = c[0]")
    artifact = dataclasses.replace(summing, files={**summing.files, "summing.c": wild})
    with pytest.raises(SimulationError, match=rf"board '{name}': .*UNMAPPED.* at 0x80000"):
        simulate(build(artifact, find_board(name)), windows)


def test_flash_cannot_be_written(needs, summing, windows):
    needs("ziglang", "unicorn")
    wild = summing.files["summing.c"].replace(b"s->sum[0] += c[0]", b"*(volatile int *)0x08000000u = c[0]")
    artifact = dataclasses.replace(summing, files={**summing.files, "summing.c": wild})
    with pytest.raises(SimulationError, match="protect"):
        simulate(build(artifact, find_board("nucleo-g071rb")), windows)


def test_a_program_without_end_is_stopped(needs, summing, windows):
    needs("ziglang", "unicorn")
    from tinygmp.device.unicorn_run import run_in_unicorn

    endless = summing.files["summing.c"].replace(
        b"s->sum[0] += c[0]", b"for (;;) { *(volatile int *)s = 1; }"
    )
    artifact = dataclasses.replace(summing, files={**summing.files, "summing.c": endless})
    with pytest.raises(SimulationError, match="no end within 1 s"):
        run_in_unicorn(build(artifact, find_board("nucleo-g071rb")), windows, timeout_s=1)


@pytest.fixture
def stopping_early(monkeypatch):
    """Let unicorn come back without an error after a thousand instructions, as often as the list has entries."""
    import unicorn

    whole, times = unicorn.Uc.emu_start, []

    def emu_start(self, begin, until, timeout=0, count=0):
        whole(self, begin, until, timeout, times.pop() if times else count)

    monkeypatch.setattr(unicorn.Uc, "emu_start", emu_start)
    return times


def test_a_run_that_the_simulator_ends_early_is_made_again(needs, summing, windows, stopping_early):
    needs("ziglang", "unicorn")
    firmware = build(summing, find_board("nucleo-g071rb"))
    whole = simulate(firmware, windows)
    stopping_early += [1000]
    again = simulate(firmware, windows)
    assert not stopping_early
    assert (again.logits == whole.logits).all()
    assert (again.step, again.stack_bytes) == (whole.step, whole.stack_bytes)


def test_a_run_that_ends_early_twice_tells_the_time_that_passed(needs, summing, windows, stopping_early):
    needs("ziglang", "unicorn")
    stopping_early += [1000, 1000]
    with pytest.raises(
        SimulationError, match=r"stopped at 0x8\w+ after 0\.\d s of 600 s, twice, without an error"
    ):
        simulate(build(summing, find_board("nucleo-g071rb")), windows)


def test_many_runs_in_threads_all_come_to_their_end(needs, summing, windows):
    """Once in some hundreds of runs on a loaded machine one ended early; none may be told to be out of time."""
    needs("ziglang", "unicorn")
    from concurrent.futures import ThreadPoolExecutor

    firmware = build(summing, find_board("nucleo-g071rb"))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: simulate(firmware, windows), range(60)))
    assert all((each.logits == results[0].logits).all() for each in results)


def test_mspdebug_agrees_on_answers_instructions_and_stack(needs, summing, windows):
    needs("ziglang", "mspdebug")
    from tinygmp.device.mspdebug_run import run_in_mspdebug

    firmware = build(summing, find_board("msp430g2553"))
    ours, theirs = simulate(firmware, windows), run_in_mspdebug(firmware, windows)
    np.testing.assert_array_equal(ours.logits, theirs.logits)
    assert ours.stack_bytes == theirs.stack_bytes
    one_window = simulate(firmware, windows[:1])
    assert one_window.step.instructions == theirs.step.instructions
    assert one_window.step.cycles <= theirs.step.cycles  # it bills generated constants as memory reads


def test_msp430_may_not_write_flash(needs, summing, windows):
    needs("ziglang")
    wild = summing.files["summing.c"].replace(b"s->sum[0] += c[0]", b"*(volatile int16_t *)0xC000u = c[0]")
    artifact = dataclasses.replace(summing, files={**summing.files, "summing.c": wild})
    with pytest.raises(SimulationError, match=r"wrote outside RAM, at 0x.*, to 0xc000"):
        simulate(build(artifact, find_board("msp430g2553")), windows)


@pytest.mark.parametrize(
    "name", [name for name in BOARDS if CORES[find_board(name).core].simulator == "unicorn"]
)
def test_qemu_agrees(name, needs, summing, windows, summing_logits):
    needs("ziglang", "qemu-system-arm", "qemu-system-riscv32")
    from tinygmp.device.qemu_run import run_in_qemu

    result = run_in_qemu(summing, find_board(name), windows, timeout_s=60)
    np.testing.assert_array_equal(result.logits, summing_logits(windows))
