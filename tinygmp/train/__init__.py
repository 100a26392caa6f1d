"""Training of window classifiers: fit, checkpoints, weight averaging, divergence."""
