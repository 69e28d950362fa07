#!/usr/bin/env bash
# run.sh [NAME…]: breaks one rule after the other and demands that a story notices.
#
# Each patch beside it is applied to a copy of the machine and the World; the copy must build and
# its stories must fail. A patch may say in front of its first line which story notices it
# ("Noticed by: module::story"); then no other is run. Only what a patch changes is built anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

home=${CARGO_TARGET_DIR:-$PWD/target}/canaries
copy=$home/copy
patches=$PWD/tests/world/canaries
export CARGO_TARGET_DIR=$home/target
export GIT_CEILING_DIRECTORIES=$home # the copy is no part of this repository
export WORLD_SEEDS=40

rm -rf "$copy"
mkdir -p "$copy/core" "$copy/tests"
cp -r core/proto "$copy/core/"
cp -r tests/world "$copy/tests/"
cp Cargo.lock "$copy/"
# our own crates are built often and run shortly; debugging is for other places
sed -e 's|^members = .*|members = ["core/proto", "tests/world"]|; s|^debug = .*|debug = false|' \
    -e '/^\[profile.dev.package.\(covey-proto\|world\)\]/,/^opt-level/ s|^opt-level.*|opt-level = 1|' \
    Cargo.toml >"$copy/Cargo.toml"
cd "$copy"

stories() { # stories ARGUMENT…: builds the stories, and runs them
    timeout 600 cargo test --quiet --offline -p world --test stories "$@"
}

notices() { # notices PATCH: whether a story fails because of it
    local name log story
    name=$(basename "$1" .patch)
    log=$home/$name.log
    story=$(sed -n 's/^Noticed by: //p' "$1")
    if ! git apply "$1"; then
        echo "$name: is not what the code looks like now" >&2
        return 1
    fi
    if ! stories --no-run >"$log" 2>&1; then
        echo "$name: does not build; see $log" >&2
    elif stories -- ${story:+--exact "$story"} >"$log" 2>&1; then
        echo "$name: no story noticed" >&2
    elif grep -q '^test result: FAILED' "$log"; then
        git apply -R "$1"
        return 0
    else
        echo "$name: the stories did not end; see $log" >&2
    fi
    git apply -R "$1"
    return 1
}

count=0
caught=0
for patch in "$patches"/*.patch; do
    [[ $# = 0 || " $* " = *" $(basename "$patch" .patch) "* ]] || continue
    count=$((count + 1))
    if notices "$patch"; then
        caught=$((caught + 1))
    fi
done
echo "$count canaries, $caught caught"
[ "$count" = "$caught" ]
