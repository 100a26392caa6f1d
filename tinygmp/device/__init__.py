"""The device lab: build an artifact for a board, run it on a simulated core, and say what it costs there."""
