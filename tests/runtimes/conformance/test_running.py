"""From provisioning to exit: what every runtime makes of a container's command, environment and limits."""

from __future__ import annotations

import pytest
from tests.runtimes.conformance.harness import MISSING_IMAGE, Harness
from tests.runtimes.plans import make_plan

from kecs.core.tasks.reports import Exited, Failed, Provisioned, Pulled, Started


async def test_a_container_comes_up_in_steps_each_reported(harness: Harness) -> None:
    plan = make_plan({"command": ["sleep", "600"]})
    harness.runtime.provision(plan)
    assert harness.reports == [], "a command returns before its outcome is reported"
    await harness.until(Provisioned, plan)
    harness.runtime.pull(plan, "app")
    await harness.until(Pulled, plan, "app")
    harness.runtime.start(plan, "app")
    started = await harness.until(Started, plan, "app")
    assert started.runtime_id
    assert [type(report) for report in harness.reports] == [Provisioned, Pulled, Started]


@pytest.mark.parametrize("code", [0, 3])
async def test_the_exit_code_is_reported(harness: Harness, code: int) -> None:
    plan = make_plan({"command": ["sh", "-c", f"exit {code}"]})
    exited = await harness.finish(plan)
    assert (exited.exit_code, exited.out_of_memory) == (code, False)
    assert exited.at >= harness.seen(Started, plan)[0].at


async def test_a_container_runs_as_long_as_its_command(harness: Harness) -> None:
    plan = make_plan({"command": ["sleep", "1"]})
    exited = await harness.finish(plan)
    started = harness.seen(Started, plan)[0]
    assert exited.exit_code == 0
    assert 0.9 <= exited.at - started.at < 30


async def test_output_is_kept_in_order(harness: Harness) -> None:
    plan = make_plan({"command": ["sh", "-c", "for i in 1 2 3; do echo line $i; done"]})
    await harness.finish(plan)
    lines = [line async for line in harness.runtime.logs(plan.arn, "app")]
    assert [line.text for line in lines] == ["line 1", "line 2", "line 3"]
    assert [line.at for line in lines] == sorted(line.at for line in lines)


async def test_what_goes_to_stderr_is_told_apart(harness: Harness) -> None:
    harness.needs("tell stdout from stderr")
    plan = make_plan({"command": ["sh", "-c", "echo first; echo last >&2"]})
    await harness.finish(plan)
    lines = [line async for line in harness.runtime.logs(plan.arn, "app")]
    assert {line.stream: line.text for line in lines} == {"stdout": "first", "stderr": "last"}


async def test_the_tail_of_the_output(harness: Harness) -> None:
    plan = make_plan({"command": ["sh", "-c", "echo a; echo b; echo c"]})
    await harness.finish(plan)
    assert await harness.output(plan, tail=2) == ["b", "c"]
    assert await harness.output(plan, tail=0) == []


async def test_following_the_output_ends_with_the_container(harness: Harness) -> None:
    plan = make_plan({"command": ["sh", "-c", "echo first; echo second; exit 1"]})
    await harness.finish(plan)
    assert await harness.output(plan, follow=True) == ["first", "second"]


async def test_the_output_of_what_never_was_is_empty(harness: Harness) -> None:
    plan = make_plan({"command": ["true"]})
    assert await harness.output(plan) == []
    assert await harness.output(plan, follow=True) == []


async def test_environment_with_an_override_of_this_run(harness: Harness) -> None:
    plan = make_plan(
        {
            "command": ["sh", "-c", 'echo "$COLOUR ${SIZE:-none}"'],
            "environment": [{"name": "COLOUR", "value": "red"}],
        },
        overrides=[{"name": "app", "environment": [{"name": "COLOUR", "value": "dark blue"}]}],
    )
    await harness.finish(plan)
    assert await harness.output(plan) == ["dark blue none"]


async def test_a_command_of_this_run_replaces_the_definition_s(harness: Harness) -> None:
    plan = make_plan({"command": ["false"]}, overrides=[{"name": "app", "command": ["echo", "instead"]}])
    assert (await harness.finish(plan)).exit_code == 0
    assert await harness.output(plan) == ["instead"]


async def test_command_words_are_not_a_shell_s(harness: Harness) -> None:
    plan = make_plan({"command": ["echo", "$HOME", "a  b", "&&", "exit"]})
    await harness.finish(plan)
    assert await harness.output(plan) == ["$HOME a  b && exit"]


async def test_entry_point_and_command_make_one_command(harness: Harness) -> None:
    plan = make_plan({"entryPoint": ["sh", "-c"], "command": ["echo $0 $1; exit 7", "zero", "one"]})
    assert (await harness.finish(plan)).exit_code == 7
    assert await harness.output(plan) == ["zero one"]


async def test_several_containers_report_apart(harness: Harness) -> None:
    plan = make_plan(
        {"name": "one", "command": ["sh", "-c", "echo one; exit 1"]},
        {"name": "two", "command": ["sh", "-c", "echo two; exit 2"]},
    )
    await harness.run(plan)
    assert (await harness.until(Exited, plan, "one")).exit_code == 1
    assert (await harness.until(Exited, plan, "two")).exit_code == 2
    assert await harness.output(plan, "one") == ["one"]
    assert await harness.output(plan, "two") == ["two"]


async def test_an_image_that_cannot_be_pulled(harness: Harness) -> None:
    plan = make_plan({"image": MISSING_IMAGE})
    await harness.provision(plan)
    failed = await harness.fails_to_pull(plan)
    assert failed.reason.startswith("CannotPullContainerError: ")
    await harness.release(plan)


async def test_more_memory_than_allowed_ends_the_container(harness: Harness) -> None:
    plan = make_plan({"memory": 16, "command": ["tail", "/dev/zero"]})
    exited = await harness.finish(plan)
    assert (exited.exit_code, exited.out_of_memory) == (137, True)


async def test_exit_code_127_for_a_program_that_is_not_there(harness: Harness) -> None:
    harness.needs("run any program")
    plan = make_plan({"command": ["sh", "-c", "no-such-program"]})
    assert (await harness.finish(plan)).exit_code == 127


async def test_a_command_that_cannot_be_executed_fails_the_start(harness: Harness) -> None:
    harness.needs("run any program")
    plan = make_plan({"command": ["/no/such/program"]})
    await harness.provision(plan)
    harness.runtime.pull(plan, "app")
    await harness.until(Pulled, plan, "app")
    harness.runtime.start(plan, "app")
    failed = await harness.until(Failed, plan, "app")
    assert failed.reason.startswith("CannotStartContainerError: ")
