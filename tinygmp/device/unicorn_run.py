"""Run firmware of a Cortex-M or RV32 board in unicorn, counting every instruction of every step."""

import ctypes
import threading
import time

import numpy as np

from tinygmp.device.cores import CORES
from tinygmp.device.elf_sizes import Image, read_image
from tinygmp.device.native_code import load_native
from tinygmp.device.run_result import RunResult, StepCost, input_words, split_output
from tinygmp.device.toolchain import MAILBOX_ADDRESS, Firmware
from tinygmp.device.tools import require
from tinygmp.device.tracer import ISA_RISCV, ISA_THUMB, Trace
from tinygmp.errors import SimulationError

PAGE = 4096
PAINT = 0xA5
ANSWER_BYTES = 1 << 20  # mapped at once behind the mailbox, and again where answers grow beyond
MOST_ANSWER_BYTES = 1 << 28
MOST_OF_TIME = 0.9  # of the time allowed: what ends before was not ended by it
SYSTEM_REGISTERS = 0xE000E000  # the private peripheral bus of a Cortex-M, where the start-up code finds CPACR
M0PLUS_METHOD = "modelled: Cortex-M0+ cost table, no wait states; 3 to 5 % low against a measured board"


class EndedEarlyError(SimulationError):
    """unicorn came back without an error, before the program's end and before its time was up."""


def run_in_unicorn(
    firmware: Firmware,
    counts: np.ndarray,
    timeout_s: float = 600.0,
    mark: str = "",
    most_marks: int = 0,
) -> RunResult:
    """Classify int16 windows [windows, steps, channels] on a simulated core.

    mark: a function of the program whose first calls, `most_marks` at most, are noted with what the step took so far.
    A run that unicorn ends early for no reason of the program's is made once more from the start, which gives the same
    answers. Raises SimulationError when the program faults, leaves flash or does not end in time, MissingToolError
    without unicorn.
    """
    require("unicorn")
    try:
        return run_once(firmware, counts, timeout_s, mark, most_marks)
    except EndedEarlyError:
        return run_once(firmware, counts, timeout_s, mark, most_marks)


def run_once(
    firmware: Firmware, counts: np.ndarray, timeout_s: float, mark: str, most_marks: int
) -> RunResult:
    """Run the firmware from its reset; raises as `run_in_unicorn` does, EndedEarlyError too."""
    import unicorn

    board, core = firmware.board, CORES[firmware.board.core]
    image = read_image(firmware.elf)
    words = input_words(counts)
    machine = machine_for(core.family, core.unicorn_cpu)
    ram = map_board(machine, firmware, image)
    output_address = load_mailbox(machine, words)
    trace = start_trace(machine, firmware, image, core.family)
    noted = (ctypes.c_uint64 * (2 * most_marks))()
    if most_marks:
        trace.mark = image.symbols[mark] & ~1
        trace.marks, trace.most_marks = ctypes.addressof(noted), most_marks
    stop = image.symbols["tg_port_stop"] & ~1
    start = image.entry | 1 if core.family == "arm" else image.entry
    begin = time.monotonic()
    # Not unicorn's own timer: with several machines at once it ends a run within a second now and then.
    timer = threading.Timer(timeout_s, machine.emu_stop)
    timer.daemon = True
    timer.start()
    try:
        machine.emu_start(start, stop)
    except unicorn.UcError as error:
        place = program_counter(machine, core.family)
        trace.lowest_stack = min(trace.lowest_stack, machine.reg_read(trace.stack_register))
        why = overrun(firmware, trace, image.symbols["tg_bss_end"]) or f"{error} at {place:#x}"
        raise SimulationError(f"board '{board.name}': {why}") from error
    finally:
        timer.cancel()
    place, seconds = program_counter(machine, core.family), time.monotonic() - begin
    if place != stop:
        raise no_end(board.name, place, seconds, timeout_s)
    if trace.outside:
        raise SimulationError(f"board '{board.name}': the program ran outside flash, at {trace.outside:#x}")
    end = int.from_bytes(machine.mem_read(MAILBOX_ADDRESS + 4, 4), "little")
    out = np.frombuffer(bytes(machine.mem_read(output_address, end - output_address)), "<i2")
    logits, classes = split_output(out, len(counts), board.name)
    stack_top = board.ram_origin + board.ram_bytes
    painted = stack_top - lowest_written(bytes(machine.mem_read(*ram)), ram[0], image.symbols["tg_bss_end"])
    stack = max(stack_top - trace.lowest_stack, painted)
    marks = tuple((noted[2 * at], noted[2 * at + 1]) for at in range(trace.marks_seen))
    return RunResult(logits, classes, stack, step_cost(trace, core.cycle_model), "unicorn", marks)


