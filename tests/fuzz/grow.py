#!/usr/bin/env python3
"""Lets libFuzzer look for inputs that reach what the corpus does not: grow.py [SECONDS [TARGET...]]

It needs no other compiler than the project's: what libFuzzer is told of the code is written into it
by the passes of stable rustc, and only into our own crates. What it finds is merged into the
corpus, the smallest inputs first; one that breaks a target is printed and fails this script.
"""
import json, os, pathlib, re, shutil, subprocess, sys

FUZZ = pathlib.Path(__file__).resolve().parent
ROOT = FUZZ.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
HOME = TARGET / "fuzz"
LONGEST = 4096  # bytes of one input
CORPUS = 20_000  # bytes of all inputs of a target, as they stand in the corpus
COVERAGE = ["-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-level=4",
            "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
            "-Cllvm-args=-sanitizer-coverage-pc-table",
            "-Cllvm-args=-sanitizer-coverage-trace-compares", "-Cdebug-assertions"]


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    names = re.findall(r'^    \("(\w+)",', (FUZZ / "src/lib.rs").read_text(), re.M)
    fuzzer = build()
    broken = [name for name in sys.argv[2:] or names if not grow(fuzzer, name, seconds)]
    sys.exit(f"broken: {', '.join(broken)}" if broken else 0)


def build():
    """A wrapper gives the passes to our own crates alone."""
    HOME.mkdir(parents=True, exist_ok=True)
    wrapper = HOME / "rustc"
    wrapper.write_text('#!/bin/sh\nexec "$@" ' + " ".join(COVERAGE) + "\n")
    wrapper.chmod(0o755)
    subprocess.run(["cargo", "build", "--locked", "-p", "fuzz", "--features", "grow"], cwd=ROOT,
                   env={**os.environ, "RUSTC_WORKSPACE_WRAPPER": str(wrapper)}, check=True)
    return TARGET / "debug/grow"


def grow(fuzzer, name, seconds):
    known, found, merged = (HOME / name / part for part in ("known", "found", "merged"))
    shutil.rmtree(HOME / name, ignore_errors=True)
    for folder in (known, found, merged):
        folder.mkdir(parents=True)
    corpus = FUZZ / "corpus" / name
    lines = corpus.read_text().split() if corpus.exists() else []
    for number, line in enumerate(lines + vectors()):
        (known / str(number)).write_bytes(bytes.fromhex(line)[:LONGEST])

    def run(*options):
        command = [fuzzer, f"-max_len={LONGEST}", f"-artifact_prefix={HOME / name}/", *options]
        done = subprocess.run(command, env={**os.environ, "FUZZ_TARGET": name},
                              stderr=subprocess.PIPE, text=True)
        if done.returncode:
            print(done.stderr[-4000:])
        return done

    done = run(f"-max_total_time={seconds}", "-timeout=60", "-len_control=0", found, known)
    if done.returncode:
        return False
    if run("-merge=1", merged, known, found).returncode:
        return False
    inputs = sorted({path.read_bytes().hex() for path in merged.iterdir()}, key=lambda x: (len(x), x))
    kept, size = [], 0
    for line in filter(None, inputs):
        size += len(line) + 1
        if size > CORPUS:
            break
        kept.append(line)
    corpus.parent.mkdir(exist_ok=True)
    corpus.write_text("".join(line + "\n" for line in kept))
    count = (re.findall(r"^#(\d+)", done.stderr, re.M) or ["0"])[-1]
    print(f"{name}: {count} tries, {len(kept)} of {len(inputs)} inputs kept", flush=True)
    return True


def vectors():
    """All bytes that stand in the vectors, and every text."""
    texts = set()

    def walk(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for part in value:
                walk(part)
        if isinstance(value, str):
            texts.add(value)

    for path in (ROOT / "core/proto/vectors").glob("*.json"):
        walk(json.loads(path.read_text()))
    is_hex = re.compile(r"(?:[0-9a-f]{2})+").fullmatch
    return sorted(text if is_hex(text) else text.encode().hex() for text in texts if text)


if __name__ == "__main__":
    main()
