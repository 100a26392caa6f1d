"""The folder of one training run of images: what it is for, and the networks that it holds already."""

import json
import os
import shutil
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tinygmp.artifact import write_atomically
from tinygmp.data.pixel_file import crc32_of
from tinygmp.data.training_images import TrainingImages
from tinygmp.errors import DataError
from tinygmp.projects.image_recipe import ImageRecipe
from tinygmp.train.fit_network import EpochRecord, TrainSettings
from tinygmp.train.run_recipe import is_first_process, load_state, read_state, save_state, wait_for_all

AFTER_DENSE = (  # what the dense network does not depend on
    "sparsity", "gradual", "minimum_share", "objective", "budget", "epochs", "rate", "distill", "batch_norm_batches",
)  # fmt: skip
OnEpoch = Callable[[str, EpochRecord], None]


@dataclass(frozen=True)
class Run:
    """What all steps of one run share."""

    recipe: ImageRecipe
    images: TrainingImages
    out: Path
    device: torch.device
    precision: str
    on_epoch: OnEpoch

    def settings(self, dense: bool) -> TrainSettings:
        return self.recipe.training(dense, self.precision)

    def images_per_second(self, history: list[dict[str, float]]) -> float:
        """Return the images trained on a second over the epochs of a stage, scoring left out."""
        count = len(self.images.train) // self.recipe.batch_size * self.recipe.batch_size * len(history)
        return count / sum(record["train_seconds"] for record in history)


def purpose(run: Run) -> dict[str, Any]:
    """Return what decides the bytes of a run's networks: recipe and images."""
    train = run.images.train
    holds = {name: value for name, value in asdict(run.recipe).items() if name != "workers"}
    holds |= {"classes": list(run.images.classes), "images": len(train)}
    holds["images_crc32"] = zlib.crc32(train.labels.tobytes(), crc32_of(train.pixels))
    return holds | {"mirror": train.mirror, "crop_scale": train.crop_scale}


def written_purpose(folder: Path) -> dict[str, Any]:
    path = folder / "recipe.json"
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"'{path}' is damaged ({error}); give another folder") from error


def claim(run: Run) -> None:
    """Write what this folder is for, or refuse one in which something else was trained."""
    holds, path = purpose(run), run.out / "recipe.json"
    if path.exists() and any(run.out.glob("*.checkpoint")) | any(run.out.glob("*.safetensors")):
        there = written_purpose(run.out)
        other = [name for name in holds if there.get(name) != holds[name]]
        if other:
            raise DataError(
                f"'{run.out}' holds networks of another recipe or other images: {', '.join(other)} "
                f"{'differs' if len(other) == 1 else 'differ'}; give another folder"
            )
    wait_for_all()
    if is_first_process():
        write_atomically(path, json.dumps(holds, indent=2).encode())


def take_dense(run: Run, origin: Path) -> None:
    """Copy the dense network of another run's folder, unless this one has its own; refuse one trained otherwise."""
    if (run.out / "dense.safetensors").exists() or (run.out / "dense.checkpoint").exists():
        return
    there, holds = written_purpose(origin), purpose(run)
    other = [name for name in holds if name not in AFTER_DENSE and there.get(name) != holds[name]]
    if other:
        raise DataError(
            f"'{origin}' holds a dense network of another recipe or other images: {', '.join(other)}; "
            "train this one's own"
        )
    if is_first_process():
        for name in ("dense.json", "dense.safetensors"):  # the network last: it says that both are there
            try:
                shutil.copyfile(origin / name, run.out / f"{name}.partial")
                os.replace(run.out / f"{name}.partial", run.out / name)
            except OSError as error:
                raise DataError(
                    f"'{origin / name}' cannot be copied to '{run.out}' ({error.strerror}); train that network first"
                ) from error
    wait_for_all()


def trained(
    run: Run, name: str, train: Callable[[Run], tuple[nn.Module, dict[str, Any]]]
) -> tuple[nn.Module, dict[str, Any]]:
    """Return a network and what is known of it; what is on disk is read, not trained."""
    path, told = run.out / f"{name}.safetensors", run.out / f"{name}.json"
    if path.exists():
        network = run.recipe.network(len(run.images.classes)).to(run.device)
        load_state(network, read_state(path), str(path))
        return network, known_facts(told)
    network, facts = train(run)
    if is_first_process():
        write_atomically(told, json.dumps(facts, indent=2).encode())
        save_state(network, path)
        (run.out / f"{name}.checkpoint").unlink(missing_ok=True)
    wait_for_all()
    return network, facts


def known_facts(path: Path) -> dict[str, Any]:
    """Return what was written beside a network, or raise DataError."""
    try:
        facts = dict(json.loads(path.read_text()))
        facts["history"][-1]["accuracy"]
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise DataError(
            f"'{path}' is missing or damaged ({error!r}); delete '{path.with_suffix('.safetensors')}' to train it again"
        ) from error
    return facts