def no_end(board: str, place: int, seconds: float, timeout_s: float) -> SimulationError:
    """Return the error of a program that did not come to its end, with the seconds that really passed."""
    if seconds >= MOST_OF_TIME * timeout_s:
        return SimulationError(
            f"board '{board}': no end within {timeout_s:g} s, {seconds:.1f} s passed; use fewer windows"
        )
    return EndedEarlyError(
        f"board '{board}': the simulator stopped at {place:#x} after {seconds:.1f} s of {timeout_s:g} s, twice, "
        "without an error of the program; run again on a less loaded machine"
    )


def overrun(firmware: Firmware, trace: Trace, data_end: int) -> str:
    """Return the sentence for a stack that grew into the data, or nothing."""
    board = firmware.board
    if trace.lowest_stack >= data_end:
        return ""
    stack = board.ram_origin + board.ram_bytes - trace.lowest_stack
    return (
        f"the stack overran the data: {stack:,} B of stack and {firmware.sizes.ram_bytes:,} B of data "
        f"in {board.ram_bytes:,} B of RAM; use a smaller model or a board with more RAM"
    )


def machine_for(family: str, cpu: str):  # type: ignore[no-untyped-def]
    import unicorn
    from unicorn import arm_const, riscv_const

    if family == "arm":
        machine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        machine.ctl_set_cpu_model(getattr(arm_const, cpu))
        machine.mem_map(SYSTEM_REGISTERS, PAGE)
        return machine
    machine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
    machine.ctl_set_cpu_model(getattr(riscv_const, cpu))
    return machine


def map_board(machine, firmware: Firmware, image: Image) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    """Map flash (not writable) and painted RAM, load the program; return the RAM's (address, bytes)."""
    from unicorn import UC_PROT_EXEC, UC_PROT_READ, UC_PROT_WRITE
    from unicorn.arm_const import UC_ARM_REG_SP

    board = firmware.board
    low = board.flash_origin // PAGE * PAGE
    end = max(address + len(content) for address, content in image.segments)
    machine.mem_map(low, round_up(end + 1, PAGE) - low, UC_PROT_READ | UC_PROT_EXEC)
    for address, content in image.segments:
        machine.mem_write(address, content)
    ram_low = board.ram_origin // PAGE * PAGE
    ram_bytes = board.ram_bytes if firmware.links else max(board.ram_bytes, 1 << 25)
    ram_end = round_up(board.ram_origin + ram_bytes, PAGE)
    machine.mem_map(ram_low, ram_end - ram_low, UC_PROT_READ | UC_PROT_WRITE)
    machine.mem_write(board.ram_origin, bytes([PAINT]) * board.ram_bytes)
    if CORES[board.core].family == "arm":
        machine.reg_write(UC_ARM_REG_SP, int.from_bytes(machine.mem_read(board.flash_origin, 4), "little"))
    return board.ram_origin, board.ram_bytes


