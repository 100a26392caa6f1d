"""An image network from a user's own pictures: open them, and run the pipeline in every process."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tinygmp.data.training_images import Reading, open_training_images
from tinygmp.progress import OnStep, silent
from tinygmp.projects.image_pipeline import run_image_pipeline
from tinygmp.projects.image_recipe import ImageRecipe, batch_of_few
from tinygmp.projects.image_run import OnEpoch
from tinygmp.train.run_recipe import is_first_process, process_count, process_group


def train_images(
    recipe: ImageRecipe,
    source: Path,
    out: Path,
    reading: Reading,
    classes: int | None = None,
    cache: Path | None = None,
    on_step: OnStep = silent,
    on_epoch: OnEpoch = lambda stage, record: None,
    lower_batch: bool = False,
) -> dict[str, Any] | None:
    """Return the report of a run, whose model is out/model.tgmp; of several processes only the first gets one.

    source, classes, on_step: as for open_training_images. cache: folder of decoded pictures; image_cache beside `out`
    where None. lower_batch: few pictures take a smaller batch than the recipe's. on_epoch is called in the
    first process alone.
    """
    with process_group():
        images = open_training_images(source, reading, classes, cache or out.parent / "image_cache", on_step)
        if lower_batch:
            batch = batch_of_few(recipe.batch_size, len(images.train), process_count())
            recipe = replace(recipe, batch_size=batch)
        told = on_epoch if is_first_process() else (lambda stage, record: None)
        return run_image_pipeline(recipe, images, out, told)
