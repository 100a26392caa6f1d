"""Our model of the MSP430 against mspdebug's, on random instructions, and against the cycle tables of the guide."""

import ctypes
import random
import re
import subprocess
from dataclasses import replace

import pytest

from converters.base import converter
from tinygmp.data.windows import random_windows
from tinygmp.device.board import find_board
from tinygmp.device.msp430_run import STOPPED, Msp430, run_in_msp430_core
from tinygmp.device.native_code import load_native
from tinygmp.device.toolchain import build, mailbox_address_16
from tinygmp.device.tools import require
from tinygmp.device.words import reference_of
from tinygmp.graph.random_model import random_model

CODE, RAM, STACK = 0xC000, 0x0200, 0x03F0
SCRATCH = range(4, 16)  # registers that programs here may use freely


def run_core(words: list[int], registers: dict[int, int], memory: bytes) -> tuple[Msp430, bytearray]:
    """Run a straight program from CODE to its end; return the core and its memory."""
    image = bytearray(1 << 16)
    image[RAM : RAM + len(memory)] = memory
    code = b"".join(word.to_bytes(2, "little") for word in words)
    image[CODE : CODE + len(code)] = code
    image[0xFFFE:] = CODE.to_bytes(2, "little")
    held = (ctypes.c_uint8 * len(image)).from_buffer(image)
    core = Msp430(
        memory=ctypes.addressof(held),
        entry=1,
        stop=CODE + len(code),
        ram_begin=RAM,
        ram_end=0x400,
        cycle_limit=10_000,
    )
    for register, value in {1: STACK, **registers}.items():
        core.r[register] = value
    assert load_native("msp430_core.c").tg_msp430_run(ctypes.byref(core)) == STOPPED
    return core, image


# R5 points to RAM. Words as the guide encodes them; cycles from SLAU144 tables 3-15 and 3-16.
@pytest.mark.parametrize(
    ("text", "words", "cycles"),
    [
        ("mov r6, r7", [0x4607], 1),
        ("add #1, r7 (constant generator)", [0x5317], 1),
        ("add #1234, r7", [0x5037, 1234], 2),
        ("mov @r5, r7", [0x4527], 2),
        ("mov @r5+, r7", [0x4537], 2),
        ("mov 2(r5), r7", [0x4517, 2], 3),
        ("mov &0x210, r7", [0x4217, 0x210], 3),
        ("mov r7, 2(r5)", [0x4785, 2], 4),
        ("add #4, 2(r5) (constant generator)", [0x52A5, 2], 4),
        ("add #1234, 2(r5)", [0x50B5, 1234, 2], 5),
        ("mov @r5, 2(r5)", [0x45A5, 2], 5),
        ("mov 4(r5), 2(r5)", [0x4595, 4, 2], 6),
        ("rra r7", [0x1107], 1),
        ("rra @r5", [0x1125], 3),
        ("rra 2(r5)", [0x1115, 2], 4),
        ("swpb r7", [0x1087], 1),
        ("push r7", [0x1207], 3),
        ("push #1 (constant generator)", [0x1213], 3),
        ("push #1234", [0x1230, 1234], 4),
        ("push @r5+", [0x1235], 5),
        ("jmp, to the next", [0x3C00], 2),
        ("call #next", [0x12B0, CODE + 4], 5),
        ("br #next", [0x4030, CODE + 4], 3),
    ],
)
def test_cycles_of_each_addressing_mode(text, words, cycles):
    core, _ = run_core(words, {5: 0x0300}, b"")
    assert core.total_cycles == cycles, text
    assert core.total_instructions == 1


def random_instruction(rng: random.Random) -> list[int]:
    """Return one instruction on registers, immediates and RAM around R5."""
    byte = rng.choice([0, 0x40])
    register = rng.choice([6, 7, 8, 9])
    if rng.random() < 0.25:
        operation = rng.choice([0x1000, 0x1100, 0x1000, 0x1100, 0x1080, 0x1180])
        return [operation | (byte if operation & 0x80 == 0 else 0) | register]
    operation = (
        rng.choice([4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15]) << 12
    )  # not DADD: undefined on most numbers
    kind = rng.randrange(5)
    source, extra = {
        0: (rng.choice([6, 7, 8, 9]) << 8, []),
        1: (0x0030, [rng.randrange(1 << 16)]),  # immediate
        2: (0x0510, [rng.randrange(0, 32, 2)]),  # x(R5)
        3: (0x0520, []),  # @R5
        4: (rng.choice([0x0300, 0x0310, 0x0320, 0x0330, 0x0220, 0x0230]), []),  # generated constant
    }[kind]
    if rng.random() < 0.3:
        return [operation | source | 0x80 | byte | 5, *extra, rng.randrange(0, 32, 2)]
    return [operation | source | byte | register, *extra]


def test_random_programs_end_as_in_mspdebug(needs, tmp_path):
    needs("mspdebug")
    rng = random.Random(430)
    for round_number in range(20):
        words = [word for _ in range(60) for word in random_instruction(rng)]
        registers = {5: 0x0300, **{register: rng.randrange(1 << 16) for register in (6, 7, 8, 9)}}
        memory = rng.randbytes(0x200)
        core, image = run_core(words, registers, memory)
        (tmp_path / "code.bin").write_bytes(b"".join(word.to_bytes(2, "little") for word in words))
        (tmp_path / "ram.bin").write_bytes(memory)
        script = [
            f"load_raw code.bin {CODE:#x}",
            f"load_raw ram.bin {RAM:#x}",
            *(
                f"set {register} {value:#x}"
                for register, value in {0: CODE, 1: STACK, 2: 0, **registers}.items()
            ),
            f"setbreak {CODE + 2 * len(words):#x}",
            "run",
            f"save_raw {RAM:#x} 512 out.bin",
        ]
        (tmp_path / "script").write_text("\n".join(script) + "\n")
        told = subprocess.run(
            [require("mspdebug"), "-q", "sim", "read script"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        theirs = {
            int(number): int(value, 16) for number, value in re.findall(r"R(\d+): 0?([0-9a-f]{4})\)", told)
        }
        assert {r: core.r[r] for r in (6, 7, 8, 9)} == {r: theirs[r] for r in (6, 7, 8, 9)}, (
            f"round {round_number}"
        )
        assert bytes(image[RAM : RAM + 512]) == (tmp_path / "out.bin").read_bytes(), f"round {round_number}"


def test_the_mailbox_lies_behind_the_ram_of_every_board():
    """A board of 4 KB, whose RAM ends behind the usual place: its stack would write over the samples."""
    small = find_board("msp430g2553")
    large = replace(small, name="large", ram_bytes=4096)
    assert mailbox_address_16(small) == 0x1000
    assert mailbox_address_16(large) == 0x1200
    model = random_model(seed=4, hidden=12)
    counts = random_windows(model, 3).first
    found = run_in_msp430_core(build(converter("c")(model), large), counts)
    assert (found.logits == reference_of(model)(counts)[0]).all()
