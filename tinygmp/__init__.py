"""tinygmp: global magnitude pruning down to bytes in flash."""

__version__ = "0.1.0"
