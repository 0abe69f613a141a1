"""Another AWS by URL: here, another KECS. And what is said when there is none."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.parsers import RpcV2CBORParser

from kecs.companions.remote import CannotSign, Remote, signed_anew
from kecs.ports.companion import Addressed
from kecs.testing import Server, start_server

NOBODY = "http://127.0.0.1:1"


def around(companion: str) -> Server:
    return start_server(env={"KECS_COMPANION": companion})


@pytest.fixture(scope="module")
def other() -> Iterator[Server]:
    with start_server() as server:
        yield server


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    found: str = refused.value.response["Error"]["Code"]
    return found


def test_every_other_service_is_elsewhere(other: Server) -> None:
    with around(other.endpoint) as server:
        content = bytes(range(256)) * 400
        server.client("s3").create_bucket(Bucket="there")
        server.client("s3").put_object(Bucket="there", Key="a b/ü", Body=content)
        server.client("sqs", account="222222222222", region="eu-west-1").create_queue(QueueName="jobs")
        server.ecs_client().create_cluster(clusterName="here")
        assert other.client("s3").get_object(Bucket="there", Key="a b/ü")["Body"].read() == content
        assert "QueueUrls" in other.client("sqs", account="222222222222", region="eu-west-1").list_queues()
        assert code(server.client("s3").get_object, Bucket="there", Key="none") == "NoSuchKey"
        assert "here" not in str(other.ecs_client().list_clusters())
        server.reset()
        assert "there" in str(server.client("s3").list_buckets())  # it is not KECS's to forget


def test_one_service_is_elsewhere_and_none_here(other: Server) -> None:
    with around(f"none,ssm={other.endpoint}") as server:
        server.client("ssm").put_parameter(Name="/only", Value="1", Type="String")
        assert other.client("ssm").get_parameter(Name="/only")["Parameter"]["Value"] == "1"
        assert code(server.client("s3").list_buckets) == "UnknownOperationException"
        assert code(server.client("dynamodb").list_tables) == "UnknownOperationException"
        assert code(server.client("sts").get_caller_identity) == "UnknownOperationException"


async def test_whoever_comes_first_there_is_one_pool_of_connections() -> None:
    remote = Remote()
    assert len(set(await asyncio.gather(*(remote.session() for _ in range(5))))) == 1
    await remote.close()


def test_one_that_does_not_answer() -> None:
    with around(NOBODY) as server:
        for service, call in [("ssm", "describe_parameters"), ("s3", "list_buckets"), ("iam", "list_roles")]:
            with pytest.raises(ClientError, match=f"The companion for {service} does not answer: ") as refused:
                getattr(server.client(service), call)()
            assert refused.value.response["Error"]["Code"] == "ServiceUnavailable"


class Silent(BaseHTTPRequestHandler):
    """Answers nothing, and tells when it has been asked and when nobody waits any more."""

    asked, alone = threading.Event(), threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Silent.asked.set()
        if not self.rfile.read(1):
            Silent.alone.set()

    do_GET = do_POST  # noqa: N815  # http.server's name

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


@pytest.mark.parametrize(("service", "call"), [("ssm", "describe_parameters"), ("s3", "list_buckets")])
def test_nobody_is_asked_for_a_client_that_has_gone(service: str, call: str) -> None:
    Silent.asked.clear()
    Silent.alone.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            with around(f"http://127.0.0.1:{other.server_port}") as server:
                config = Config(read_timeout=0.2, retries={"total_max_attempts": 1})
                own = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
                impatient = boto3.client(service, endpoint_url=server.endpoint, config=config, **own)  # type: ignore[call-overload]
                with pytest.raises(ReadTimeoutError):
                    getattr(impatient, call)()
                assert Silent.asked.is_set()
                assert Silent.alone.wait(10)
        finally:
            other.shutdown()
            thread.join()


class Hesitant(BaseHTTPRequestHandler):
    """Hangs up on two requests of three; one more is KECS's own, of what may be asked twice."""

    asked = 0

    def do_POST(self) -> None:
        Hesitant.asked += 1
        if self.asked % 3:
            self.close_connection = True
            return
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}" if "X-Amz-Target" in self.headers else b"<Answer><ListRolesResult/></Answer>")

    do_GET = do_POST  # noqa: N815  # http.server's name

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


