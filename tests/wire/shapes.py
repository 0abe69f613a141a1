"""Values of botocore's shapes for hypothesis: whatever a client may send, whatever a service may answer."""

from __future__ import annotations

from typing import Any

from botocore.model import ListShape, MapShape, StructureShape
from hypothesis import strategies as st

MOST_OPTIONAL = 4  # members beside the required ones; all of them together make examples that nobody can read
TEXT = st.text(max_size=4)
PLAIN = "aZ9.-"  # characters that every pattern of the model allows
RANGES = {"integer": (0, 1000), "long": (0, 2**40), "float": (0, 100), "double": (0, 100)}  # unless the model has one
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "timestamp": st.integers(1_400_000_000, 2_000_000_000),  # seconds since the epoch
}


@st.composite
def structures(draw: st.DrawFn, shape: StructureShape) -> dict[str, Any]:
    required = list(shape.required_members)
    others = [name for name in shape.members if name not in required]
    chosen = draw(st.lists(st.sampled_from(others), unique=True, max_size=MOST_OPTIONAL)) if others else []
    return {name: draw(values(shape.members[name])) for name in (*required, *chosen)}


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Values of the shape as they stand in JSON."""
    if isinstance(shape, StructureShape):
        return st.just({"any": ["JSON"]}) if shape.is_document_type else structures(shape)
    if isinstance(shape, ListShape):
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 2)
        return st.lists(values(shape.member), min_size=least, max_size=max(least, min(most, 2)))
    if isinstance(shape, MapShape):
        return st.dictionaries(TEXT, values(shape.value), max_size=2)
    if shape.type_name == "string":
        return st.sampled_from(shape.enum) if shape.enum else texts(shape)
    return numbers(shape) if shape.type_name in RANGES else SIMPLE[shape.type_name]


def texts(shape: Any) -> st.SearchStrategy[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 4)
    if "pattern" in shape.metadata:
        return st.text(PLAIN, min_size=least, max_size=max(least, min(most, 4)))
    return st.text(min_size=least, max_size=max(least, min(most, 4)))


def numbers(shape: Any) -> st.SearchStrategy[Any]:
    least, most = (
        shape.metadata.get(key, bound) for key, bound in zip(("min", "max"), RANGES[shape.type_name], strict=True)
    )
    if shape.type_name in ("float", "double"):
        return st.floats(least, most, width=32 if shape.type_name == "float" else 64)
    return st.integers(int(least), int(most))
