"""The operators of packed graphs: one record a file, integers as they lie in flash."""
