"""The counts of layers, worked by hand."""

import pytest

from tinygmp.cost.terms import CAUSES, cause_of, inside, terms_of, terms_together
from tinygmp.cost.work import Work, work_of, works_of
from tinygmp.graph.operators.window import Window
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_image_model import random_image_model

POINTWISE = Work("conv2d", (3, 5, 4), (3, 5, 6), weights=(6, 4), nonzero=10, storage="rice")


def test_a_sparse_pointwise_layer():
    terms = terms_of(POINTWISE)
    assert terms["products: one"] == 15 * 10
    assert terms["products: of 4 positions"] == 16 * 10
    assert terms["products: with zeros"] == 15 * 24
    assert terms["scaling: output, fp32"] == 15 * 6
    assert terms["reading: input"] == 15 * 4
    assert (terms["decoding: rice, survivor"], terms["decoding: rice, row"]) == (10, 6)
    assert terms["overhead: layer"] == 1


def test_dense_storage_does_every_product():
    dense = Work("conv2d", (3, 5, 4), (3, 5, 6), weights=(6, 4), nonzero=10)
    assert terms_of(dense)["products: one"] == 15 * 24
    assert not any(term.startswith("decoding") for term in terms_of(dense))
    assert (dense.multiply_adds, dense.multiply_adds_kept) == (15 * 24, 15 * 10)


@pytest.mark.parametrize(
    ("window", "kind", "written", "group"),
    [
        (Window(), "conv2d", (4, 4, 2), "pointwise"),
        (Window(stride=(2, 2)), "conv2d", (2, 2, 2), "patches"),
        (Window((3, 3), padding=(1, 1, 1, 1)), "depthwise_conv2d", (4, 4, 3), "depthwise 3x3"),
        (Window((3, 3), padding=(1, 1, 1, 1)), "depthwise_conv2d", (4, 4, 6), "depthwise"),
        (Window((5, 5), padding=(2, 2, 2, 2)), "depthwise_conv2d", (4, 4, 3), "depthwise"),
    ],
)
def test_groups_are_told_by_shape(window, kind, written, group):
    assert Work(kind, (4, 4, 3), written, window).group == group
    assert (
        Work(kind, (4, 4, 3), written, window, storage="csr8", alone=True).group == f"{group}, sparse, alone"
    )


def test_taps_inside_a_map():
    work = Work("max_pool", (4, 1, 1), (4, 1, 1), Window((3, 1), padding=(1, 1, 0, 0)))
    assert inside(work, 0) == [2, 3, 3, 2]
    assert terms_of(work)["products: tap inside"] == 10
    assert terms_of(work)["products: tap"] == 12


def test_the_work_space_tells_how_often_weights_are_read():
    small = Work("conv2d", (1, 64, 8), (1, 64, 4), weights=(4, 8), nonzero=8, fullest_row=3, storage="csr8",
                 work_bytes=8 * 16 + 4 * 3 + 8)  # fmt: skip
    assert small.refills == 4
    assert terms_of(small)["decoding: csr8, survivor"] == 4 * 8
    assert POINTWISE.refills == 1


def test_nodes_that_run_together_have_counts_of_their_own():
    depthwise = Work(
        "depthwise_conv2d", (3, 5, 6), (3, 5, 6), Window((3, 3), padding=(1, 1, 1, 1)), (6, 9), 54
    )
    both = terms_together((POINTWISE, depthwise))
    assert both["products: one of conv2d"] == 150
    assert both["scaling: output, fp32 of depthwise_conv2d"] == 90
    assert {cause_of(term) for term in both} <= set(CAUSES)


class Coded:
    def __init__(self, name: str, *functions: str) -> None:
        self.nodes, self.functions, self.work_bytes = (name,), functions, 0
        self.planes = (False, True)


def test_a_function_with_one_caller_is_alone():
    model = random_image_model(0, 12, 4, ((6, 1), (8, 2)), 3, 0.5, "rice")
    layers = [
        Coded("pw1", "tg_survivors_rice_init", "f"),
        Coded("pw2", "tg_survivors_rice_init", "f"),
        Coded("fc", "g"),
    ]
    assert [[work.alone for work in each] for each in works_of(model, layers)] == [[False], [False], [True]]


def test_every_node_of_any_graph_has_counts():
    for seed in range(12):
        model = random_graph(seed)
        for node in model.nodes:
            terms = terms_of(work_of(model, node))
            assert min(terms.values()) >= 0, node
            assert {cause_of(term) for term in terms} <= set(CAUSES)
