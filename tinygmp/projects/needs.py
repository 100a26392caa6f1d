"""What training needs beyond the light core."""

from importlib.util import find_spec

from tinygmp.errors import MissingToolError


def need_torch() -> None:
    """Raise MissingToolError with the install line where torch is absent."""
    if find_spec("torch") is None:
        raise MissingToolError(
            "training needs torch: python -m pip install 'tinygmp[train]' "
            "--extra-index-url https://download.pytorch.org/whl/cpu"
        )
