"""Which weights of a layer stay, given what they see: Optimal Brain Surgeon in rounds (Hassibi and Stork 1993)."""

import torch
from torch import Tensor

NOT_THERE = -1.0  # below every score


def surviving(
    weight: Tensor,
    bias: Tensor,
    keep: int,
    gram: Tensor,
    moment: Tensor,
    pull: float,
    rounds: int,
    importance: Tensor,
) -> Tensor:
    """Return a bool mask of the weight's shape with `keep` survivors.

    weight: [outputs, ...], bias: [outputs], what the solution is pulled to. gram, moment: X'X and X'Y of the layer's
    inputs and a one (tinygmp.prune.least_squares.moments). In each round the layer is solved for the weights left, and
    those that cost least go: w^2 / [(X'X + pull)^-1]_jj, the rise of the squared error when all others make up for it,
    times the importance [outputs] of its output. The numbers left fall geometrically.
    """
    start = torch.cat([weight.flatten(1), bias[:, None]], dim=1).double()
    outputs, inputs = len(start), start.shape[1] - 1
    kept = torch.ones(outputs, inputs, dtype=torch.bool)
    for done in range(1, rounds + 1):
        left = round(kept.numel() * (keep / kept.numel()) ** (done / rounds)) if done < rounds else keep
        scores = torch.full((outputs, inputs), NOT_THERE, dtype=torch.float64)
        whole = inverse(gram, pull) if done == 1 else None
        for output in range(outputs):
            rows = torch.cat([kept[output].nonzero()[:, 0], torch.tensor([inputs])])
            inverted = inverse(gram[rows][:, rows], pull) if whole is None else whole
            solved = inverted @ (moment[rows, output] + pull * start[output, rows])
            cost = solved.square() / inverted.diagonal() * importance[output]
            scores[output, rows[:-1]] = cost[:-1]
        chosen = scores.flatten().topk(left).indices
        kept = torch.zeros(outputs * inputs, dtype=torch.bool)
        kept[chosen] = True
        kept = kept.reshape(outputs, inputs)
    return kept.reshape(weight.shape)


def inverse(gram: Tensor, pull: float) -> Tensor:
    """Return the inverse of gram + pull; gram is left as it is."""
    lifted = gram + pull * torch.eye(len(gram), dtype=gram.dtype)
    return torch.cholesky_inverse(torch.linalg.cholesky(lifted))
