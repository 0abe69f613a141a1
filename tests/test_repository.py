"""The rules that the repository holds about itself: sizes, locks, links, and nothing of the machine it was made on."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src/kecs"
GENERATED = SOURCES / "aws/model"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50

# Put together here so that this file does not contain them itself.
FOREIGN = re.compile(
    "|".join(
        [
            r"\bpypi\." + "org",
            "python" + r"hosted\.org",
            "npm" + r"js\.org",
            r"deb\.debian" + r"\.org",
            r"golang" + r"\.org",
            r"(?<![\w.~-])/(?:work|root|home|tmp/kecs)" + "/",
        ]
    )
)


@cache
def tracked() -> tuple[Path, ...]:
    """The files that git knows and that are there."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(path for name in names.split("\0") if name and (path := ROOT / name).is_file())


def modules() -> list[Path]:
    return sorted(path for path in SOURCES.rglob("*.py") if not path.is_relative_to(GENERATED))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def locked(name: str) -> dict[str, str]:
    """The versions that a lock file pins, by canonical name."""
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in pins}


def declared(*groups: str) -> list[Requirement]:
    """The dependencies of the project and of these groups, groups inside groups included."""
    texts = list(PYPROJECT["project"]["dependencies"])
    for group in groups:
        for entry in PYPROJECT["dependency-groups"][group]:
            if isinstance(entry, str):
                texts.append(entry)
            else:
                texts.extend(str(requirement) for requirement in declared(entry["include-group"]))
    return [Requirement(text) for text in texts]


EXTRAS = PYPROJECT["project"]["optional-dependencies"]


def extras(*names: str) -> list[Requirement]:
    """The dependencies of these extras."""
    return [Requirement(text) for name in names for text in EXTRAS[name]]


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{named(path)}: {match.group()}" for match in FOREIGN.finditer(text)]
    assert found == []


@pytest.mark.parametrize("path", modules(), ids=named)
def test_a_module_and_its_functions_are_short(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= MOST_LINES_OF_A_FILE
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


def test_tests_and_pages_are_short_too() -> None:
    others = [path for path in tracked() if path.suffix in {".py", ".md"} and not path.is_relative_to(SOURCES)]
    lengths = {named(path): len(path.read_text().splitlines()) for path in others}
    made = {"docs/coverage.md"}  # from the code
    assert {name for name, length in lengths.items() if length > MOST_LINES_OF_A_FILE} == made


DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "botocore": "boto3",
    "docker": "testcontainers",
    "werkzeug": "moto",
    "yarl": "aiohttp",
}
"""Of packages that are called otherwise, or come with another."""

UNSEEN = {"wsproto", "kecs"}
"""What uvicorn imports when it is there, and what one of the extras has in another."""


def test_what_the_sources_import_is_what_is_declared() -> None:
    imported = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            imported |= {name.split(".")[0] for name in names} - sys.stdlib_module_names
    assert {canonicalize_name(DISTRIBUTIONS.get(name, name)) for name in imported - {"kecs"}} == {
        canonicalize_name(requirement.name) for requirement in [*declared(), *extras(*EXTRAS)]
    } - UNSEEN


@pytest.mark.parametrize(
    ("name", "groups", "optional"),
    [("base", ["build"], []), ("image", ["build"], ["kubernetes"]), ("dev", ["dev"], [*EXTRAS])],
)
def test_a_lock_file_satisfies_what_is_declared(name: str, groups: list[str], optional: list[str]) -> None:
    pins = locked(name)
    unmet = [
        str(requirement)
        for requirement in [*declared(*groups), *extras(*optional)]
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert unmet == [], "run: make lock"


@pytest.mark.parametrize("name", ["base", "image", "dev"])
def test_every_locked_package_has_hashes(name: str) -> None:
    entries = re.split(r"^(?=\S)", (ROOT / f"requirements/{name}.txt").read_text(), flags=re.MULTILINE)
    packages = [entry for entry in entries if entry.strip() and not entry.startswith("#")]
    assert len(packages) == len(locked(name))
    assert [entry.split()[0] for entry in packages if "--hash=sha256:" not in entry] == []


def test_each_lock_contains_the_smaller_ones() -> None:
    assert locked("base").items() <= locked("image").items() <= locked("dev").items()


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_make_has_the_targets_that_users_know() -> None:
    known = {"demo", "test", "check", "bench", "test-integration", "test-integration-verbose"}
    assert known | {"test-integration-specific"} <= make_targets()


def test_every_make_target_that_is_written_about_exists() -> None:
    texts = [path for path in tracked() if path.suffix in {".md", ".yml"}] + [ROOT / ".ci/run"]
    mentions = [
        (named(path), target)
        for path in texts
        for target in re.findall(r"(?:`|^\s*|run: |\$ )make ([a-z][a-z-]*)", path.read_text(), re.MULTILINE)
    ]
    assert mentions
    assert [mention for mention in mentions if mention[1] not in make_targets()] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{named(path)}: {target}"
        for path in tracked()
        if path.suffix == ".md"
        for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)", path.read_text())
        if not (page := path.parent / target if target else path).exists() or (anchor and anchor not in anchors(page))
    ]
    assert broken == []


@cache
def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    texts = re.findall(r"^#+ (.+)$", re.sub(r"(?ms)^```.*?^```", "", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", re.sub(r"\]\(.*?\)", "", text)).lower().replace(" ", "-") for text in texts}


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    inits = [*SOURCES.glob("*/__init__.py"), *SOURCES.glob("*/*/__init__.py")]
    packages = {named(init.parent).removeprefix("src/kecs/") for init in inits}
    assert {package for package in packages if f"`{package}`" not in text} == set()


def test_the_architecture_names_only_packages_that_exist() -> None:
    rows = re.findall(r"^\| `([\w/]+)` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    assert rows
    assert [row for row in rows if not ((SOURCES / row).exists() or (SOURCES / f"{row}.py").exists())] == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


def test_ci_is_executable() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_types_are_published() -> None:
    assert (SOURCES / "py.typed").exists()
