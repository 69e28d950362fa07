#!/usr/bin/env python3
"""Holds docs/bad-input.md to its word: every test it names exists, ran and passed.

Reads JUnit reports: nextest's, the page's and the browser's. A row names its test by the
last part of its path, or by more of it where that would not be unique.
"""

import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

TABLE = Path("docs/bad-input.md")


def main(reports: list[Path]) -> int:
    results = {}
    for case in (case for report in reports for case in xml.parse(report).iter("testcase")):
        passed = not any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
        results[f"{case.get('classname')}::{case.get('name')}"] = passed

    faults = rows = 0
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        row = re.match(r"\|.*\|\s*`([^`]+)`\s*\|\s*$", line)
        if not row:
            if line.startswith("|") and not re.match(r"\|[\s:-]+\|", line) and "The test" not in line:
                print(f"{TABLE}:{number}: the row names no test", file=sys.stderr)
                faults += 1
            continue
        rows += 1
        found = [passed for name, passed in results.items() if f"::{name}".endswith(f"::{row[1]}")]
        if len(found) == 1 and found[0]:
            continue
        trouble = "failed" if len(found) == 1 else f"is the name of {len(found)} tests that ran"
        print(f"{TABLE}:{number}: {row[1]} {trouble}", file=sys.stderr)
        faults += 1
    if not faults:
        print(f"bad input: {rows} rows, each with a test that passed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
