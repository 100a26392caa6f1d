"""Teachers answer augmented views once; a student's loss holds their answers; its training draws views by chance."""

import numpy as np
import pytest
import torch
from torch import nn

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.train.fit import fit
from tinygmp.train.settings import WindowSettings
from tinygmp.train.teaching import TaughtBatches, Teaching, answers, taught_loss

WINDOWS = torch.randn(30, 6, 3, generator=torch.Generator().manual_seed(0))


class Constant(nn.Module):
    def __init__(self, *logits: float) -> None:
        super().__init__()
        self.logits = torch.tensor(logits)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(x), -1)


def make_batch(chosen: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return WINDOWS[chosen] + torch.randn(1, generator=generator)


def test_answers_are_the_mean_of_softened_shares():
    found = answers([Constant(0.0, 2.0), Constant(0.0, 0.0)], WINDOWS[:2], temperature=2.0)
    share = np.exp(1) / (1 + np.exp(1))
    np.testing.assert_allclose(found, [[1 - (share + 0.5) / 2, (share + 0.5) / 2]] * 2, rtol=1e-6)


def test_the_loss_worked_by_hand():
    logits, wanted = torch.tensor([[0.0, 2.0]]), torch.tensor([[0.25, 0.75]])
    true = np.log(1 + np.exp(-2.0))
    soft = -(0.25 * np.log(1 / (1 + np.e)) + 0.75 * np.log(np.e / (1 + np.e)))
    found = taught_loss(logits, torch.tensor([1]), wanted, Teaching(0.7, 2.0), smoothing=0.0)
    assert float(found) == pytest.approx(0.3 * true + 0.7 * 4 * soft)


def test_every_view_is_another_and_a_batch_mixes_them():
    batches = TaughtBatches(make_batch, 30, [Constant(0.0, 1.0)], views=3, teaching=Teaching())
    assert batches.windows.shape == (3, 30, 6, 3)
    shifts = {round(float((view.float() - WINDOWS).mean()), 2) for view in batches.windows}
    assert len(shifts) == 3
    drawn = batches(torch.arange(30), torch.Generator().manual_seed(1))
    found = {round(float(one), 2) for one in (drawn.windows - WINDOWS).mean((1, 2))}
    assert found == shifts
    assert drawn.wanted.shape == (30, 2)


def test_a_student_learns_what_teachers_say_against_its_labels():
    """Labels say one class for all; teachers the other; with their share at 1 the student follows them."""
    batches = TaughtBatches(make_batch, 30, [Constant(0.0, 3.0)], views=2, teaching=Teaching())
    network = FastGrnnClassifier(3, 5, 2, generator=torch.Generator().manual_seed(0))
    settings = WindowSettings(8, 10, 0.05, teaching=Teaching(share=1.0))
    fit(network, batches, np.zeros(30, np.int64), settings)
    assert (network(WINDOWS).argmax(1) == 1).all()


@pytest.mark.parametrize(("share", "temperature"), [(-0.1, 2.0), (1.1, 2.0), (0.5, 0.0)])
def test_settings_out_of_range_are_refused(share, temperature):
    with pytest.raises(ConfigError, match="teaching: "):
        Teaching(share, temperature)


def test_no_teachers_are_refused():
    with pytest.raises(ConfigError, match="0 teachers and 2 views"):
        TaughtBatches(make_batch, 30, [], views=2, teaching=Teaching())
