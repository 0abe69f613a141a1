"""Every example of README.md and docs/ runs, against a KECS in test mode.

The `sh` blocks of a page are one script, the `python` blocks another, each on the lines that they have in the page, so
that an error names the line to mend; Python that defines tests is run by pytest. What cannot be run is marked as
another language, such as `text`, or as none. A KECS answers for the whole page; a page may start others. Nothing
outside the test's folder is touched.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs import warm_aws
from tests.support import programs

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable, "-W", "error"]}
RUN_TESTS = [sys.executable, "-m", "pytest", "-W", "error", "-q", "--import-mode=importlib", "-p", "no:cacheprovider"]
NOT_RUN = {"", "text", "json", "toml", "yaml", "mermaid", "dockerfile", "makefile", "javascript", "go", "java"}
# These need an image, or a project of a user's, and have tests of their own. What is written in Go and Java there needs
# libraries that tests cannot count on: it is read by people only.
ELSEWHERE = {"docs/guides/testcontainers.md": "test_container_guide", "docs/guides/ci.md": "test_ci_guide"}
LONG = {"docs/reference/codedeploy.md"}  # the AWS CLI looks at a deployment every 15 seconds
WRITTEN_URL = "http://127.0.0.1:5373"  # what the pages say; the test's KECS is elsewhere

_TEST = re.compile(r"^def test_", re.MULTILINE)
_FENCE = re.compile(r"^```(\w*)\s*$")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def script(page: Path, language: str) -> str:
    """The page with every line blank that is not an example in this language."""
    lines: list[str] = []
    inside: str | None = None
    for line in page.read_text().splitlines():
        fence = _FENCE.match(line)
        lines.append(line if fence is None and inside == language else "")
        if fence:
            inside = fence[1] if inside is None else None
    return "\n".join(lines).rstrip() + "\n"


def examples() -> Iterator[object]:
    for page in PAGES:
        if name_of(page) in ELSEWHERE:
            continue
        for language in RUN:
            if script(page, language).strip():
                marks = [pytest.mark.long] if name_of(page) in LONG else []
                yield pytest.param(page, language, id=f"{name_of(page)}-{language}", marks=marks)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables with which `aws` is the AWS CLI, and is there sooner."""
    folder = tmp_path_factory.mktemp("aws")
    with warm_aws.calls(folder) as variables:
        yield variables | {"PATH": str(folder)}


@pytest.fixture
def environment(aws: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """A shell of somebody who has a KECS in test mode, whichever others they start."""
    binaries = os.pathsep.join([aws["PATH"], str(Path(sys.executable).parent), os.environ["PATH"]])
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("KECS_", "AWS_"))} | {
        **aws,
        "PATH": binaries,
        "HOME": str(tmp_path),
        "AWS_PAGER": "",
        "KECS_DATA_DIR": str(tmp_path / "data"),
        "KECS_TEST_MODE": "true",
        "KECS_PORT": "0",
    }

    def kecs(*arguments: str) -> str:
        command = [sys.executable, "-m", "kecs", *arguments]
        return subprocess.run(command, env=mine, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True).stdout

    kecs("start", "--detach", "--instance", "page")
    exports = kecs("env", "--instance", "page").splitlines()
    yield mine | dict(line.removeprefix("export ").split("=", 1) for line in exports)
    for instance in (tmp_path / "data").iterdir():
        kecs("stop", "--instance", instance.name)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "language"), list(examples()))
def test_examples_run(page: Path, language: str, environment: dict[str, str], tmp_path: Path) -> None:
    text = script(page, language).replace(WRITTEN_URL, environment["AWS_ENDPOINT_URL"])
    tests = language == "python" and _TEST.search(text)
    file = tmp_path / (f"{page.stem}.py" if tests else page.name)
    file.write_text(text)
    command = RUN_TESTS if tests else RUN[language]
    programs.run([*command, str(file)], cwd=tmp_path, env=environment, timeout=300)


def test_pages_that_are_run_elsewhere() -> None:
    for page, test in ELSEWHERE.items():
        assert (ROOT / page).exists()
        assert (ROOT / f"tests/docs/{test}.py").exists()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    """A block in a language that nobody knows is an example that nobody runs."""
    fences = [fence[1] for line in page.read_text().splitlines() if (fence := _FENCE.match(line))]
    assert len(fences) % 2 == 0
    assert set(fences[::2]) <= RUN.keys() | NOT_RUN
    assert set(fences[1::2]) <= {""}
