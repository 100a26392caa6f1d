"""The form of every reference function."""

from collections.abc import Callable

import numpy as np

from tinygmp.graph.values import Value

Values = tuple[Value, ...]
# Takes arrays [batch, *shape] in the order of the node's reads, returns those it writes.
Execute = Callable[..., tuple[np.ndarray, ...]]
