"""Run firmware of an MSP430 board in our own model of the CPU, with the cycles of the user's guide."""

import ctypes

import numpy as np

from tinygmp.device.board import Board
from tinygmp.device.elf_sizes import Image, read_image
from tinygmp.device.native_code import load_native
from tinygmp.device.run_result import RunResult, StepCost, input_words, split_output
from tinygmp.device.toolchain import Firmware, mailbox_address_16
from tinygmp.errors import SimulationError

ADDRESSES = 1 << 16
MAILBOX_END = 0xC000  # between the board's RAM and its flash lies free address space
ROOM_PER_ANSWER = 2 * (1 + 2 * 32)
CYCLE_LIMIT = 100_000_000_000
STOPPED = 1
REASONS = {2: "met an unknown instruction", 3: "wrote outside RAM", 4: "did not end within the cycle limit"}
METHOD = "cycle tables of the MSP430x2xx User's Guide (SLAU144), each instruction counted"


class Msp430(ctypes.Structure):
    """struct msp430 of msp430_core.c."""

    _fields_ = (
        ("memory", ctypes.c_void_p),
        *((name, ctypes.c_uint16) for name in ("entry", "stop")),
        *((name, ctypes.c_uint16) for name in ("ram_begin", "ram_end", "mailbox_begin", "mailbox_end")),
        ("cycle_limit", ctypes.c_uint64),
        *(
            (name, ctypes.c_uint64)
            for name in ("calls", "instructions", "cycles", "most_instructions", "most_cycles")
        ),
        *((name, ctypes.c_uint64) for name in ("total_instructions", "total_cycles")),
        ("lowest_stack", ctypes.c_uint32),
        ("fault_address", ctypes.c_uint32),
        ("r", ctypes.c_uint16 * 16),
        ("begin_instructions", ctypes.c_uint64),
        ("begin_cycles", ctypes.c_uint64),
        ("return_address", ctypes.c_uint32),
    )


def run_in_msp430_core(firmware: Firmware, counts: np.ndarray, cycle_limit: int = CYCLE_LIMIT) -> RunResult:
    """Classify int16 windows [windows, steps, channels] on a simulated MSP430, some windows at a time.

    Raises SimulationError when the program writes outside RAM, meets an unknown instruction or does not end.
    """
    image = read_image(firmware.elf)
    at_once = windows_at_once(firmware.board, counts)
    runs = [
        run_part(firmware, image, counts[first : first + at_once], cycle_limit)
        for first in range(0, len(counts), at_once)
    ]
    logits = np.concatenate([logits for logits, _, _ in runs])
    classes = np.concatenate([classes for _, classes, _ in runs])
    cores = [core for _, _, core in runs]
    board = firmware.board
    lowest = min(core.lowest_stack for core in cores)
    return RunResult(
        logits, classes, board.ram_origin + board.ram_bytes - lowest, step_cost(cores), "msp430_core"
    )


def windows_at_once(board: Board, counts: np.ndarray) -> int:
    """Return how many windows of this shape fit the mailbox with their answers."""
    window_bytes = 2 * counts.shape[1] * counts.shape[2] + ROOM_PER_ANSWER
    fitting = (MAILBOX_END - mailbox_address_16(board) - 16) // window_bytes
    if fitting < 1:
        raise SimulationError(
            f"a window of {window_bytes:,} B leaves the MSP430's address space; use fewer steps"
        )
    return fitting


def mailbox(board: Board, counts: np.ndarray) -> tuple[bytes, int]:
    """Return what the mailbox holds, two pointers and the input words, and the address of the answers."""
    words = input_words(counts).astype("<i2").tobytes()
    begin = mailbox_address_16(board) + 4
    end = begin + len(words)
    return begin.to_bytes(2, "little") + end.to_bytes(2, "little") + words, end


def run_part(
    firmware: Firmware, image: Image, counts: np.ndarray, cycle_limit: int
) -> tuple[np.ndarray, np.ndarray, Msp430]:
    """Run some windows from reset; return (logits, classes, the core as it stopped)."""
    board = firmware.board
    memory = bytearray(ADDRESSES)
    place = mailbox_address_16(board)
    content, answers = mailbox(board, counts)
    for address, data in (*image.segments, (place, content)):
        memory[address : address + len(data)] = data
    held = (ctypes.c_uint8 * ADDRESSES).from_buffer(memory)
    core = Msp430(
        memory=ctypes.addressof(held),
        entry=image.symbols[firmware.step_symbol],
        stop=image.symbols["tg_port_stop"],
        ram_begin=board.ram_origin,
        ram_end=board.ram_origin + board.ram_bytes,
        mailbox_begin=place,
        mailbox_end=MAILBOX_END,
        cycle_limit=cycle_limit,
    )
    state = load_native("msp430_core.c").tg_msp430_run(ctypes.byref(core))
    if state != STOPPED:
        where = f"at {core.r[0]:#06x}" + (f", to {core.fault_address:#06x}" if state == 3 else "")
        raise SimulationError(f"board '{board.name}': the program {REASONS[state]}, {where}")
    end = int.from_bytes(memory[place + 2 :][:2], "little")
    logits, classes = split_output(np.frombuffer(bytes(memory[answers:end]), "<i2"), len(counts), board.name)
    return logits, classes, core


def step_cost(cores: list[Msp430]) -> StepCost | None:
    calls = sum(core.calls for core in cores)
    if calls == 0:
        return None
    return StepCost(
        calls=calls,
        instructions=sum(core.instructions for core in cores) / calls,
        most_instructions=max(core.most_instructions for core in cores),
        cycles=sum(core.cycles for core in cores) / calls,
        most_cycles=max(core.most_cycles for core in cores),
        cycles_method=METHOD,
    )
