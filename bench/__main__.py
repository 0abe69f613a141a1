"""`python -m bench`: measure, print, write results.md.

Servers take turns: round 1 of each, then round 2 of each, so that a busy minute of the machine falls on all of them.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.cases import MODULES
from bench.docker_api import unavailable
from bench.docker_api import version as docker_version
from bench.model import Case, Module, Results
from bench.report import render
from bench.servers import TARGETS

RESULTS = Path(__file__).with_name("results.md")


def main() -> None:
    chosen = _arguments()
    subjects = set(chosen.targets or ())
    load = os.getloadavg()[0]
    cases: list[tuple[Case, Results | str]] = [
        (module.case, module.unavailable() or _run(module, chosen.rounds, subjects))
        for module in MODULES
        if module.case.key in chosen.only
    ]
    report = render(cases, chosen.rounds, _versions(subjects), load)
    print(report)
    if len(cases) == len(MODULES) and not subjects:
        RESULTS.write_text(report)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure KECS beside others. See bench/README.md.")
    keys = [module.case.key for module in MODULES]
    parser.add_argument("--only", type=_words(keys), default=keys, help="cases, such as a,b")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--targets", type=_words([*TARGETS, "docker", "kubectl"]), help="servers, such as kecs,ceiling")
    return parser.parse_args()


def _words(known: list[str]) -> Callable[[str], list[str]]:
    def words(text: str) -> list[str]:
        found = text.split(",")
        if unknown := set(found) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return found

    return words


def _run(module: Module, rounds: int, wanted: set[str]) -> Results:
    subjects = [subject for subject in module.case.subjects if not wanted or subject.split("-")[0] in wanted]
    results: Results = {subject: [] for subject in subjects}
    for number in range(-module.case.warmup, rounds):
        for subject in subjects:
            began = time.perf_counter()
            sample = module.measure(subject)
            if number >= 0:
                results[subject].append(sample)
            values = ", ".join(f"{column} {value:.4g}" for column, value in sample.items())
            which = f"round {number + 1}" if number >= 0 else "warm-up"
            print(
                f"({module.case.key}) {which}, {subject}: {values} [{time.perf_counter() - began:.1f} s]",
                file=sys.stderr,
            )
    return results


def _versions(wanted: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for target in TARGETS.values():
        if not wanted or target.name in wanted:
            found |= target.versions()
    if unavailable() is None:
        found["Docker"] = docker_version()
    return found


if __name__ == "__main__":
    if platform.system() != "Linux":
        sys.exit("The benchmark reads /proc and needs Linux.")
    main()
