"""Several boards at once: compilers are processes of their own, and simulators release Python's lock."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from tinygmp.errors import MissingToolError
from tinygmp.progress import Steps

JOBS = 2

Result = TypeVar("Result")


def run_side_by_side(
    jobs: Mapping[str, Callable[[], Result]], steps: Steps, ended: str
) -> tuple[dict[str, Result], dict[str, str]]:
    """Run every job and return name -> result in the order given, and name -> reason where a tool is absent.

    Each job is one step, told as `ended` and its name. Another error stops what has not begun and is raised.
    """
    results: dict[str, Result] = {}
    missing: dict[str, str] = {}
    with ThreadPoolExecutor(JOBS) as pool:
        futures = {pool.submit(job): name for name, job in jobs.items()}
        try:
            for future in as_completed(futures):
                name = futures[future]
                try:
                    results[name] = future.result()
                except MissingToolError as error:
                    missing[name] = str(error)
                steps.end(f"{ended} {name}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {name: results[name] for name in jobs if name in results}, missing
