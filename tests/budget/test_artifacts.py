"""Budgets of what is no packed model: generated C, built programs, ONNX."""

import pytest

from converters.base import converter
from tinygmp.budget.artifact import budget_artifact
from tinygmp.budget.packed import budget
from tinygmp.budget.result import Reserve
from tinygmp.device.board import find_board
from tinygmp.device.toolchain import build
from tinygmp.errors import BuildError, ConfigError, FileFormatError
from tinygmp.graph.random_image_model import random_image_model

BOARD = "nucleo-g071rb"


@pytest.fixture(scope="module")
def c_folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    converter("c")(model).write(folder)
    return folder


@pytest.fixture(scope="module")
def program(model, tmp_path_factory):
    firmware = build(converter("c")(model), find_board(BOARD))
    path = tmp_path_factory.mktemp("elf") / "firmware.elf"
    path.write_bytes(firmware.elf)
    return path


def test_a_c_folder_costs_what_its_model_costs(model, c_folder):
    found, whole = budget_artifact(str(c_folder), [BOARD]), budget(model, [BOARD])
    assert (found.kind, found.model, found.synthetic) == ("c", model.name, True)
    assert found.boards[0].flash_bytes == whole.boards[0].flash_bytes
    assert found.boards[0].stack_bytes == whole.boards[0].stack_bytes
    assert found.by_part == {
        "weights": whole.boards[0].weights_bytes,
        "code": whole.boards[0].engine_bytes,
    }


def test_an_arduino_library_is_a_c_folder(tmp_path):
    from tinygmp.shipped import open_model

    converter("arduino")(open_model("har2")).write(tmp_path / "library")
    found = budget_artifact(str(tmp_path / "library"), [BOARD])
    assert (found.model, found.synthetic) == ("har2", False)
    assert found.boards[0].flash_bytes == budget(open_model("har2"), [BOARD]).boards[0].flash_bytes


def test_the_c_of_an_image_network_costs_what_its_model_costs(tmp_path):
    network = random_image_model(5, 20, 4, ((6, 1), (8, 2)), 7, 0.25, "rice")
    converter("c")(network).write(tmp_path)
    found, whole = (
        each.boards[0] for each in (budget_artifact(str(tmp_path), [BOARD]), budget(network, [BOARD]))
    )
    figures = ("flash_bytes", "ram_bytes", "stack_bytes", "weights_bytes", "by_symbol")
    assert all(getattr(found, figure) == getattr(whole, figure) for figure in figures)
    short = budget(network, [BOARD], Reserve(0, 36_864 - found.ram_bytes)).boards[0]
    assert "grow with the square of their side" in short.remedies[0]


def test_a_folder_without_a_model_is_refused(tmp_path):
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    with pytest.raises(FileFormatError, match="must hold the C of one model, found none; give the folder"):
        budget_artifact(str(tmp_path), [BOARD])


def test_a_folder_of_two_models_is_refused(c_folder, tmp_path):
    for path in c_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / path.name.replace("random4", "other")).write_bytes(
            path.read_bytes().replace(b"random4", b"other").replace(b"RANDOM4", b"OTHER")
        )
    with pytest.raises(FileFormatError, match="found other, random4"):
        budget_artifact(str(tmp_path), [BOARD])


def test_c_that_does_not_compile_is_quoted(c_folder, tmp_path):
    for path in c_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "random4.c").write_text('#include "random4.h"\nint x = ;\n')
    with pytest.raises(BuildError, match="does not compile"):
        budget_artifact(str(tmp_path), [BOARD])


def test_a_program_is_measured_by_its_sections(model, program):
    found = budget_artifact(str(program), [BOARD]).boards[0]
    whole = budget(model, [BOARD]).boards[0]
    assert (found.flash_bytes, found.ram_bytes, found.stack_bytes) == (
        whole.flash_bytes,
        whole.ram_bytes,
        None,
    )
    assert sum(found.by_section.values()) == found.flash_bytes
    assert {name: found.by_symbol[name] for name in whole.by_symbol} == dict(whole.by_symbol)
    assert found.support_bytes >= 0


def test_a_programs_verdict_turns_at_the_last_byte(program):
    used = budget_artifact(str(program), [BOARD]).boards[0]
    room = find_board(BOARD).flash_bytes - used.flash_bytes
    assert budget_artifact(str(program), [BOARD], Reserve(room)).fits
    assert not budget_artifact(str(program), [BOARD], Reserve(room + 1)).fits
    assert not budget_artifact(str(program), [BOARD], Reserve(0, 36_864 - used.ram_bytes + 1)).fits


def test_a_program_is_held_against_boards_of_its_family_only(program):
    assert budget_artifact(str(program), ["nucleo-f446re"]).fits
    with pytest.raises(ConfigError, match="is a program for arm, and board 'arduino-uno' has core 'avr5'"):
        budget_artifact(str(program), ["arduino-uno"])


