"""HAR-2 as tinygmp finds it: a data set and a folder of shipped models, named in pyproject.toml."""

from importlib import resources
from pathlib import Path

from tinygmp.data.registry import Loaded, Split
from tinygmp.progress import OnStep

CLASSES = 2


class UciHar:
    """UCI HAR in the two classes of HAR-2; synthetic windows where there is no copy and none was asked for."""

    title = "UCI HAR data"
    remedy = "set TINYGMP_DATA to a folder that holds uci_har/, or let --data uci download it"

    def takes(self, channel_names: tuple[str, ...], classes: int) -> bool:
        from har.archive import SIGNALS

        return channel_names == SIGNALS and classes == CLASSES

    def local_copy(self) -> Path | None:
        from har.dataset import local_copy

        return local_copy()

    def load(self, source: str | None, on_step: OnStep) -> Loaded:
        from har.dataset import load_har

        found = load_har(source, on_step)
        return Loaded(
            found.name,
            found.synthetic,
            Split(found.train.windows, found.train.labels),
            Split(found.test.windows, found.test.labels),
        )


UCI_HAR = UciHar()


def model_folder() -> Path:
    """Return the folder of the models that come with the package."""
    return Path(str(resources.files("har").joinpath("pretrained")))
