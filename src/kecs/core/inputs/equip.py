"""A task's plan with what was looked up for it: its containers' environment, log options and registry logins, the
access points of its volumes.

`control.inputs` calls it with the answers of all `lookups` of the plan; runtimes get what comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.inputs import access_points, reasons
from kecs.core.inputs.environment_files import merged, read
from kecs.core.inputs.lookups import (
    Answer,
    Lookup,
    Refusal,
    object_content,
    parameters_of,
    scope_of,
    secret_value,
    secrets_of,
)
from kecs.core.inputs.references import (
    InvalidReference,
    Parameter,
    SecretVersion,
    login_reference,
    object_reference,
    secret_reference,
)
from kecs.core.tasks.plan import RegistryLogin, TaskPlan

Answers = Mapping[Lookup, Answer]
NULL = "\0"


def equipped(plan: TaskPlan, answers: Answers) -> TaskPlan:
    """The plan as a runtime carries it out.

    A container's own environment wins over its files, and secrets over both. Raises Unresolved.
    """
    parameters = _parameters(plan, answers)
    logins: dict[str, RegistryLogin] = {}
    containers = []
    for container in plan.containers:
        values = {s.value_from: _secret(plan, s.value_from, parameters, answers) for s in secrets_of(container)}
        containers.append(_filled(plan, container, values, answers))
        if container.repository_credentials:
            parameter = container.repository_credentials.credentials_parameter
            logins[container.name or ""] = _login(plan, parameter, answers)
    points = access_points.found(plan, answers)
    return replace(plan, containers=tuple(containers), logins=logins, access_points=points)


def _filled(
    plan: TaskPlan, container: m.ContainerDefinition, values: Mapping[str, str], answers: Answers
) -> m.ContainerDefinition:
    files = [_file(plan, file.value, answers) for file in container.environment_files or ()]
    environment = merged(files)
    secrets = {secret.name: values[secret.value_from] for secret in container.secrets or ()}
    for name, value in (*environment.items(), *secrets.items()):
        if NULL in name + value:  # whatever runs containers would say so with the value
            raise reasons.no_variable(plan.launch_type, name.replace(NULL, ""))
    environment |= {pair.name or "": pair.value or "" for pair in container.environment or ()}
    environment |= secrets
    log = container.log_configuration
    if log is not None and log.secret_options:
        secret_options = {secret.name: values[secret.value_from] for secret in log.secret_options}
        log = replace(log, options=(log.options or {}) | secret_options)
    pairs = [m.KeyValuePair(name=name, value=value) for name, value in environment.items()]
    return replace(container, environment=pairs, log_configuration=log)


def _parameters(plan: TaskPlan, answers: Answers) -> dict[Parameter, str]:
    """The values of all parameters that the task names. Raises Unresolved."""
    found: dict[tuple[Scope, str], str] = {}
    for lookup, answer in answers.items():
        if lookup.service != "ssm":
            continue
        if isinstance(answer, Refusal):
            raise reasons.parameters_refused(plan.launch_type, lookup.scope.region, answer)
        found |= {(lookup.scope, each["Name"]): each["Value"] for each in answer.get("Parameters") or ()}
    values: dict[Parameter, str] = {}
    missing: dict[Parameter, None] = {}
    for wanted in parameters_of(plan):
        name = next((name for name in wanted.names if (wanted.scope, name) in found), None)
        if name is None:
            missing[wanted] = None
        else:
            values[wanted] = found[wanted.scope, name]
    if missing:
        region = next(iter(missing)).scope.region
        names = [wanted.names[0] for wanted in missing if wanted.scope.region == region]
        raise reasons.invalid_parameters(plan.launch_type, region, names)
    return values


def _secret(plan: TaskPlan, value_from: str, parameters: Mapping[Parameter, str], answers: Answers) -> str:
    try:
        wanted = secret_reference(value_from, scope_of(plan))
    except InvalidReference as problem:
        raise reasons.invalid_reference(plan.launch_type, value_from, str(problem)) from None
    if isinstance(wanted, Parameter):
        return parameters[wanted]
    answer = answers[secret_value(wanted)]
    if isinstance(answer, Refusal):
        raise reasons.secret_refused(plan.launch_type, wanted, answer)
    text: str = answer.get("SecretString") or ""
    return text if wanted.json_key is None else _member(plan.launch_type, wanted, wanted.json_key, text)


def _member(launch_type: str, wanted: SecretVersion, key: str, text: str) -> str:
    members = _json_object(text)
    if members is None:
        raise reasons.no_json(launch_type, wanted)
    if key not in members:
        raise reasons.no_json_key(launch_type, key)
    value = members[key]
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:  # which has the text in it
        return None


def _login(plan: TaskPlan, parameter: str, answers: Answers) -> RegistryLogin:
    wanted = login_reference(parameter, scope_of(plan))
    answer = answers[secret_value(wanted)]
    if isinstance(answer, Refusal):
        raise reasons.login_refused(plan.launch_type, wanted, answer)
    members = _json_object(answer.get("SecretString") or "")
    if members is None:
        problem = "asm fetching authorization data: unable to unmarshal secret value, invalid schema"
        raise reasons.no_login(plan.launch_type, problem)
    by_name = {name.lower(): value for name, value in members.items()}  # the agent takes Username as well
    for name in ("username", "password"):
        if not isinstance(by_name.get(name), str) or not by_name[name]:
            problem = f"asm fetching {name}: AuthorizationData is malformed, empty field"
            raise reasons.no_login(plan.launch_type, problem)
    return RegistryLogin(by_name["username"], by_name["password"])


def _file(plan: TaskPlan, arn: str, answers: Answers) -> dict[str, str]:
    wanted = object_reference(arn)
    answer = answers[object_content(wanted, scope_of(plan))]
    if isinstance(answer, Refusal):
        raise reasons.file_refused(plan.launch_type, wanted, answer)
    return read(answer.get("Body") or b"")
