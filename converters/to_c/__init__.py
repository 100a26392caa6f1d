"""PackedModel to dependency-free C99: one header, one source, an example."""
