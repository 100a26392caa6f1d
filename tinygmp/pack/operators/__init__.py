"""From float operators to packed ones: one handler a file."""
