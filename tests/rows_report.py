"""The plugin that writes `.report/rows.json`: which rows the passed tests bear, at which commit."""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

REPORT = Path(".report/rows.json")
_proven: dict[str, set[str]] = defaultdict(set)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("row"):
        for row in mark.args:
            item.user_properties.append(("row", row))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when != "call" or not report.passed:
        return
    for name, row in report.user_properties:
        if name == "row":
            _proven[str(row)].add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Only the controller writes, and only of a run that was whole."""
    if hasattr(session.config, "workerinput") or not _whole(session.config):
        return
    REPORT.parent.mkdir(exist_ok=True)
    rows = {row: sorted(tests) for row, tests in sorted(_proven.items())}
    REPORT.write_text(json.dumps({"commit": _commit(), "rows": rows}, indent=1), encoding="utf-8")


def _whole(config: pytest.Config) -> bool:
    return not config.option.keyword and not config.option.markexpr and config.args == ["tests"]


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"
