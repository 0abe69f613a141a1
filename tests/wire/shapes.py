"""Values of botocore's shapes for hypothesis: whatever a client may send, whatever a service may answer."""

from __future__ import annotations

from typing import Any

from botocore.model import ListShape, MapShape, StructureShape
from hypothesis import strategies as st

MOST_OPTIONAL = 4  # members beside the required ones; all of them together make examples that nobody can read
TEXT = st.text(max_size=4)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(0, 1000),  # within the range of every integer of the model
    "long": st.integers(0, 2**40),
    "float": st.floats(0, 100, width=32),
    "double": st.floats(0, 100),
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
        return st.lists(values(shape.member), max_size=2)
    if isinstance(shape, MapShape):
        return st.dictionaries(TEXT, values(shape.value), max_size=2)
    if shape.type_name == "string":
        return st.sampled_from(shape.enum) if shape.enum else TEXT
    return SIMPLE[shape.type_name]
