"""The names by which containers ask for what is their own."""

from __future__ import annotations

import re

from kecs.core.inside.names import KEY_BYTES, Names, task_id

ID = "0123456789abcdef0123456789abcdef"
TASK = f"arn:aws:ecs:us-east-1:111111111111:task/c/{ID}"
NAMES = Names(bytes(KEY_BYTES))


def test_a_name_has_the_task_in_it_and_is_nothing_to_guess() -> None:
    assert re.fullmatch(rf"{ID}-[0-9a-f]{{32}}", NAMES.container(TASK, "app"))
    assert task_id(NAMES.container(TASK, "app")) == ID
    assert NAMES.container(TASK, "app") != Names(b"1" * KEY_BYTES).container(TASK, "app")


def test_each_container_has_its_own_and_keeps_it() -> None:
    made = [NAMES.container(TASK, "app"), NAMES.container(TASK, "proxy"), NAMES.credentials(TASK)]
    assert len(set(made)) == len(made)
    assert made[0] == Names(bytes(KEY_BYTES)).container(TASK, "app")
    assert NAMES.container(TASK[:-1] + "0", "app") != made[0]
