"""(f) A typical test file, run by pytest against KECS in test mode, moto in the same process, and MiniStack."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from bench.environments import process_environment
from bench.model import Case, Column, Goal, Sample

TESTS = Path(__file__).parent.parent / "kit"
ROOT = TESTS.parent.parent
RECORDS = "TestRecords"  # the class of what keeping records is enough for

CASE = Case(
    key="f",
    title="A typical test file: 20 tests with boto3, each with a cluster of its own",
    subjects=("kecs", "moto", "ministack"),
    reference="kecs",
    columns=(
        Column("passed", "passed of 20", "", 0),
        Column("wall", "whole run of pytest", "s", 2, ratio=True),
        Column("tests", "the tests alone", "s", 2, ratio=True),
        Column("records", "the 5 tests of records alone", "ms", 0, ratio=True),
    ),
    goals=(
        Goal("KECS passes all of them", "kecs", "passed", at_least=20),
        Goal("no longer than with moto", "kecs", "wall", of="moto", at_most=1.0),
        Goal("no longer than with MiniStack", "kecs", "wall", of="ministack", at_most=1.0),
        Goal("the tests of records no longer than with moto", "kecs", "records", of="moto", at_most=1.0),
    ),
    notes=(
        "One file, [kit/test_orders.py](kit/test_orders.py), which knows boto3 and AWS's waiters only; each run is a "
        "process of its own. KECS and moto live in the process of the tests, MiniStack is started by them. What is "
        "waited for in vain is given up after a second and a half, a rollback after a minute, so whoever lacks a "
        "behaviour also takes longer. The tests of records wait for nothing."
    ),
    warmup=1,
)


def measure(subject: str) -> Sample:
    """One run of the file."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-c", TESTS / "pytest.ini", TESTS, f"--junitxml={report}"],
            env=process_environment(BENCH_ECS=subject, PYTHONPATH=str(ROOT), AWS_EC2_METADATA_DISABLED="true"),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        wall = time.perf_counter() - began
        if done.returncode not in (0, 1):  # 1: some tests failed
            raise RuntimeError(f"pytest could not run the tests on {subject}:\n{done.stdout[-2000:]}")
        cases = list(ET.parse(report).iter("testcase"))
    records = sum(float(case.get("time", 0)) for case in cases if RECORDS in case.get("classname", ""))
    return {
        "passed": sum(case.find("failure") is None and case.find("error") is None for case in cases),
        "wall": wall,
        "tests": sum(float(case.get("time", 0)) for case in cases),
        "records": records * 1000,
    }
