"""Find UCI HAR: a given path, the data folder of the environment, the cache, a download; or fall back to synthetic."""

import os
import zipfile
from pathlib import Path

from har.archive import Progress, read_archive
from har.data import HarData
from har.synthetic import synthetic_data
from tinygmp.errors import DataError

ADDRESS = "https://archive.ics.uci.edu/static/public/240/human+activity+recognition+using+smartphones.zip"
TIMEOUT_SECONDS = 10
CACHE_NAME = "uci_har.zip"


def silent(what: str, done: int, total: int) -> None:
    """Report nothing."""


def load_har(source: str | None = None, progress: Progress = silent, seed: int = 0) -> HarData:
    """Return the data set of a path (folder or zip), of 'uci', of 'synthetic', or the best there is (None).

    Order for 'uci' and None: $TINYGMP_DATA/uci_har, the user's cache, the official address. Only None may fall
    back to synthetic data, which the result says. Raises DataError for damaged data anywhere on the way.
    """
    if source == "synthetic":
        return synthetic_data(seed)
    if source not in (None, "uci"):
        if not Path(source).exists():
            raise DataError(
                f"data '{source}' does not exist; give a folder or zip of UCI HAR, 'uci' or 'synthetic'"
            )
        return read_archive(Path(source), progress)
    path = local_copy()
    if path is not None and path != cache_path():
        return read_archive(path, progress)
    if path is not None or download(progress):
        return read_cached(progress)
    if source == "uci":
        raise DataError(
            f"UCI HAR is neither in $TINYGMP_DATA/uci_har nor in the cache '{cache_path()}', and {ADDRESS} "
            "cannot be reached; give a folder or zip with --data PATH"
        )
    return synthetic_data(seed)


def local_copy() -> Path | None:
    """Return the data folder of the environment or the cached archive, if there is one."""
    root = os.environ.get("TINYGMP_DATA")
    candidates = ([Path(root) / "uci_har"] if root else []) + [cache_path()]
    return next((path for path in candidates if path.exists()), None)


def cache_path() -> Path:
    import pooch

    return Path(os.environ.get("TINYGMP_CACHE", pooch.os_cache("tinygmp"))) / CACHE_NAME


def read_cached(progress: Progress) -> HarData:
    """Return the cached archive's data; a damaged one leaves the cache, so that the next run fetches it again."""
    try:
        return read_archive(cache_path(), progress)
    except DataError:
        cache_path().unlink(missing_ok=True)
        raise


def download(progress: Progress) -> bool:
    """Fetch the archive into the cache; its members are checked when read.

    False when it cannot be fetched, or when what comes is no zip: many networks answer everything with a page of
    their own.
    """
    import pooch
    import requests

    target = cache_path()
    progress(f"asking {ADDRESS}", 0, 1)
    pooch.get_logger().setLevel("ERROR")
    try:
        pooch.retrieve(
            ADDRESS,
            known_hash=None,
            fname=target.name,
            path=target.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS, progressbar=DownloadProgress(progress)),
        )
    except (requests.RequestException, OSError, ValueError):
        return False
    if zipfile.is_zipfile(target):
        return True
    target.unlink(missing_ok=True)
    return False


class DownloadProgress:
    """Passes the chunks that pooch counts on to a stage's bar; total is 0 when the server does not tell it."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.total = 0
        self.done = 0

    def update(self, chunk: int) -> None:
        self.done += chunk
        self.progress(f"downloading, {self.done / 1e6:.0f} MB", self.done, max(self.total, self.done))

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """Leave the bar to the next step."""
