#!/usr/bin/env bash
# run.sh: breaks one rule after the other and demands that a story notices.
#
# Each patch beside it is applied to a copy of the machine and the World; the copy must build
# and its stories must fail.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

home=${CARGO_TARGET_DIR:-$PWD/target}/canaries
copy=$home/copy
export CARGO_TARGET_DIR=$home/target
export GIT_CEILING_DIRECTORIES=$home # the copy is no part of this repository
export WORLD_SEEDS=40

fresh_copy() {
    rm -rf "$copy"
    mkdir -p "$copy/core" "$copy/tests"
    cp -r core/proto "$copy/core/"
    cp -r tests/world "$copy/tests/"
    cp Cargo.lock "$copy/"
    # speed matters more here than debugging
    sed 's|^members = .*|members = ["core/proto", "tests/world"]|; s|^debug = .*|debug = false|' \
        Cargo.toml >"$copy/Cargo.toml"
}

stories() { # stories [--no-run]: builds the stories, and runs them
    (cd "$copy" && timeout 600 cargo test --quiet --offline -p world --test stories "$@")
}

count=0
caught=0
for patch in tests/world/canaries/*.patch; do
    count=$((count + 1))
    name=$(basename "$patch" .patch)
    fresh_copy
    log=$home/$name.log
    if ! (cd "$copy" && git apply -) <"$patch"; then
        echo "$name: is not what the code looks like now" >&2
    elif ! stories --no-run >"$log" 2>&1; then
        echo "$name: does not build; see $log" >&2
    elif stories >"$log" 2>&1; then
        echo "$name: no story noticed" >&2
    elif grep -q '^test result: FAILED' "$log"; then
        caught=$((caught + 1))
    else
        echo "$name: the stories did not end; see $log" >&2
    fi
done
echo "$count canaries, $caught caught"
[ "$count" = "$caught" ]