def test_what_may_be_written_but_lies_in_flash_takes_no_ram(program, tmp_path):
    """A linker script may lay tables with the flag of data at flash addresses: the address counts, not the flag."""
    import io

    from elftools.elf.elffile import ELFFile

    content = bytearray(program.read_bytes())
    file = ELFFile(io.BytesIO(bytes(content)))
    index = next(i for i, each in enumerate(file.iter_sections()) if each.name == ".text")
    flags = file["e_shoff"] + index * file["e_shentsize"] + 8  # sh_flags of a 32-bit section header
    assert not content[flags] & 1
    content[flags] |= 1  # SHF_WRITE
    path = tmp_path / "tables.elf"
    path.write_bytes(content)
    before, after = (budget_artifact(str(each), [BOARD]).boards[0] for each in (program, path))
    assert (after.flash_bytes, after.ram_bytes) == (before.flash_bytes, before.ram_bytes)


def test_eeprom_and_fuses_of_an_avr_count_in_neither_memory(tmp_path):
    import subprocess

    from tinygmp.device.tools import require

    source = tmp_path / "uno.c"
    source.write_text("""#include <stdint.h>
__attribute__((section(".eeprom"), used)) uint8_t kept[300] = {1};
__attribute__((section(".fuse"), used)) uint8_t fuses[3] = {1, 2, 3};
const uint8_t table[9] = {1, 2, 3};
int main(void) { volatile uint8_t x = table[2]; return x; }
""")
    path = tmp_path / "uno.elf"
    subprocess.run([require("avr-gcc"), "-mmcu=atmega328p", "-Os", "-o", path, source], check=True)
    found = budget_artifact(str(path), ["arduino-uno"]).boards[0]
    assert found.support_bytes >= 0
    assert not {"kept", "fuses"} & set(found.by_symbol)
    assert not {".eeprom", ".fuse"} & set(found.by_section)
    assert found.ram_bytes < 300


def test_an_avr_program_counts_initial_values_twice(tmp_path):
    from tinygmp.artifact import Artifact

    text = b"""#include "m.h"
static volatile uint8_t kept[40] = {1};
static volatile uint8_t zeroed[24];
void m_init(m_state *s) { s->x = kept[3]; zeroed[2] = s->x; }
void m_step(m_state *s, const int16_t *counts) { s->x = (uint8_t)(s->x + zeroed[counts[0] & 15]); }
uint8_t m_predict(const m_state *s, int32_t *logits) { (void)logits; return s->x; }
"""
    header = b"""#include <stdint.h>
typedef struct { uint8_t x; } m_state;
#define M_CHANNELS 1
#define M_CLASSES 2
void m_init(m_state *s);
void m_step(m_state *s, const int16_t *counts);
uint8_t m_predict(const m_state *s, int32_t *logits);
"""
    firmware = build(Artifact("c", "m", {"m.c": text, "m.h": header}, "m.c"), find_board("arduino-uno"))
    path = tmp_path / "uno.elf"
    path.write_bytes(firmware.elf)
    found = budget_artifact(str(path), ["uno"]).boards[0]
    sections = found.by_section
    assert sections[".data"] >= 40
    assert found.flash_bytes == sections[".text"] + sections[".data"]
    assert found.ram_bytes >= sections[".data"] + 24
    assert "zeroed" not in found.by_symbol


@pytest.mark.parametrize("keep", [4, 30, 60, 2_000])
def test_a_damaged_program_is_refused(program, tmp_path, keep):
    path = tmp_path / "cut.elf"
    path.write_bytes(program.read_bytes()[:keep])
    with pytest.raises(FileFormatError, match="damaged ELF file"):
        budget_artifact(str(path), [BOARD])


def test_an_object_file_is_no_program(program, tmp_path):
    content = bytearray(program.read_bytes())
    content[16] = 1  # ET_REL
    path = tmp_path / "part.o"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="give a linked program"):
        budget_artifact(str(path), [BOARD])


def test_an_onnx_file_is_told_plainly_to_be_not_for_boards(model, tmp_path):
    path = converter("onnx")(model).write(tmp_path)
    found = budget_artifact(str(path), [BOARD, "esp32"])
    size = path.stat().st_size
    assert not found.fits
    assert {board.verdict for board in found.boards} == {"not for boards"}
    assert f"onnxruntime does not run on boards; the file is {size:,} B" in found.boards[0].sentence
    assert found.boards[0].flash_bytes == size == sum(found.by_part.values())
    assert sum(found.boards[0].by_symbol.values()) == found.by_part["initializers"]


def test_another_file_of_that_name_is_no_onnx(tmp_path):
    path = tmp_path / "x.onnx"
    for content in (b"", b"no model at all", bytes(range(256))):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"x\.onnx' is"):
            budget_artifact(str(path), [BOARD])


def test_an_absent_file_is_named():
    with pytest.raises(ConfigError, match=r"gone\.tflite' cannot be read: No such file"):
        budget_artifact("gone.tflite", [BOARD])
