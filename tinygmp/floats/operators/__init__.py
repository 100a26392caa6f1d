"""The operators of float graphs: one record a file, its shape rule and its reference beside it."""
