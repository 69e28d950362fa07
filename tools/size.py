#!/usr/bin/env python3
"""How small Covey is: code lines per crate against their budgets, and the thesis row.

Code is what is left without tests, comments, blank lines and generated files. Fails
when a crate exceeds its budget or a source file has more than 400 lines of any kind.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from rust import bare, generated, lines, sources, split_tests, test_files

BUDGETS = {
    "core/proto": 8000,
    "core/transport": 1400,
    "core/node": 7250,
    "core/media": 1200,
    "core/cli": 2100,
    "src-tauri": 400,
    "ui": 3200,
}
TALLEST = 400
SOURCE = (".rs", ".py", ".sh", ".ts", ".svelte", ".kt", ".swift")

# What two friends need at the least to chat with no server between them: identity and
# invites, one log per conversation, a link, a way to find each other, a disk.
THESIS = [
    "core/proto/src/**/*.rs",
    "core/transport/src/**/*.rs",
    "core/node/src/run.rs",
    "core/node/src/run/**/*.rs",
    "core/node/src/clock.rs",
    "core/node/src/vault.rs",
    "core/node/src/store/**/*.rs",
    "core/node/src/net/**/*.rs",
]


def page(folder: Path) -> dict[Path, tuple[int, int]]:
    """(code, tests) of each file of the page: scripts, markup and looks; texts in `locales` are data."""
    tracked = output("git", "ls-files", "-co", "--exclude-standard", *(f"{folder}/*{s}" for s in (".ts", ".svelte", ".css")))
    measured = {}
    for path in map(Path, tracked.split()):
        text = re.sub(r"/\*.*?\*/|<!--.*?-->", "", path.read_text(), flags=re.S)
        count = 0 if generated(text) else lines(re.sub(r"^\s*//.*", "", text, flags=re.M))
        measured[path] = (0, count) if "tests" in path.parts else (count, 0)
    return measured


def measure(crate: Path) -> dict[Path, tuple[int, int]]:
    """(code, tests) of each file of a crate."""
    paths = sources(crate)
    tests = test_files(paths)
    measured = {}
    for path in paths:
        text = path.read_text()
        code, test = split_tests("" if generated(text) else bare(text))
        measured[path] = (0, lines(code) + lines(test)) if path in tests else (lines(code), lines(test))
    return measured


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dependencies() -> tuple[int, int, int]:
    """(crates, lines of Rust, lines of C) of the foreign source `covey` is built from here."""
    tree = output("cargo", "tree", "-p", "covey", "-e", "normal,build", "--prefix", "none", "--format", "{p}")
    named = set(re.findall(r"^(\S+) v(\S+)", tree, re.M))
    crates = rust = c = 0
    for package in json.loads(output("cargo", "metadata", "--format-version", "1"))["packages"]:
        if package["source"] is None or (package["name"], package["version"]) not in named:
            continue
        crates += 1
        for path in Path(package["manifest_path"]).parent.rglob("*"):
            if {"tests", "benches", "examples"} & set(path.parts) or not path.is_file():
                continue
            if path.suffix == ".rs":
                rust += lines(bare(path.read_text(errors="replace")))
            elif path.suffix in (".c", ".h"):
                c += lines(bare(path.read_text(errors="replace")))
    return crates, rust, c


def main() -> int:
    faults = []
    print(f"{'crate':<16} {'code':>6} {'budget':>7} {'used':>5} {'tests':>7}")
    all_files = {}
    for crate, budget in BUDGETS.items():
        if not Path(crate).is_dir():
            continue
        files = page(Path(crate)) if crate == "ui" else measure(Path(crate))
        all_files |= files
        code, tests = (sum(column) for column in zip(*files.values()))
        print(f"{crate:<16} {code:>6} {budget:>7} {code * 100 // budget:>4}% {tests:>7}")
        if code > budget:
            faults.append(f"{crate} has {code} lines of code; its budget is {budget}")

    tracked = output("git", "ls-files", "-co", "--exclude-standard", *(f"*{s}" for s in SOURCE))
    for name in tracked.split():
        text = Path(name).read_text() if Path(name).is_file() else ""
        if len(text.splitlines()) > TALLEST and not generated(text):
            faults.append(f"{name} has {len(text.splitlines())} lines; a file holds one idea in at most {TALLEST}")

    ours = sum(all_files[path][0] for path in {path for pattern in THESIS for path in Path().glob(pattern)})
    crates, rust, c = dependencies()
    print(f"\nthesis: serverless chat takes {ours} lines of ours, leaning on "
          f"{crates} crates with {rust} lines of Rust and {c} of C, and the system's OpenSSL")

    for fault in faults:
        print(f"size: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
