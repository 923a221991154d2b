#!/usr/bin/env bash
# usage: all.sh [ROWS.txt...]
# Searches every row of *-rows.txt, $JOBS at a time (2), the longest searches first; prints a line for each.
# With $ROW_SECONDS_MAX, searches only rows that usually take at most this number of CPU seconds: the other rows are for a nightly run.
# A row that must pass is searched to its end without an error; a mutant breaks the assertion that its row names.
# Exit: 0 all rows are as expected; 1 some row is not; 2 nothing could be searched.
set -uo pipefail

missing=()
for tool in spin gcc; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "The models need spin and a C compiler; missing: ${missing[*]}. On Debian: apt-get install -y spin gcc" >&2
  exit 2
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ $# -gt 0 ]] || set -- "$here"/*-rows.txt
# model | name | flags | pass or fail | assertion | usual CPU seconds
mapfile -t rows < <(grep -hvE '^(#|$)' "$@" | sort -t'|' -k6,6nr)
all=${#rows[@]}
if [[ -n ${ROW_SECONDS_MAX-} ]]; then
  [[ $ROW_SECONDS_MAX =~ ^[0-9]+$ ]] || { echo "ROW_SECONDS_MAX is $ROW_SECONDS_MAX: give a whole number of seconds" >&2 && exit 2; }
  mapfile -t rows < <(printf '%s\n' "${rows[@]}" | awk -F'|' -v most="$ROW_SECONDS_MAX" '$6 + 0 <= most')
fi
[[ ${#rows[@]} -gt 0 ]] || { echo "No rows in $*" >&2 && exit 2; }

work=$(mktemp -d) || exit 2
export TMPDIR=$work
set -m # each search is a process group of its own, so that all of its processes can be ended
stop() {
  local pid
  for pid in $(jobs -p); do kill -TERM -- "-$pid" 2>/dev/null; done
  wait
  exit "$1"
}
trap 'rm -rf "$work"' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM HUP

trimmed() { sed 's/^ *//; s/ *$//' <<<"$1"; }

# Prints nothing if the verdict is the expected one, otherwise the reason.
wrong() {
  local expected=$1 assertion=$2 verdict=$3
  case $expected in
    pass) [[ $verdict == 'no error' ]] || echo 'must pass' ;;
    fail)
      [[ -n $assertion ]] || { echo 'names no assertion that must break' && return; }
      [[ $verdict == 'assertion violated'*"$assertion"* ]] || echo "must break $assertion" ;;
    *) echo "expects '$expected', which is neither pass nor fail" ;;
  esac
}

search() {
  local number=$1 model name flags expected assertion usual verdict states seconds why
  IFS='|' read -r model name flags expected assertion usual <<<"$2"
  model=$(trimmed "$model") name=$(trimmed "$name") expected=$(trimmed "$expected") assertion=$(trimmed "$assertion")
  # A short search takes less time than its optimization.
  if [[ ${usual%%.*} -ge 5 ]]; then OPTIMIZE='-O3 -march=native'; elif [[ ${usual%%.*} -ge 2 ]]; then OPTIMIZE=-O1; else OPTIMIZE=-O0; fi
  export OPTIMIZE
  # shellcheck disable=SC2086 # the flags are words
  IFS='|' read -r states seconds verdict <<<"$("$here/run.sh" "$here/$model" $flags)"
  verdict=$(trimmed "$verdict") states=$(trimmed "$states") seconds=$(trimmed "$seconds")
  why=$(wrong "$expected" "$assertion" "$verdict")
  printf '%s | %s | %s | %s | %s states | %s s | %s\n' \
    "$([[ -z $why ]] && echo "$expected" || echo "WRONG, $why")" "$model" "$name" "$(trimmed "$flags")" "$states" "$seconds" "$verdict" >"$work/$number.line.new"
  mv "$work/$number.line.new" "$work/$number.line"
}

ended=0 wrongs=0 printed=()
report() {
  local i
  for i in "${!rows[@]}"; do
    [[ -z ${printed[i]-} && -e $work/$i.line ]] || continue
    printed[i]=yes ended=$((ended + 1))
    [[ $(<"$work/$i.line") != WRONG* ]] || wrongs=$((wrongs + 1))
    printf '[%s/%s] %s\n' "$ended" "${#rows[@]}" "$(<"$work/$i.line")"
  done
}

for i in "${!rows[@]}"; do
  while [[ $(jobs -pr | wc -l) -ge ${JOBS:-2} ]]; do
    wait -n
    report
  done
  search "$i" "${rows[i]}" &
done
while [[ -n $(jobs -pr) ]]; do
  wait -n
  report
done
report

# A row without a report was not searched, so it counts as wrong.
wrongs=$((wrongs + ${#rows[@]} - ended))
printf '%s of %s rows as expected, %s wrong; %s CPU s in %s s\n' "$((${#rows[@]} - wrongs))" "${#rows[@]}" "$wrongs" \
  "$(cat "$work"/*.line | awk -F'|' '{ sum += $6 } END { printf "%.0f", sum }')" "$SECONDS"
[[ ${#rows[@]} -eq $all ]] || printf '%s rows of usually more than %s CPU s were left out\n' "$((all - ${#rows[@]}))" "$ROW_SECONDS_MAX"
exit "$((wrongs > 0))"
