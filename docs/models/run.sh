#!/usr/bin/env bash
# run.sh [SESSIONS]: lets Verifpal attack every model, at one session unless two are asked for,
# and compares what it finds with what the model's header says. VERIFPAL names the program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

verifpal=${VERIFPAL:-verifpal}
sessions=${1:-1}
if ! command -v "$verifpal" >/dev/null; then
    echo "SKIPPED: Verifpal is not installed (cargo install verifpal --version =1.6.7 --ignore-rust-version)"
    exit 0
fi

wrong=0
for model in *.vp; do
    expected=$(sed -n "s|^// Result at $sessions session.*: \([a-z0-9]*\)\$|\1|p" "$model")
    found=$(timeout 600 "$verifpal" verify "$model" --sessions "$sessions" --result-code -q | tail -1)
    if [ "$found" = "$expected" ]; then
        echo "$model: $found, as its header says"
    else
        echo "$model: ${found:-no result} and not $expected" >&2
        wrong=1
    fi
done
exit "$wrong"
