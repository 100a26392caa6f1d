"""What a torch module's layers do is what its graph's do."""

import numpy as np

from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.prune.graph_work import works_of_graph
from tinygmp.prune.module_work import works_of_module
from tinygmp.readers.torch_export import graph_of_module


def test_a_module_and_its_graph_do_the_same_work():
    module = MobileNetV1(4, 0.1, stem_stride=1).eval()
    by_module = works_of_module(module, (3, 32, 32))
    graph = graph_of_module(module, 32, (0.5,) * 3, (0.5,) * 3)
    by_graph = works_of_graph(graph)
    assert len(by_module) == len(by_graph) == 28
    for one, other in zip(by_module.values(), by_graph.values(), strict=True):
        assert (one.kind, one.written, one.weights) == (other.kind, other.written, other.weights)
        assert one.group == other.group
        assert np.prod(one.read) == np.prod(other.read)
