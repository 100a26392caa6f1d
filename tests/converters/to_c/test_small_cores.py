"""Graphs without a state on cores with 16-bit addresses equal the reference.

On AVR the flash is another address space; on an MSP430 an int has 16 bits.
"""

import re
from dataclasses import replace

import numpy as np
import pytest

from converters.to_c.graph import LARGEST_OBJECT_16, convert_graph
from tests.converters.one_node_graphs import inputs_of_every_range
from tests.converters.operator_cases import CASES
from tinygmp.device.board import find_board
from tinygmp.device.lab import measure
from tinygmp.device.words import reference_of, words_of
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_edge_graph import edge_inputs, random_edge_graph
from tinygmp.graph.random_image_model import random_image_model

MEGA = find_board("arduino-mega")
# A part of its family with more RAM than the board that comes with tinygmp, so that more graphs fit.
ROOMY = replace(find_board("msp430g2553"), name="roomy", ram_bytes=4096)
BOARDS = [
    pytest.param(MEGA, id="avr", marks=pytest.mark.needs_program("avr-gcc", "simavr")),
    pytest.param(ROOMY, id="msp430"),
]
LINEAR = [name for name in CASES if re.search(r"sparse|survivors|odd channels|uneven border", name)]


def assert_exact(model: PackedModel, inputs: list[np.ndarray], board) -> None:
    words = words_of(model, [each[:3] for each in inputs])
    report = measure(convert_graph(model), board, words, reference_of(model))
    assert report.parity is not None, report.budget
    assert report.parity.logit_mismatches == 0


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("case", LINEAR)
def test_weights_in_flash_and_expanded_in_ram(case, board):
    assert_exact(CASES[case], inputs_of_every_range(CASES[case]), board)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("seed", range(6))
def test_random_graphs(seed, board):
    model = random_edge_graph(seed, 4, 120)
    assert_exact(model, edge_inputs(model, seed), board)


def test_what_no_16_bit_address_reaches_is_refused_at_compile_time_and_nothing_else():
    small = random_image_model(1, 24, 4, ((6, 1),), 3)
    large = random_image_model(1, 96, 16, ((16, 1),), 3)
    assert b"#error" not in convert_graph(small).files[f"{small.name}.c"]
    text = convert_graph(large).files[f"{large.name}.c"].decode()
    told = re.search(r'#error "([\d,]+) B of memory in one piece need a core with 32-bit addresses"', text)
    assert int(told.group(1).replace(",", "")) > LARGEST_OBJECT_16
