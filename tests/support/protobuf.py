"""Objects of Kubernetes made in its binary form, as kubelets do.

An API server 1.20 that is built with Go 1.18 or later can lose the ability to read a kind of object from JSON that it
has not read before. The generated.proto of Kubernetes' api and apimachinery say which number a field has.
"""

from __future__ import annotations

import httpx2

from kecs.runtimes.kubernetes.api.client import Cluster


async def post(cluster: Cluster, path: str, version: str, kind: str, body: bytes) -> None:
    """Have the API server take in an object of this kind."""
    data = b"k8s\0" + field(1, field(1, version), field(2, kind)) + field(2, body)
    headers = {"Content-Type": "application/vnd.kubernetes.protobuf", "Accept": "application/json"}
    async with httpx2.AsyncClient(verify=cluster.tls() or False, headers=await cluster.headers()) as client:
        answer = await client.post(f"{cluster.url}{path}", content=data, headers=headers)
        answer.raise_for_status()


def field(number: int, *parts: str | bytes) -> bytes:
    """A field of Protocol Buffers that holds a string or a message."""
    body = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return bytes([number << 3 | 2]) + _varint(len(body)) + body


def integer(number: int, value: int) -> bytes:
    """A field that holds a number, which is not negative."""
    return bytes([number << 3]) + _varint(value)


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + _varint(number >> 7)
