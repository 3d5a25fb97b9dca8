"""Which rows of the feature table are proven: one line each, from the last test run's report.

`A1<TAB>proven|unproven<TAB>tests`. A row is proven by a passed test that bears its mark.
"""

import csv
import json
import sys
from pathlib import Path

REPORT = Path(".report/rows.json")
TABLE = Path("docs/features.csv")


def main() -> int:
    if not REPORT.exists():
        sys.stderr.write("no report yet: run `make test` first\n")
        return 1
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    sys.stdout.write(f"# {report['commit']}\n")
    with TABLE.open(encoding="utf-8", newline="") as table:
        for line in csv.DictReader(table):
            tests = report["rows"].get(line["row"], [])
            word = "proven" if tests else "unproven"
            sys.stdout.write(f"{line['row']}\t{word}\t{' '.join(tests)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
