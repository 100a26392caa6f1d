"""Every operator of a graph without states, in every case that its kernels tell apart."""

from tests.converters.linear_cases import SUMS, linear_cases
from tests.converters.map_cases import map_cases
from tinygmp.graph.model import PackedModel

# 'operator: case' -> graph
CASES: dict[str, PackedModel] = linear_cases() | SUMS | map_cases()
