#!/usr/bin/env python3
"""Keeps the walls of the house: who may import whom, and what `core/proto` may never see.

Prints one sentence per breach, naming the line, and fails if there is any.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from rust import bare, sources, split_tests

PROTO = Path("core/proto/src")
ROOMS = {"people", "talk", "reach", "keep", "link"}
SHARED = {"id", "time", "dice", "seal", "wire", "store"}
HALL = {"lib", "io", "node"}
IMPURE = ["getrandom", "libc", "tokio"]

# Crate -> the crates of ours it may build on. Who is not named here (tests) may use any.
BELOW = {
    "covey-proto": set(),
    "covey-transport": set(),
    "covey-media": {"covey-proto"},
    "covey-node": {"covey-proto", "covey-transport", "covey-media"},
    "covey": {"covey-node"},
    "covey-app": {"covey-node"},
}
# A foreign name -> the only folders whose code may say it.
HOMES = {
    r"libp2p(?:_\w+)?": ["core/transport/src", "core/node/src/net"],
    r"rusqlite": ["core/node/src/store"],
    r"tauri": ["src-tauri/src"],
}
SHELLS = ["core", "src-tauri"]


def tree(*args: str) -> list[str]:
    command = ["cargo", "tree", "--locked", "--prefix", "none", "--format", "{p}", *args]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted({line.split()[0] for line in out.splitlines() if line.strip()})


def where(path: Path, text: str, at: int) -> str:
    return f"{path}:{text.count(chr(10), 0, at) + 1}"


def heads(text: str, at: int) -> list[str]:
    """First names of the path or `{…}` group that starts at `at`."""
    if not text.startswith("{", at):
        return re.findall(r"\A\w+", text[at : at + 64])
    found, depth = [], 0
    for mark in re.compile(r"[{}]|\w+(?:::)?|,").finditer(text, at):
        word = mark.group()
        if word in "{}":
            depth += 1 if word == "{" else -1
            if depth == 0:
                break
        elif depth == 1 and word != "," and re.search(r"[{,]\s*\Z", text[: mark.start()]):
            found.append(word.removesuffix("::"))
    return found


def imports(path: Path, code: str) -> list[tuple[int, str]]:
    """(offset, top module of the crate) of every path that leaves its own module."""
    module = list(path.relative_to(PROTO).with_suffix("").parts)
    if module[-1] == "mod":
        module.pop()
    found = []
    for mark in re.finditer(r"\b(crate::|(?:super::)+)(?=[\w{])", code):
        base = [] if mark.group() == "crate::" else module[: len(module) - mark.group().count("super")]
        tops = base[:1] or heads(code, mark.end())
        found += [(mark.start(), top) for top in tops]
    return found


def closed_rooms() -> list[str]:
    faults = []
    for path in sources(PROTO):
        code, _ = split_tests(bare(path.read_text()))
        room = path.relative_to(PROTO).parts[0].removesuffix(".rs")
        if room in HALL:
            continue
        allowed = SHARED | {room} if room in ROOMS else SHARED
        for at, top in imports(path, code):
            if top in ROOMS | HALL and top not in allowed:
                faults.append(f"{where(path, code, at)}: {room} imports {top}, but rooms open only onto node.rs")
    return faults


def pure_proto() -> list[str]:
    faults = [
        f"core/proto/Cargo.toml: covey-proto depends on {name}, so it could do more than decide"
        for name in tree("-p", "covey-proto", "-e", "normal") if name in IMPURE
    ]
    if not re.search(r"^#!\[no_std\]", bare((PROTO / "lib.rs").read_text()), re.M):
        faults.append("core/proto/src/lib.rs:1: does not say #![no_std], so clocks and sockets are within its reach")
    return faults


def one_direction() -> list[str]:
    command = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["packages"]
    ours = {package["name"] for package in packages}
    return [
        f"{Path(package['manifest_path']).relative_to(Path.cwd())}: {package['name']} builds on "
        f"{dependency['name']}, which is not below it"
        for package in packages if package["name"] in BELOW
        for dependency in package["dependencies"]
        if dependency["name"] in ours - BELOW[package["name"]]
    ]


def names_at_home() -> list[str]:
    faults = []
    for path in (path for shell in SHELLS for path in sources(Path(shell)) if "src" in path.parts):
        code = bare(path.read_text())
        for name, homes in HOMES.items():
            if any(path.is_relative_to(home) for home in homes):
                continue
            for mark in re.finditer(rf"\b(?<!::)({name})\s*::", code):
                faults.append(f"{where(path, code, mark.start())}: says {mark[1]}, which lives only in {' and '.join(homes)}")
    return faults


def one_backend() -> list[str]:
    """Of the page, one file knows where the node is."""
    pages = (path for kind in ("*.ts", "*.svelte") for path in sorted(Path("ui/src").rglob(kind)))
    return [f"{where(path, text, mark.start())}: says {mark[0]}, which only backend.ts may"
            for path in pages if path.name != "backend.ts" for text in [path.read_text()]
            for mark in re.finditer(r"\bWebSocket\b|\bfetch\(|__TAURI|@tauri-apps", text)]


def no_aws_lc() -> list[str]:
    return [f"Cargo.lock: {name} is in the tree; our cryptography is ring's and RustCrypto's"
            for name in tree("--workspace", "--target", "all", "-e", "all") if name.startswith("aws-lc")]


def main() -> int:
    faults = [fault for check in (pure_proto, closed_rooms, one_direction, names_at_home, one_backend, no_aws_lc) for fault in check()]
    for fault in faults:
        print(f"layers: {fault}", file=sys.stderr)
    if not faults:
        print("layers: proto is pure, its rooms are closed, imports run one way, no aws-lc")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
