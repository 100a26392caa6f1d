"""What every generated header says of its model, whatever the model is."""

from converters.to_c.arrays import centroids
from converters.to_c.gravity import rate_of
from tinygmp.graph.file import content_hash, version_of
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reject import NONE


def header_context(model: PackedModel) -> dict[str, object]:
    """Return what header.j2 names."""
    book = ledger(model)
    return {
        "network": model,
        "reject": model.reject,
        "centroids": centroids(model),
        "none_of_these": NONE,
        "answer": "answer" if model.reject else "predict",
        "prefix": model.name,
        "upper": model.name.upper(),
        "content_hash": content_hash(model),
        "tgmp_version": version_of(model),
        "rate_hz": rate_of(model),
        "payload_bytes": book.payload_bytes,
        "scalar_bytes": book.scalar_bytes,
    }
