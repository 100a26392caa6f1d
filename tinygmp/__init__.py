"""tinygmp: global magnitude pruning down to bytes in flash.

`import tinygmp as tg` offers what PUBLIC names; each is imported when it is first asked for, so that a light install
stays light. A command whose name is a room's has its object beside it: `tg.verify_model` is `tinygmp verify`.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

PUBLIC = {
    # the commands, see tinygmp.api
    "load_model": "tinygmp.api.load",
    "inspect_model": "tinygmp.api.inspect",
    "convert": "tinygmp.api.convert",
    "budget_model": "tinygmp.api.budget",
    "verify_model": "tinygmp.api.verify",
    "repack": "tinygmp.api.pack",
    "pack_file": "tinygmp.api.pack_file",
    "train_images": "tinygmp.api.train_images",
    "init": "tinygmp.api.init",
    "train_recipe": "tinygmp.api.train",
    "prune_recipe": "tinygmp.api.prune",
    "fit_recipe": "tinygmp.api.fit",
    "boards": "tinygmp.api.boards",
    "read_report": "tinygmp.api.report",
    "examine_tools": "tinygmp.api.doctor",
    "install_tools": "tinygmp.api.install_tools",
    # from a torch module or a file to a packed model
    "FastGrnnClassifier": "tinygmp.models.fastgrnn.FastGrnnClassifier",
    "WindowSettings": "tinygmp.train.settings.WindowSettings",
    "fit": "tinygmp.train.fit.fit",
    "Pruner": "tinygmp.prune.pruner.Pruner",
    "GradualSchedule": "tinygmp.prune.schedule.GradualSchedule",
    "global_magnitude_mask": "tinygmp.prune.global_magnitude.global_magnitude_mask",
    "load_graph": "tinygmp.readers.load.load_graph",
    "float_graph": "tinygmp.models.fastgrnn.float_graph",
    "with_sensor": "tinygmp.floats.window_classifier.with_sensor",
    "SensorScaling": "tinygmp.floats.operators.sensor_input.SensorScaling",
    "pack_graph": "tinygmp.pack.packer.pack",
    "PackIdentity": "tinygmp.pack.identity.PackIdentity",
    # the packed model
    "PackedModel": "tinygmp.graph.model.PackedModel",
    "save_model": "tinygmp.graph.file.save_model",
    "run": "tinygmp.graph.reference.run.run",
    "ledger": "tinygmp.graph.ledger.ledger",
    "TinyGmpError": "tinygmp.errors.TinyGmpError",
}


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'tinygmp' has no attribute '{name}'; it offers {', '.join(PUBLIC)}")
    module, _, attribute = PUBLIC[name].rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
