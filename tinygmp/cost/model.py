"""Coefficients of a core, read from the file that scripts/fit_cost_model.py wrote, and what they predict."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tinygmp.cost.terms import CAUSES, Terms, cause_of, group_of, terms_of, terms_together, variant_of
from tinygmp.cost.work import ALONE, DENSE, Work, expands
from tinygmp.errors import ConfigError

FOLDER = Path(__file__).parent / "cores"  # one file a core


@dataclass(frozen=True)
class Kernel:
    """Coefficients of one family of kernels, for densities below a bound (of weights that are not 0)."""

    below_density: float
    functions: tuple[str, ...]
    coefficients: Mapping[str, float]

    def by_cause(self, terms: Terms) -> dict[str, float]:
        """Return instructions by what causes them."""
        found = dict.fromkeys(CAUSES, 0.0)
        for term, count in terms.items():
            found[cause_of(term)] += self.coefficient(term) * count
        return found

    def coefficient(self, term: str) -> float:
        """Return a term's coefficient; of a way of scaling or a format not fitted the largest of the others."""
        if term in self.coefficients:
            return self.coefficients[term]
        before, variant, after = variant_of(term)
        fitted = {name: variant_of(name) for name in self.coefficients}
        if not variant or any(each[:2] == (before, variant) for each in fitted.values()):
            return 0.0
        others = [name for name, each in fitted.items() if (each[0], each[2]) == (before, after)]
        return max((self.coefficients[name] for name in others), default=0.0)


@dataclass(frozen=True)
class Prediction:
    """What one layer is expected to take, and by what."""

    instructions: float
    by_cause: Mapping[str, float]

    @property
    def bound_by(self) -> str:
        """The cause that takes most."""
        return max(self.by_cause, key=lambda cause: self.by_cause[cause])


@dataclass(frozen=True)
class CostModel:
    """kernels: by group (Work.group), in ascending order of density. unit: 'instructions' or 'cycles'.

    Errors are those of whole networks that were not fitted to, as fractions: the largest and the mean.
    """

    core: str
    unit: str
    compiler: str
    level: str
    kernels: Mapping[str, tuple[Kernel, ...]]
    held_out_error: float
    mean_error: float

    def predict(self, *works: Work) -> Prediction:
        """Return what a layer takes, of one node or several together; ConfigError for what no kernel was fitted to.

        Nodes whose kernels were not fitted together are taken for neighbours that run one after the other.
        """
        if len(works) > 1 and not self.fitted(group_of(works)):
            apart = [self.predict(replace(work, together=False)).by_cause for work in works]
            by_cause = {cause: sum(each[cause] for each in apart) for cause in CAUSES}
            return Prediction(sum(by_cause.values()), by_cause)
        by_cause = self.kernel(*works).by_cause(terms_together(works))
        return Prediction(sum(by_cause.values()), by_cause)

    def fitted(self, group: str) -> tuple[Kernel, ...]:
        """Return the kernels of a group, empty where none were fitted."""
        return self.kernels.get(group) or self.kernels.get(group.replace(ALONE, ""), ())

    def kernel(self, *works: Work) -> Kernel:
        group = group_of(works)
        kernels = self.fitted(group)
        if not kernels:
            raise ConfigError(
                f"the cost model of {self.core} knows no '{group}'; it knows {', '.join(self.kernels)}"
            )
        expanded = works[0].expanded
        if expanded is not None:
            kernels = tuple(one for one in kernels if expands(one.functions) == expanded) or kernels
        return next((one for one in kernels if works[0].density < one.below_density), kernels[-1])

    def per_weight(self, work: Work) -> float:
        """Return what one more weight that is not zero costs in a layer that is stored as `work.storage` says.

        It is that of the kernel that serves the work's density; 0 where that does every product, zeros included.
        """
        if work.storage == DENSE or not work.size:
            return 0.0
        kernel = self.kernel(work)
        few, more = (replace(work, nonzero=count) for count in (0, work.size))
        terms, most = terms_of(few), terms_of(more)
        total = sum((most[term] - terms[term]) * kernel.coefficient(term) for term in terms)
        return total / work.size


def known_cores() -> list[str]:
    """Return the cores whose kernels were counted."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def cost_model(core: str, unit: str = "instructions") -> CostModel:
    """Return the model of a core; raises ConfigError for one that was not fitted, or a unit that it has not."""
    if core not in known_cores():
        raise ConfigError(f"no cost model of core '{core}'; there are {', '.join(known_cores())}")
    saved = json.loads((FOLDER / f"{core}.json").read_text())
    if unit not in saved["units"]:
        raise ConfigError(f"{unit} of core '{core}' are not modelled; there are {', '.join(saved['units'])}")
    fitted = saved["units"][unit]
    kernels = {
        group: tuple(
            Kernel(one["below_density"], tuple(one["functions"]), one["coefficients"]) for one in kernels
        )
        for group, kernels in fitted["kernels"].items()
    }
    worst, mean = (float(fitted["held_out"][f"{name}_network_error"]) for name in ("worst", "mean"))
    return CostModel(core, unit, saved["compiler"], saved["level"], kernels, worst, mean)
