"""How a window's size is rounded up."""

from hypothesis import given
from hypothesis import strategies as st

from tinygmp.graph.operators.window import Window, rounded_up


def test_a_last_position_sees_what_is_left():
    assert rounded_up(Window((3, 2), (2, 2)), 6, 5).padding == (0, 1, 0, 1)
    assert rounded_up(Window((3, 2), (2, 2)), 6, 5).output(6, 5) == (3, 3)
    # 2 rows and a border of 1 each: a second window would begin at row 3, behind the map and its first border.
    assert rounded_up(Window((3, 3), (3, 3), padding=(1, 1, 1, 1)), 2, 2).output(2, 2) == (1, 1)


@given(size=st.integers(1, 20), kernel=st.integers(1, 5), stride=st.integers(1, 5), border=st.integers(0, 4))
def test_no_window_begins_behind_the_map_and_none_is_missed(size, kernel, stride, border):
    border = min(border, kernel // 2)
    if size + 2 * border < kernel:
        return
    window = Window((1, kernel), (1, stride), padding=(0, 0, border, border))
    begins = [
        at for at in range(0, size + border, stride) if at + kernel - stride < size + 2 * border or not at
    ]
    grown = rounded_up(window, 1, size)
    assert grown.output(1, size)[1] == len(begins)
    assert grown.padding[:3] == (0, 0, border)
    assert border <= grown.padding[3] < max(kernel, border + 1)
