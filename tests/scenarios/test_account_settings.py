"""Account settings: their values, whose they are, and what they change."""

from __future__ import annotations

from typing import Any

import pytest

from .world import Refused, World

ROOT = "arn:aws:iam::000000000000:root"
USER = "arn:aws:iam::000000000000:user/jane"
DEFAULTS = {
    "serviceLongArnFormat": "enabled",
    "taskLongArnFormat": "enabled",
    "containerInstanceLongArnFormat": "enabled",
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "fargateFIPSMode": "disabled",
    "tagResourceAuthorization": "on",
    "fargateTaskRetirementWaitPeriod": "7",
    "guardDutyActivate": "off",
    "defaultLogDriverMode": "non-blocking",
    "fargateEventWindows": "disabled",
}


def listed(world: World, **members: Any) -> dict[str, str]:
    """Every setting of the listing, all pages of it."""
    settings, token = [], None
    while True:
        page = world.call("ListAccountSettings", **members, **({"nextToken": token} if token else {}))
        settings += page["settings"]
        token = page.get("nextToken")
        if token is None:
            return {setting["name"]: setting["value"] for setting in settings}


def test_nothing_is_listed_until_something_is_set(world: World) -> None:
    assert world.call("ListAccountSettings") == {"settings": []}
    world.call("PutAccountSetting", name="awsvpcTrunking", value="enabled")
    assert listed(world) == {"awsvpcTrunking": "enabled"}


def test_effective_settings_are_all_there_are_with_their_defaults(world: World) -> None:
    assert listed(world, effectiveSettings=True) == DEFAULTS
    page = world.call("ListAccountSettings", effectiveSettings=True)
    assert len(page["settings"]) == 10
    assert page["settings"][0] == {
        "name": "serviceLongArnFormat", "value": "enabled", "principalArn": ROOT, "type": "user",
    }  # fmt: skip
    (guard,) = world.call("ListAccountSettings", effectiveSettings=True, name="guardDutyActivate")["settings"]
    assert guard["type"] == "aws_managed"


def test_a_listing_is_filtered_by_name_and_value(world: World) -> None:
    assert listed(world, effectiveSettings=True, name="containerInsights") == {"containerInsights": "disabled"}
    assert listed(world, effectiveSettings=True, name="containerInsights", value="disabled") != {}
    assert listed(world, effectiveSettings=True, name="containerInsights", value="enabled") == {}
    with pytest.raises(Refused, match=r"InvalidParameterException: .*setting name"):
        world.call("ListAccountSettings", value="enabled")
    with pytest.raises(Refused, match="maxResults must be between 1 and 10"):
        world.call("ListAccountSettings", maxResults=11)


def test_the_root_users_setting_counts_for_whoever_has_none(world: World) -> None:
    world.call("PutAccountSettingDefault", name="containerInsights", value="enhanced")
    assert listed(world, principalArn=USER) == {}
    assert listed(world, principalArn=USER, effectiveSettings=True)["containerInsights"] == "enhanced"
    setting = world.call("PutAccountSetting", name="containerInsights", value="enabled", principalArn=USER)["setting"]
    assert setting == {"name": "containerInsights", "value": "enabled", "principalArn": USER, "type": "user"}
    assert listed(world, principalArn=USER) == {"containerInsights": "enabled"}
    assert listed(world) == {"containerInsights": "enhanced"}
    assert listed(world, region="eu-west-1") == {}


def test_a_setting_that_is_deleted_goes_back_to_what_counts_for_everybody(world: World) -> None:
    world.call("PutAccountSettingDefault", name="containerInsights", value="enabled")
    world.call("PutAccountSetting", name="containerInsights", value="enhanced", principalArn=USER)
    answer = world.call("DeleteAccountSetting", name="containerInsights", principalArn=USER)["setting"]
    assert (answer["value"], answer["principalArn"]) == ("enabled", USER)
    answer = world.call("DeleteAccountSetting", name="containerInsights")["setting"]
    assert (answer["value"], answer["principalArn"]) == ("disabled", ROOT)
    assert listed(world) == {}


@pytest.mark.parametrize(
    ("name", "value", "principal"),
    [
        ("containerInsights", "on", ROOT),
        ("fargateTaskRetirementWaitPeriod", "3", ROOT),
        ("fargateTaskRetirementWaitPeriod", "14", USER),
        ("serviceLongArnFormat", "disabled", ROOT),
        ("guardDutyActivate", "on", ROOT),
        ("containerInsights", "enabled", "arn:aws:iam::111111111111:root"),
        ("containerInsights", "enabled", "jane"),
    ],
)
def test_what_a_setting_cannot_be_is_refused(world: World, name: str, value: str, principal: str) -> None:
    with pytest.raises(Refused, match="InvalidParameterException"):
        world.call("PutAccountSetting", name=name, value=value, principalArn=principal)
    assert listed(world, principalArn=ROOT) == {}


@pytest.mark.parametrize("operation", ["PutAccountSetting", "PutAccountSettingDefault"])
def test_a_wrong_value_is_refused_in_the_words_of_aws(world: World, operation: str) -> None:
    for name, value in (("taskLongArnFormat", "ENABLED"), ("tagResourceAuthorization", "off"), ("awsvpcTrunking", "")):
        with pytest.raises(Refused, match="InvalidParameterException: Invalid setting 'value'"):
            world.call(operation, name=name, value=value)


def test_what_aws_manages_is_not_deleted(world: World) -> None:
    with pytest.raises(Refused, match="guardDutyActivate is managed by AWS"):
        world.call("DeleteAccountSetting", name="guardDutyActivate")


def test_new_clusters_get_the_accounts_container_insights(world: World) -> None:
    def insights(cluster: dict[str, Any]) -> str:
        value: str = cluster["settings"][0]["value"]
        return value

    before = world.call("CreateCluster", clusterName="before")["cluster"]
    world.call("PutAccountSetting", name="containerInsights", value="enhanced")
    after = world.call("CreateCluster", clusterName="after")["cluster"]
    given = [{"name": "containerInsights", "value": "disabled"}]
    own = world.call("CreateCluster", clusterName="own", settings=given)["cluster"]
    assert [insights(before), insights(after), insights(own)] == ["disabled", "enhanced", "disabled"]
    assert insights(world.call("CreateCluster", clusterName="before")["cluster"]) == "disabled"


@pytest.mark.parametrize(
    ("setting", "given", "delivered"),
    [(None, None, "non-blocking"), ("blocking", None, "blocking"), ("blocking", "non-blocking", "non-blocking")],
)
def test_awslogs_delivers_as_the_account_says_unless_the_container_does(
    world: World, monkeypatch: pytest.MonkeyPatch, setting: str | None, given: str | None, delivered: str
) -> None:
    plans: list[Any] = []
    provision = world.runtime.provision
    monkeypatch.setattr(world.runtime, "provision", lambda plan: (plans.append(plan), provision(plan)))
    if setting:
        world.call("PutAccountSettingDefault", name="defaultLogDriverMode", value=setting)
    options = {
        "awslogs-group": "g",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "p",
        **({"mode": given} if given else {}),
    }
    log = {"logDriver": "awslogs", "options": options}
    container = {"name": "app", "image": "app:1", "logConfiguration": log}
    world.define("web", container, executionRoleArn="arn:aws:iam::000000000000:role/execution")
    world.run()
    world.clock.advance(1)
    assert plans[0].containers[0].log_configuration.options == {**options, "mode": delivered}
    shown = world.call("DescribeTaskDefinition", taskDefinition="web")["taskDefinition"]
    assert shown["containerDefinitions"][0]["logConfiguration"]["options"] == options
