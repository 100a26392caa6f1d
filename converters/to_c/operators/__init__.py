"""One handler file an operator: which kernels run it in C, with which arrays, and how they are called."""
