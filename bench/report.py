"""Turns samples into the Markdown of results.md: medians of the rounds, their spread, ratios, and goals."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Iterator

from bench.model import Case, Column, Results
from bench.servers import TARGETS


def render(cases: list[tuple[Case, Results | str]], rounds: int, package_versions: dict[str, str], load: float) -> str:
    """The whole report. A case that did not run has the reason in place of its results.

    `load` is the load average just before: how many processes of others wanted the processors.
    """
    machine = f"{os.cpu_count()} cores (load before: {load:.1f}), {platform.system()} on {platform.machine()}"
    packages = ", ".join(f"{name} {version}" for name, version in package_versions.items())
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; what is measured and how to read it is in [README.md](README.md).",
        "",
        f"- {time.strftime('%Y-%m-%d', time.gmtime())}, {machine}, Python {platform.python_version()}",
        f"- {packages}",
        f"- medians of {rounds} rounds (smallest to largest in brackets); in each round every server takes its turn",
    ]
    for case, results in cases:
        lines += ["", f"## ({case.key}) {case.title}", ""]
        lines += [f"Skipped: {results}."] if isinstance(results, str) else _case(case, results)
    return "\n".join(lines) + "\n"


def _case(case: Case, results: Results) -> Iterator[str]:
    titles = []
    for column in case.columns:
        titles.append(f"{column.title}, {column.unit}" if column.unit else column.title)
        if column.ratio:
            titles.append(f"÷ {_title(case.reference)}")
    yield f"| | {' | '.join(titles)} |"
    yield "|---|" + "---:|" * len(titles)
    for subject in results:
        cells = [cell for column in case.columns for cell in _cells(case, column, results, subject)]
        yield f"| {_title(subject)} | {' | '.join(cells)} |"
    goals = list(_goals(case, results))
    if goals:
        yield ""
        yield from goals
    yield ""
    yield case.notes


def _cells(case: Case, column: Column, results: Results, subject: str) -> Iterator[str]:
    values = [sample[column.key] for sample in results[subject]]
    middle, low, high = (
        f"{value:,.{column.digits}f}" for value in (_median(results, subject, column.key), min(values), max(values))
    )
    yield middle if low == high else f"{middle} ({low} – {high})"
    if column.ratio:
        reference = _reference(case, subject)
        known = reference in results
        yield _ratio(_median(results, subject, column.key) / _median(results, reference, column.key)) if known else "–"


def _goals(case: Case, results: Results) -> Iterator[str]:
    for goal in case.goals:
        if goal.subject not in results or (goal.of is not None and goal.of not in results):
            continue
        value = _median(results, goal.subject, goal.column)
        if goal.of is not None:
            value /= _median(results, goal.of, goal.column)
        verdict = "reached" if goal.met(value) else "**missed**"
        yield f"- {goal.text}: {_ratio(value) if goal.of else f'{value:,.1f}'}, {verdict}"


def _median(results: Results, subject: str, column: str) -> float:
    return statistics.median(sample[column] for sample in results[subject])


def _ratio(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _reference(case: Case, subject: str) -> str:
    """What a subject is divided by: of a pair such as `kecs-bridge`, the reference in the same way."""
    _, dash, how = subject.partition("-")
    return case.reference + dash + how


def _title(subject: str) -> str:
    """`kecs` is KECS, and of a pair such as `kecs-bridge` the second word says how."""
    who, _, how = subject.partition("-")
    title = TARGETS[who].title if who in TARGETS else {"docker": "Docker API"}.get(who, who)
    return f"{title}, {how}" if how else title
