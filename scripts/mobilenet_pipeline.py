"""`tinygmp train-images` as a script, which torchrun starts in several processes.

python scripts/mobilenet_pipeline.py --data pictures/ --size 96 --width 0.25 --sparsity 0.75
torchrun --nproc_per_node=2 scripts/mobilenet_pipeline.py --data pictures/ --batch-size 128
"""

import sys

import typer

from tinygmp.commands.train_images import train_images
from tinygmp.errors import TinyGmpError

if __name__ == "__main__":
    try:
        typer.run(train_images)
    except TinyGmpError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
