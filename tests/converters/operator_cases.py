"""Every operator of a graph without states, in every case that its kernels tell apart."""

from tests.converters.linear_cases import SUMS, linear_cases
from tests.converters.map_cases import map_cases
from tinygmp.graph.model import PackedModel

# 'operator: case' -> graph
CASES: dict[str, PackedModel] = linear_cases() | SUMS | map_cases()
# Means of few positions, rounded to units that are hardly finer than the output's, and again.
TWICE_ROUNDED = [
    case for case in CASES if case.startswith("global_average_pool") and case.endswith("gemmlowp")
]
