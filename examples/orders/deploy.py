"""Puts the shop on ECS: what it keeps things in, its task definitions, its services. Plain boto3, as for AWS itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/shop"
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
ANSWERS = "python3 -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:8080/health\")'"
DOOR = {
    "portMappings": [{"containerPort": 8080}],
    "healthCheck": {"command": ["CMD-SHELL", ANSWERS], "interval": 5, "timeout": 4, "retries": 3},
}


@dataclass
class Shop:
    """A shop in a cluster. `settings` are its containers' environment."""

    client: Callable[[str], Any]
    cluster: str
    settings: dict[str, str] = field(default_factory=dict)

    def set_up(self) -> None:
        """Make the table, the queues, the bucket and the secret."""
        name = self.cluster.lower()
        sqs = self.client("sqs")
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.client("s3").create_bucket(Bucket=name)
        secret = self.client("secretsmanager").create_secret(Name=f"{name}/payment", SecretString="key-of-the-bank")
        self._secret = secret["ARN"]
        self.settings = {
            "TABLE": name,
            "LABELS": name,
            "PAYMENTS": sqs.create_queue(QueueName=f"{name}-payments")["QueueUrl"],
            "SHIPMENTS": sqs.create_queue(QueueName=f"{name}-shipments")["QueueUrl"],
        }

    def define(self, part: str, version: str = "1", **container: Any) -> str:
        """Register the task definition of a part of the shop; its ARN."""
        settings = {**self.settings, "VERSION": version}
        definition = {
            "name": part,
            "image": f"shop-{part}:{version}",
            "command": [part],
            "memory": 128,
            "stopTimeout": 10,
            "environment": [{"name": key, "value": value} for key, value in settings.items()],
            **(DOOR if part == "orders" else {}),
            **({"secrets": [{"name": "PAYMENT_KEY", "valueFrom": self._secret}]} if part == "payment" else {}),
            **container,
        }
        answer = self.client("ecs").register_task_definition(
            family=f"shop-{part}", taskRoleArn=ROLE, executionRoleArn=ROLE, containerDefinitions=[definition]
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def serve(self, part: str, count: int = 1) -> None:
        """Create the service of a part."""
        self.client("ecs").create_service(
            cluster=self.cluster,
            serviceName=part,
            taskDefinition=self.define(part),
            desiredCount=count,
            launchType="EC2",
            deploymentConfiguration=BREAKER,
        )

    def update(self, part: str, definition: str) -> None:
        """Roll a service over to another task definition."""
        self.client("ecs").update_service(cluster=self.cluster, service=part, taskDefinition=definition)

    def scale(self, part: str, count: int) -> None:
        self.client("ecs").update_service(cluster=self.cluster, service=part, desiredCount=count)

    def run_report(self) -> str:
        """Run the batch job once; its task's ARN."""
        task = self.client("ecs").run_task(cluster=self.cluster, taskDefinition=self.define("report"), launchType="EC2")
        return str(task["tasks"][0]["taskArn"])
