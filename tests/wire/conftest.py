"""An unchanged boto3 client whose requests reach the ECS endpoint without a socket."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from kecs.control.clock import VirtualClock
from kecs.control.ids import SeededIds
from kecs.core.settings import Settings
from kecs.gateway.endpoint import Endpoint
from kecs.store.memory import MemoryStore

NewClient = Callable[..., Any]


class _Raw(BytesIO):
    """A body as urllib3 gives it to botocore."""

    def stream(self, *_args: Any, **_options: Any) -> Any:
        yield self.read()


@pytest.fixture
def endpoint() -> Endpoint:
    """An endpoint over an empty store, at a time that stands still."""
    return Endpoint(MemoryStore(), VirtualClock(), SeededIds(1), Settings())


@pytest.fixture(scope="session")
def session() -> Any:
    """One botocore session, so that the service model is read once."""
    return botocore.session.Session(session_vars={"config_file": (None, None, None, None)})


@pytest.fixture
def new_client(endpoint: Endpoint, session: Any) -> NewClient:
    """Makes clients of the endpoint: `new_client(account=…, region=…)`."""

    def send(request: AWSPreparedRequest, **_: Any) -> Any:
        assert isinstance(request.body, bytes)
        headers = {key: value if isinstance(value, bytes) else value.encode() for key, value in request.headers.items()}
        answer = endpoint.answer(headers["X-Amz-Target"], headers.get("Authorization"), request.body)
        return AWSResponse(request.url, answer.status, HTTPHeaders(), _Raw(answer.body))

    def make(account: str = "111111111111", region: str = "us-east-1") -> Any:
        client = boto3.Session(
            aws_access_key_id=account, aws_secret_access_key="test", region_name=region, botocore_session=session
        ).client("ecs", endpoint_url="http://kecs.invalid")
        client.meta.events.register("before-send.ecs", send)
        return client

    return make


@pytest.fixture
def ecs(new_client: NewClient) -> Any:
    return new_client()
