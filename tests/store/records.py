"""Records of every kind: by hand in a line, and whatever hypothesis makes of their types."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from hypothesis import strategies as st

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.records import ClusterRecord, TaskRecord

SCOPE = Scope("111111111111", "us-east-1")
PLAIN = "aZ9.-"  # characters that nearly every pattern of the models allows
MOST_OPTIONAL = 5  # fields beside the required ones; all of them together make examples that nobody can read


def cluster(name: str, **fields: Any) -> ClusterRecord:
    return ClusterRecord(arn=SCOPE.cluster(name), cluster=m.Cluster(cluster_name=name, **fields))


def task(number: int, **fields: Any) -> TaskRecord:
    given = {
        "arn": SCOPE.task("default", f"{number:032x}"),
        "cluster_arn": SCOPE.cluster("default"),
        "definition_arn": SCOPE.task_definition("web", 1),
        "group": "service:s",
        "launch_type": "FARGATE",
        "created_at": float(number),
        "containers": (),
        "service_arn": SCOPE.service("default", "s"),
    }
    return TaskRecord(**{**given, **fields})


def instances_of(record: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Instances of a struct, as its annotations allow them."""
    return _of(msgspec.inspect.type_info(record))


def _of(info: msgspec.inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case msgspec.inspect.StructType():
            return _structs(info)
        case msgspec.inspect.UnionType(types=types):
            return st.one_of(*(_of(one) for one in types))
        case msgspec.inspect.Metadata(type=plain):
            return _of(plain)
        case msgspec.inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case msgspec.inspect.ListType(item_type=item, min_length=least):
            return st.lists(st.deferred(lambda: _of(item)), min_size=least or 0, max_size=least or 2)
        case msgspec.inspect.VarTupleType(item_type=item):
            return st.lists(st.deferred(lambda: _of(item)), max_size=2).map(tuple)
        case msgspec.inspect.TupleType(item_types=items):
            return st.tuples(*(_of(item) for item in items))
        case msgspec.inspect.DictType(value_type=value):
            return st.dictionaries(st.text(max_size=3), st.deferred(lambda: _of(value)), max_size=2)
        case msgspec.inspect.IntType(ge=least, le=most):
            return st.integers(-(2**63) if least is None else least, 2**63 if most is None else most)
        case msgspec.inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case msgspec.inspect.StrType():
            return _texts(info)
    return _SIMPLE[type(info)]


def _texts(info: msgspec.inspect.StrType) -> st.SearchStrategy[str]:
    least, most = info.min_length or 0, info.max_length or 1000
    if info.pattern is not None and not re.search(info.pattern, PLAIN):
        return st.from_regex(info.pattern).filter(lambda text: least <= len(text) <= most)
    alphabet = {} if info.pattern is None else {"alphabet": PLAIN}
    return st.text(min_size=least, max_size=max(least, min(most, 5)), **alphabet)


_SIMPLE: dict[type, st.SearchStrategy[Any]] = {
    msgspec.inspect.BoolType: st.booleans(),
    msgspec.inspect.NoneType: st.none(),
    msgspec.inspect.AnyType: st.sampled_from([None, 1, "x", {"any": ["JSON"]}]),
}


@st.composite
def _structs(draw: st.DrawFn, info: msgspec.inspect.StructType) -> Any:
    required = [field for field in info.fields if field.required]
    others = [field for field in info.fields if not field.required]
    some = draw(st.lists(st.sampled_from(others), unique_by=id, max_size=MOST_OPTIONAL)) if others else []
    return info.cls(**{field.name: draw(_of(field.type)) for field in (*required, *some)})
