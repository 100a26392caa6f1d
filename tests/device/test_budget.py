import dataclasses

from tinygmp.device.board import find_board
from tinygmp.device.budget import check_budget
from tinygmp.device.elf_sizes import Sizes

UNO = find_board("arduino-uno")


def test_too_much_flash_is_told_by_how_much_and_of_what():
    result = check_budget(Sizes(33_120, 340, weights_bytes=2_412, engine_bytes=1_020), UNO, stack_bytes=90)
    assert not result.fits
    assert result.sentence == (
        "Arduino Uno R3: flash 33,120 of 32,256 B: 864 B over; "
        "weights 2,412, code 1,020, start-up and test loop 29,688; RAM 340 + 90 stack of 2,048 B: 1,618 B left"
    )


def test_exactly_full_fits_and_one_byte_more_does_not():
    full = Sizes(UNO.flash_bytes, UNO.ram_bytes - 64, 100, 100)
    assert check_budget(full, UNO, stack_bytes=64).fits
    assert not check_budget(full, UNO, stack_bytes=65).fits
    assert not check_budget(
        dataclasses.replace(full, flash_bytes=UNO.flash_bytes + 1), UNO, stack_bytes=64
    ).fits


def test_unknown_stack_is_said():
    assert "(stack not measured)" in check_budget(Sizes(10, 10, 1, 1), UNO).sentence
