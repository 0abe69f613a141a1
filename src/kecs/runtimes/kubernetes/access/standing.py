"""Where KECS stands with a cluster: which one it is, who KECS is there, and what it may not do.

`kecs doctor` and `kecs kubeconfig` ask, with connections of their own: nothing of this is a matter of objects, and it
is wanted at once or not at all.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import Any, NamedTuple

import httpx2
import msgspec
from lightkube.resources.core_v1 import Namespace

from kecs.ports.runtime import RuntimeUnavailable
from kecs.runtimes.kubernetes.access.rights import Question, questions
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError
from kecs.runtimes.kubernetes.names import of_instance, selector
from kecs.runtimes.kubernetes.reach.link import Link

ANSWER_WITHIN = 5.0  # seconds
AT_ONCE = 8  # requests

_AUTHORIZATION = "authorization.k8s.io/v1"
_AUTHENTICATION = "authentication.k8s.io/v1"


class Standing(NamedTuple):
    """What a cluster has said."""

    version: str
    account: str | None  # None where it does not tell
    missing: list[Question]  # of what KECS may not do
    asked: int


async def standing(cluster: Cluster) -> Standing:
    """Ask the cluster. Raises RuntimeUnavailable when it does not answer, or refuses to."""
    try:
        async with httpx2.AsyncClient(
            base_url=cluster.url,
            verify=cluster.tls() or False,
            headers=await cluster.headers(),
            timeout=httpx2.Timeout(ANSWER_WITHIN, pool=None),
            limits=httpx2.Limits(max_connections=AT_ONCE),
        ) as client:
            answer = await client.get("/version")
            answer.raise_for_status()
            asked = list(questions(cluster.namespace))
            account = await _account(client)
            allowed = await asyncio.gather(*(_may(client, each) for each in asked))
    except httpx2.HTTPStatusError as error:
        status = f"{error.response.status_code} {error.response.reason_phrase}"
        raise RuntimeUnavailable(f"{cluster.url} refuses to say how KECS stands with it: {status}") from error
    except (httpx2.HTTPError, OSError, ValueError, KeyError) as error:
        raise RuntimeUnavailable(f"{cluster.url} does not answer: {str(error) or type(error).__name__}") from error
    missing = [question for question, yes in zip(asked, allowed, strict=True) if not yes]
    return Standing(answer.json()["gitVersion"], account, missing, len(asked))


async def traces(cluster: Cluster, instance: str) -> tuple[list[str], str | None]:
    """What a KECS instance has in the cluster: its namespaces, and the address and port at which pods reach it. Nothing
    where this user may not look."""
    namespaces: list[str] = []
    reached: str | None = None
    labels = selector(of_instance(instance))
    with contextlib.suppress(ClusterError):
        found = await cluster.list(Namespace, None, labels=labels)
        namespaces = sorted(item.metadata.name for item in found.items)
    with contextlib.suppress(ClusterError):
        front = await Link(cluster, instance).found()
        reached = front and f"{front.address}:{front.port}"
    return namespaces, reached


async def _may(client: httpx2.AsyncClient, question: Question) -> bool:
    found = await _review(client, _AUTHORIZATION, "SelfSubjectAccessReview", question.review())
    return bool(found["status"]["allowed"])


async def _account(client: httpx2.AsyncClient) -> str | None:
    """Clusters before Kubernetes 1.28 do not say; the token of a service account does."""
    with contextlib.suppress(httpx2.HTTPStatusError):
        found = await _review(client, _AUTHENTICATION, "SelfSubjectReview", {})
        return str(found["status"]["userInfo"]["username"])
    with contextlib.suppress(ValueError, IndexError, TypeError, KeyError):
        claims = client.headers["Authorization"].split(".")[1]
        return str(msgspec.json.decode(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])
    return None


async def _review(client: httpx2.AsyncClient, version: str, kind: str, spec: dict[str, Any]) -> Any:
    body = {"apiVersion": version, "kind": kind, "spec": spec}
    answer = await client.post(f"/apis/{version}/{kind.lower()}s", json=body)
    answer.raise_for_status()
    return answer.json()
