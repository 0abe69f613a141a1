"""Sends answers that are streams of events. `gateway.http` calls it, with the first such answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from kecs.aws.errors import ModeledError
from kecs.aws.event_stream import CONTENT_TYPE, event, exception
from kecs.gateway.endpoint import Opened

log = logging.getLogger(__name__)


async def send_stream(opened: Opened, receive: Any, send: Any) -> None:
    """Until the stream or its reader has gone, or this is cancelled."""
    gone = asyncio.ensure_future(_gone(receive))
    sending = asyncio.ensure_future(_send_all(opened, send))
    try:
        await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        sending.cancel()
        opened.stream.close()
        await asyncio.gather(gone, sending, return_exceptions=True)


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_all(opened: Opened, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", CONTENT_TYPE)]})
    async for message in _messages(opened):
        await send({"type": "http.response.body", "body": message, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _messages(opened: Opened) -> AsyncIterator[bytes]:
    yield event("initial-response", b"{}")  # the answer's other members, of which there are none
    while True:
        try:
            name, told = await opened.stream.next()
            message = event(name, msgspec.json.encode(told))
        except ModeledError as error:
            yield exception(error.code, msgspec.json.encode({"message": error.message}))
            return
        except Exception:
            log.exception("a stream failed")
            yield exception(opened.failure, msgspec.json.encode({"message": "Service Unavailable."}))
            return
        yield message
