"""What training needs beyond the light core."""

import os
from importlib.util import find_spec

from tinygmp.errors import MissingToolError

WAITING = "OMP_WAIT_POLICY"


def need_torch() -> None:
    """Raise MissingToolError with the install line where torch is absent; call it before torch is imported.

    Its threads wait asleep unless the environment says otherwise: spinning, as they do by default, they take from each
    other the cores of a machine that has other work. Two threads on two busy cores trained MobileNet-V1 three to seven
    times slower so.
    """
    os.environ.setdefault(WAITING, "PASSIVE")  # OpenMP reads it once, when its library is loaded
    if find_spec("torch") is None:
        raise MissingToolError(
            "training needs torch: python -m pip install 'tinygmp[train]' --extra-index-url "
            "https://download.pytorch.org/whl/cpu"
        )
