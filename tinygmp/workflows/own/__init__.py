"""A user's own sensor recordings: read, cut into windows, trained on, and fitted to a board."""
