#!/usr/bin/env bash
# stage.sh NAME COMMAND...: run one stage of `make test`, and note how it went and how long it took.
set -uo pipefail

name=$1
shift
mkdir -p target
printf '\n== %s\n' "$name"
start=$EPOCHREALTIME
"$@"
status=$?
took=$(( (${EPOCHREALTIME/./} - ${start/./}) / 100000 ))
[ $status = 0 ] && how=passed || how=failed
printf '%-12s %s %5d.%d s\n' "$name" "$how" $((took / 10)) $((took % 10)) >>target/stages
exit $status
