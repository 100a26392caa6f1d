"""What this machine has of everything that tinygmp can use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinygmp.device.tools import Tool
from tinygmp.device.tools import doctor as lab_tools
from tinygmp.progress import OnStep, silent

if TYPE_CHECKING:
    from tinygmp.device.debian.install import Installation


@dataclass(frozen=True)
class Finding:
    """One thing that tinygmp can use; `remedy` is empty when it is there."""

    name: str
    found: bool
    needed_for: str
    remedy: str


def extra(name: str, needed_for: str, extra_name: str) -> Tool:
    return Tool(name, "package", needed_for, f"python -m pip install 'tinygmp[{extra_name}]'")


PACKAGES = (
    extra("torch", "training", "train"),
    extra("ai_edge_litert", "running TFLite files", "runtimes"),
    extra("onnxruntime", "running ONNX files", "runtimes"),
    extra("matplotlib", "plots of the report", "report"),
    extra("tensorflow", "a second opinion on TFLite files", "tensorflow"),
    extra("tflite_micro", "running TFLite files as microcontrollers do", "micro"),
)


def examine() -> tuple[Finding, ...]:
    """Return every tool, optional package, and the data and model that commands use; imports none of them."""
    tools = [
        Finding(tool.name, tool.found, tool.needed_for, "" if tool.found else tool.install)
        for tool in (*lab_tools(), *PACKAGES)
    ]
    return (*tools, *data_findings(), model_finding())


def install_tools(names: Sequence[str] = (), on_step: OnStep = silent) -> "Installation":
    """Install programs of the device lab without root: those named, or all that are missing.

    Raises ConfigError for an unknown name, MissingToolError without apt or a network, OutputError.
    """
    from tinygmp.device.debian.install import install

    return install(names, on_step)


def data_findings() -> list[Finding]:
    """Return whether each data set that an installed package knows is on this machine."""
    from tinygmp.data.registry import datasets

    return [
        Finding(
            each.title,
            found := each.local_copy() is not None,
            "training on and checking with real people",
            "" if found else each.remedy,
        )
        for each in datasets().values()
    ]


def model_finding() -> Finding:
    from tinygmp.shipped import SHIPPED, shipped_names

    found = SHIPPED in shipped_names()
    return Finding(
        f"model '{SHIPPED}'", found, "commands without MODEL", "" if found else "install tinygmp again"
    )
