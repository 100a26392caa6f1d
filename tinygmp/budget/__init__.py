"""Whether something fits a board: one file a kind of artifact, one verdict."""
