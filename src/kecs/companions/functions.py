"""Calls lifecycle hooks over HTTP: Lambda functions by the Invoke API of a Lambda endpoint, local hooks by their URL.

`app.server` makes it; see ports.hooks.Hooks. Each call is a task of the event loop, so none waits for another and
nothing waits for them. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from kecs.core.deployments.hooks import HookAnswer, HookCall
from kecs.ports.hooks import Report

if TYPE_CHECKING:
    from aiohttp import ClientSession

PATIENCE = 900.0  # seconds; a Lambda function runs for 15 minutes at most
NO_ENDPOINT = "KECS knows no Lambda: start it with --lambda-endpoint, or give the URL of a local hook as hookTargetArn"


class FunctionFailed(Exception):
    """The call came to nothing; the text says why."""


class HttpHooks:
    """See ports.hooks.Hooks."""

    def __init__(self, endpoint: str | None, patience: float = PATIENCE) -> None:
        """`endpoint`: URL of something that answers as AWS Lambda does, if there is one."""
        self._endpoint = endpoint.rstrip("/") if endpoint else None
        self._patience = patience
        self._report: Report
        self._session: ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def connect(self, report: Report) -> None:
        self._report = report

    def call(self, call: HookCall) -> None:
        task = asyncio.get_running_loop().create_task(self._call(call))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Let go of what is under way: it is called again after the next start."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _call(self, call: HookCall) -> None:
        import aiohttp  # no start needs it, and few deployments have hooks

        answer = HookAnswer(deployment=call.deployment, hook_id=call.hook_id, number=call.number)
        try:
            url, headers = self._address(call.target)
            answer = replace(answer, body=await self._post(url, headers, msgspec.json.encode(call.payload)))
        except TimeoutError:
            answer = replace(answer, error=f"no answer within {self._patience:g} seconds")
        except (FunctionFailed, aiohttp.ClientError, ValueError, OSError) as error:
            answer = replace(answer, error=str(error) or type(error).__name__)
        self._report(answer)

    def _address(self, target: str) -> tuple[str, dict[str, str]]:
        """Where the hook is called. Raises FunctionFailed."""
        if not target.startswith("arn:"):
            return target, {}
        if self._endpoint is None:
            raise FunctionFailed(NO_ENDPOINT)
        _, _, _, region, account, *_ = [*target.split(":"), "", "", "", "", ""]
        # Emulators find service, region and account in the signature's scope, and do not check the signature.
        scope = f"Credential={account or 'test'}/20260101/{region or 'us-east-1'}/lambda/aws4_request"
        signature = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"
        path = f"/2015-03-31/functions/{quote(target, safe=':')}/invocations"
        return self._endpoint + path, {"authorization": signature, "x-amz-invocation-type": "RequestResponse"}

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        """The JSON that was answered; None when it is none. Raises FunctionFailed and aiohttp's errors."""
        from aiohttp import ClientSession, ClientTimeout

        if self._session is None:
            self._session = ClientSession(timeout=ClientTimeout(total=self._patience))
        headers = {"content-type": "application/json", **headers}
        async with self._session.post(url, data=body, headers=headers) as response:
            content = await response.read()
            failed = response.headers.get("X-Amz-Function-Error") or (
                response.status if response.status >= 300 else None
            )
            if failed is not None:
                raise FunctionFailed(f"{failed} {content.decode(errors='replace')[:500]}".strip())
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
