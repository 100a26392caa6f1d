"""A loop that stops and goes on makes the masks and weights of one that never stopped, in every bit."""

import pytest
import torch
from torch import nn

from tinygmp.errors import ConfigError, FileFormatError
from tinygmp.prune.baselines import criterion
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.mask_makers import by_criterion
from tinygmp.prune.minimum import MinimumShare
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.pruner_state import described
from tinygmp.prune.schedule import GradualSchedule
from tinygmp.prune.selection import prunable_parameters

OPTIMISERS = {
    "sgd": lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda weights: torch.optim.Adam(weights, 0.02, weight_decay=0.01),
}
GRADUAL = GradualSchedule(0.8, 1, 5)
EPOCHS = 7


@pytest.fixture(autouse=True)
def one_thread():
    """Such small layers are quicker without threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Loop:
    """Somebody's own training: images of noise, labels by the sign of their mean."""

    def __init__(self, optimiser="sgd", schedule=GRADUAL, make_mask=None, **options):
        torch.manual_seed(0)
        self.net = nn.Sequential(
            nn.Conv1d(2, 6, 3), nn.BatchNorm1d(6), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)
        )
        self.optimiser = OPTIMISERS[optimiser](self.net.parameters())
        self.pruner = Pruner(prunable_parameters(self.net), schedule, make_mask, **options)

    def run(self, until):
        for epoch in range(self.pruner.epoch + 1, until):
            self.pruner.begin_epoch(epoch)
            for step in range(3):
                x = torch.randn(16, 2, 8, generator=torch.Generator().manual_seed(10 * epoch + step))
                loss = nn.functional.cross_entropy(self.net(x), (x.mean((1, 2)) > 0).long())
                self.optimiser.zero_grad()
                loss.backward()
                self.optimiser.step()
                self.pruner.step()
        return self

    def save(self, path):
        parts = {"model": self.net, "optimiser": self.optimiser, "pruner": self.pruner}
        torch.save({name: part.state_dict() for name, part in parts.items()}, path)

    def load(self, path):
        state = torch.load(path)
        self.net.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.pruner.load_state_dict(state["pruner"])
        return self


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("options", [{}, {"monotone": True}, {"revive": True}])
@pytest.mark.parametrize("stop", [1, 3, 6])
def test_a_resumed_loop_is_the_undisturbed_one_in_every_bit(tmp_path, optimiser, options, stop):
    whole = Loop(optimiser, **options).run(EPOCHS)
    Loop(optimiser, **options).run(stop).save(tmp_path / "loop.pt")
    resumed = Loop(optimiser, **options).load(tmp_path / "loop.pt").run(EPOCHS)
    assert resumed.pruner.mask == whole.pruner.mask
    assert resumed.pruner.mask.sparsity == pytest.approx(0.8, abs=1 / 108)
    for name, value in whole.net.state_dict().items():
        assert torch.equal(resumed.net.state_dict()[name], value)


def test_a_resumed_epoch_keeps_its_mask(tmp_path):
    loop = Loop().run(3)
    loop.save(tmp_path / "loop.pt")
    resumed = Loop().load(tmp_path / "loop.pt")
    assert resumed.pruner.begin_epoch(2) == loop.pruner.mask
    assert resumed.pruner.epoch == 2


def test_revived_weights_are_part_of_the_state():
    weight = nn.Parameter(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    schedule = GradualSchedule(0.5, 0, 2, initial_sparsity=0.5)
    first = Pruner({"w": weight}, schedule, revive=True)
    first.begin_epoch(0)
    state = first.state_dict()
    with torch.no_grad():
        weight.copy_(torch.tensor([0.0, 0.0, 3.0, 0.5]))
    second = Pruner({"w": weight}, schedule, revive=True)
    second.load_state_dict(state)
    second.begin_epoch(1)
    assert weight.tolist() == [0, 2, 3, 0]


def test_loading_sets_pruned_weights_to_zero():
    loop, other = Loop().run(6), Loop()
    other.pruner.load_state_dict(loop.pruner.state_dict())
    for name, kept in loop.pruner.mask.kept.items():
        assert not other.pruner.parameters[name][torch.tensor(~kept)].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"monotone": True}, "made with monotone False, this pruner has True; make it with the same"),
        ({"schedule": GradualSchedule(0.9, 1, 5)}, r"schedule GradualSchedule\(final_sparsity=0\.8, .*=0\.9"),
        ({"make_mask": by_criterion(minimum=3)}, r"minimum=None\), this pruner has .*minimum=3\)"),
        ({"make_mask": by_criterion(criterion("uniform"))}, "uniform_mask"),
    ],
)
def test_other_settings_are_refused(options, message):
    state = Loop().run(3).pruner.state_dict()
    pruner = Loop(**options).pruner
    with pytest.raises(ConfigError, match=message):
        pruner.load_state_dict(state)
    assert (pruner.epoch, pruner.mask) == (-1, None)


def test_other_networks_are_refused():
    state = Loop().run(3).pruner.state_dict()
    wider = nn.Sequential(nn.Conv1d(2, 7, 3), nn.Flatten(), nn.Linear(42, 2))
    with pytest.raises(ConfigError, match=r"'0\.weight' is \[6, 2, 3\], the network's \[7, 2, 3\]; make"):
        Pruner(prunable_parameters(wider), GRADUAL).load_state_dict(state)
    wrapped = nn.Sequential(Loop().net)
    with pytest.raises(ConfigError, match=r"'0\.0\.weight' is no such weight.*wrapper such as Distributed"):
        Pruner(prunable_parameters(wrapped), GRADUAL).load_state_dict(state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": "3"}, "'epoch' is missing or no"),
        ({"settings": None}, "'settings' is missing"),
        ({"kept": {"0.weight": torch.ones(2, 2) > 0}}, r"is \[2, 2\], in 'kept', the network's \[6, 2, 3\]"),
        ({"kept": {"0.weight": torch.ones(6, 2, 3)}}, "expected a bool array"),
        ({"remembered": {"no": torch.ones(2)}}, "'no' is"),
    ],
)
def test_damaged_states_are_refused_and_change_nothing(change, message):
    loop = Loop().run(3)
    before = loop.pruner.mask
    with pytest.raises((ConfigError, FileFormatError), match=message):
        loop.pruner.load_state_dict(loop.pruner.state_dict() | change)
    assert loop.pruner.mask is before
    with pytest.raises(FileFormatError, match=r"give what Pruner\.state_dict\(\) returned"):
        loop.pruner.load_state_dict(loop.net.state_dict())


def test_a_mask_of_some_weights_is_saved_too():
    loop, other = Loop(), Loop()
    kept = torch.arange(36) > 17
    loop.pruner.use(PruneMask({"0.weight": kept.reshape(6, 2, 3).numpy()}))
    other.pruner.load_state_dict(loop.pruner.state_dict())
    assert other.pruner.mask == loop.pruner.mask


def test_settings_are_told_without_addresses():
    assert described(by_criterion(minimum=MinimumShare(0.01))) == (
        "ByCriterion(criterion=<function global_magnitude_mask>, minimum=MinimumShare(share=0.01))"
    )
    assert " at 0x" not in described(object())
