"""The orders service: `POST /orders` takes an order and has it paid, `GET /orders/ID` says how it stands."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

PORT = 8080


class Orders:
    """A WSGI application. `TABLE` and `PAYMENTS` are the names of a table and a queue's URL."""

    def __init__(self, settings: Mapping[str, str], client: Callable[[str], Any]) -> None:
        self._version = settings.get("VERSION", "1")
        self._table = settings["TABLE"]
        self._payments = settings["PAYMENTS"]
        self._dynamodb = client("dynamodb")
        self._sqs = client("sqs")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path == "/health":
            status, answer = "200 OK", {"version": self._version}
        elif method == "POST" and path == "/orders":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, answer = self._take(body)
        elif method == "GET" and path.startswith("/orders/"):
            status, answer = self._look_up(path.removeprefix("/orders/"))
        else:
            status, answer = "404 Not Found", {"error": "nothing is here"}
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def _take(self, body: bytes) -> tuple[str, dict[str, Any]]:
        try:
            wanted = json.loads(body)
            item, price = str(wanted["item"]), int(wanted["price"])
        except (ValueError, LookupError, TypeError):
            return "400 Bad Request", {"error": "an order has an item and a price"}
        order = str(uuid.uuid4())
        self._dynamodb.put_item(
            TableName=self._table,
            Item={"id": {"S": order}, "item": {"S": item}, "price": {"N": str(price)}, "state": {"S": "ordered"}},
        )
        self._sqs.send_message(QueueUrl=self._payments, MessageBody=json.dumps({"order": order, "price": price}))
        return "202 Accepted", {"id": order}

    def _look_up(self, order: str) -> tuple[str, dict[str, Any]]:
        found = self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": order}}).get("Item")
        if found is None:
            return "404 Not Found", {"error": "there is no such order"}
        return "200 OK", {"id": order, "item": found["item"]["S"], "state": found["state"]["S"]}
