#!/usr/bin/env bash
# usage: run.sh [--trail] MODEL.pml FLAG...
# One exhaustive search of one model. Prints `states | CPU seconds | verdict`, and with --trail the steps that lead to the error; leaves nothing behind.
set -uo pipefail
trail=
[[ ${1-} != --trail ]] || { trail=yes && shift; }
model=$(realpath "$1") || exit 2
shift
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work" || exit 2
ulimit -t "${CPU_SECONDS_MAX:-600}" # of each program: a search that takes longer does not reach its end

search() {
  spin -a "$@" "$model" >gen.log 2>&1 || { echo "spin failed: $(grep -m1 . gen.log)" && return; }
  # shellcheck disable=SC2086 # words
  gcc ${OPTIMIZE:--O3 -march=native} -DSAFETY -DMEMLIM=9000 -DVECTORSZ=2048 -o pan pan.c 2>gcc.log || { echo "gcc failed: $(grep -m1 error gcc.log)" && return; }
  # An `if` that begins an option is one with the `if` around it: its else would wait until no fault is left, and hide what then happens.
  ./pan -d | awk '/^(proctype|init|claim)/ { of = $2 } /=> else$/ { waits[of, $2] } /faults(_left)?>0/ { fault[of, $2] }
    END { for (at in waits) if (at in fault) exit 1 }' || { echo 'an else waits for faults' && return; }
  ./pan -m1000000 -w24 >pan.log 2>&1
  grep -q '^State-vector' pan.log || { echo "not searched to its end: killed" && return; }
  grep -m1 -oE 'assertion violated .*|invalid end state \(.*|invalid array index.*' pan.log && return
  grep -m1 -oiE 'max search depth.*|out of memory.*|reached -DMEMLIM.*' pan.log | sed 's/^/not searched to its end: /' | grep . && return
  grep -q 'errors: 0' pan.log && echo 'no error' || echo 'another error'
}

TIMEFORMAT='%U %S'
{ time search "$@" >verdict 2>/dev/null; } 2>cpu
states=$(awk '/states, stored/ { print $1; exit }' pan.log 2>/dev/null)
echo "${states:-?} | $(awk '{ printf "%.1f", $1 + $2 }' cpu) | $(<verdict)"
[[ -z $trail ]] || spin -k ./*.trail -p -g -l "$@" "$model"
