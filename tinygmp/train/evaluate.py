"""Accuracy of a float network."""

import numpy as np
import torch

from tinygmp.models.fastgrnn import FastGrnnClassifier

BATCH = 500


@torch.no_grad()
def accuracy(network: FastGrnnClassifier, x: np.ndarray, labels: np.ndarray) -> float:
    """Return the percentage of normalised windows [windows, steps, inputs] that are classified as labelled."""
    correct = 0
    for start in range(0, len(x), BATCH):
        logits = network(torch.from_numpy(x[start : start + BATCH]))
        correct += int((logits.argmax(dim=1).numpy() == labels[start : start + BATCH]).sum())
    return 100.0 * correct / len(x)