@pytest.fixture(scope="module")
def hesitant() -> Iterator[Server]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hesitant) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            with around(f"http://127.0.0.1:{other.server_port}") as server:
                yield server
        finally:
            other.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("service", "call"),
    [("ssm", "describe_parameters"), ("s3", "list_buckets"), ("iam", "list_roles"), ("ec2", "describe_vpcs")],
)
@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_clients_ask_one_again_that_has_hung_up(
    hesitant: Server, service: str, call: str, mode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    client = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=hesitant.endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"mode": mode}),
    )
    answer = getattr(client, call)()
    assert answer["ResponseMetadata"]["RetryAttempts"] in (1, 2)


def test_moto_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "moto" else there(name, *rest))
    with start_server() as server:
        for service, call in [("ssm", "describe_parameters"), ("s3", "list_buckets"), ("ec2", "describe_vpcs")]:
            with pytest.raises(ClientError, match=r"needs KECS's extra aws: pip install 'kecs\[aws\]'"):
                getattr(server.client(service), call)()


def refused(server: Server, service: str, body: bytes, **headers: str) -> HTTPError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named["Authorization"] = f"AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/{service}/aws4_request, Signature=0"
    with pytest.raises(HTTPError) as answer:
        urlopen(Request(server.endpoint, body, named))
    return answer.value


def test_a_bug_of_motos_is_an_error_of_aws_and_a_line_in_the_log(other: Server) -> None:
    target = {"X_Amz_Target": "AmazonSSM.GetParameter", "Content_Type": "application/x-amz-json-1.1"}
    answer = refused(other, "ssm", b"{", **target)
    told = json.load(answer)
    assert (answer.code, told["__type"]) == (501, "InternalFailure")
    assert told["message"].startswith("moto, which plays the service ssm, failed: AttributeError: ")
    assert "moto failed in ssm: AttributeError: " in other.logs()


def test_what_moto_does_not_speak(other: Server) -> None:
    answer = refused(other, "monitoring", b"\xa0", Smithy_Protocol="rpc-v2-cbor")
    assert (answer.code, answer.headers["smithy-protocol"]) == (501, "rpc-v2-cbor")
    told = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(answer.read())))
    assert told["__type"] == "NotImplemented"
    assert told["message"].endswith("does not have this: the protocol rpc-v2-cbor")


# -- AWS itself -------------------------------------------------------------------------------------------------------


MINE = Credentials("AKIDMINE", "secret", "token")
OLD = [("authorization", "AWS4-HMAC-SHA256 Credential=111111111111/x"), ("x-amz-date", "20260101T000000Z")]


def test_a_request_to_aws_is_signed_anew() -> None:
    to = Addressed("ssm", "eu-west-1", "111111111111")
    sent = [*OLD, ("x-amz-target", "AmazonSSM.GetParameter"), ("user-agent", "x"), ("content-length", "2")]
    url, headers = signed_anew(to, "POST", "https://ssm.eu-west-1.amazonaws.com/", sent, b"{}", MINE)
    given = dict(headers)
    assert url == "https://ssm.eu-west-1.amazonaws.com/"
    assert given["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDMINE/")
    assert "/eu-west-1/ssm/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token;x-amz-target," in str(given)
    assert given["x-amz-date"] != "20260101T000000Z"
    assert (given["x-amz-security-token"], given["user-agent"], given["content-length"]) == ("token", "x", "2")
    assert len(headers) == len(given)


def test_the_signature_in_a_url_goes_away() -> None:
    to = Addressed("s3", "eu-west-1", "x")
    old = "https://s3.eu-west-1.amazonaws.com/b/a%20b?X-Amz-Credential=x&X-Amz-Signature=y&versionId=1%2F2"
    url, headers = signed_anew(to, "GET", old, [], b"", MINE)
    assert url == "https://s3.eu-west-1.amazonaws.com/b/a%20b?versionId=1%2F2"
    assert dict(headers)["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"


def test_chunks_that_are_signed_cannot_be_signed_anew() -> None:
    signed = [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]
    with pytest.raises(CannotSign, match="chunk by chunk"):
        signed_anew(Addressed("s3", "eu-west-1", "x"), "PUT", "https://s3.amazonaws.com/b/k", signed, b"", MINE)