def load_mailbox(machine, words: np.ndarray) -> int:  # type: ignore[no-untyped-def]
    """Map the mailbox: two pointers, the input words, then room for the answers; return the answers' address.

    How many answers a model gives is its own affair: more room is mapped when the program reaches the end of it.
    """
    from unicorn import UC_HOOK_MEM_WRITE_UNMAPPED

    input_address = MAILBOX_ADDRESS + 8
    output_address = round_up(input_address + 2 * len(words), 4)
    ends = [round_up(output_address + ANSWER_BYTES, PAGE)]
    machine.mem_map(MAILBOX_ADDRESS, ends[0] - MAILBOX_ADDRESS)

    def grow(machine, access, address, size, value, data):  # type: ignore[no-untyped-def]
        if not ends[0] <= address < min(ends[0] + PAGE, output_address + MOST_ANSWER_BYTES):
            return False
        machine.mem_map(ends[0], ANSWER_BYTES)
        ends[0] += ANSWER_BYTES
        return True

    machine.hook_add(UC_HOOK_MEM_WRITE_UNMAPPED, grow)
    machine.mem_write(
        MAILBOX_ADDRESS, input_address.to_bytes(4, "little") + output_address.to_bytes(4, "little")
    )
    machine.mem_write(input_address, words.astype("<i2").tobytes())
    return output_address


def start_trace(machine, firmware: Firmware, image: Image, family: str) -> Trace:  # type: ignore[no-untyped-def]
    """Attach the block counter; the returned record fills while the program runs."""
    import unicorn
    from unicorn import arm_const, riscv_const
    from unicorn.unicorn_py3.unicorn import uclib

    flash = bytearray(
        max(address + len(content) for address, content in image.segments) - firmware.board.flash_origin
    )
    for address, content in image.segments:
        offset = address - firmware.board.flash_origin
        flash[offset : offset + len(content)] = content
    held = ctypes.create_string_buffer(bytes(flash), len(flash))
    trace = Trace(
        read_register=ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p),
        flash=ctypes.addressof(held),
        flash_origin=firmware.board.flash_origin,
        flash_bytes=len(flash),
        entry=image.symbols[firmware.step_symbol] & ~1,
        link_register=arm_const.UC_ARM_REG_LR if family == "arm" else riscv_const.UC_RISCV_REG_RA,
        stack_register=arm_const.UC_ARM_REG_SP if family == "arm" else riscv_const.UC_RISCV_REG_SP,
        isa=ISA_THUMB if family == "arm" else ISA_RISCV,
        fewest_instructions=2**64 - 1,
        lowest_stack=2**32,
    )
    trace.held = held
    hook = ctypes.c_size_t()
    status = uclib.uc_hook_add(
        machine._uch, ctypes.byref(hook), unicorn.UC_HOOK_BLOCK, load_native("trace.c").tg_trace_block,
        ctypes.byref(trace), ctypes.c_uint64(1), ctypes.c_uint64(0),
    )  # fmt: skip
    if status != unicorn.UC_ERR_OK:
        raise SimulationError(f"the instruction counter cannot be attached: unicorn error {status}")
    return trace


def step_cost(trace: Trace, cycle_model: str) -> StepCost | None:
    if trace.calls == 0:
        return None
    cost = StepCost(trace.calls, trace.instructions / trace.calls, trace.most_instructions)
    if cycle_model != "cortex-m0plus":
        return cost
    return StepCost(
        cost.calls, cost.instructions, cost.most_instructions, trace.cycles / trace.calls, trace.most_cycles,
        M0PLUS_METHOD,
    )  # fmt: skip


def lowest_written(ram: bytes, origin: int, free_from: int) -> int:
    """Return the lowest address above the static data whose paint is gone: the deepest byte of the stack."""
    free = ram[free_from - origin :]
    return free_from + len(free) - len(free.lstrip(bytes([PAINT])))


def program_counter(machine, family: str) -> int:  # type: ignore[no-untyped-def]
    from unicorn import arm_const, riscv_const

    return machine.reg_read(arm_const.UC_ARM_REG_PC if family == "arm" else riscv_const.UC_RISCV_REG_PC) & ~1


def round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
