"""Find UCI HAR: a given path, the data folder of the environment, the cache, a download; or fall back to synthetic."""

import os
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
    path = local_copy() or downloaded(progress)
    if path is not None:
        return read_archive(path, progress)
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


def downloaded(progress: Progress) -> Path | None:
    """Return the archive fetched into the cache, or None when it cannot be fetched; its members are checked later."""
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
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS),
        )
    except (requests.RequestException, OSError, ValueError):
        return None
    return target
