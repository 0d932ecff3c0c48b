#!/usr/bin/env bash
# Fuzzes every target, or those that are named: run.sh [TARGET...]
#   SECONDS_EACH=N   how long each (default 20)
#   FUZZ_WORK=DIR    where the growing corpus and what broke are kept (default: Fuzz/.work)
# Seeds come from Fuzz/seeds/TARGET; a finding is printed and kept as DIR/TARGET/crash-…
# Last line: `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${SECONDS_EACH:-20}
work=${FUZZ_WORK:-$PWD/.work}
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then mapfile -t targets < <(ls seeds); fi

swift build -c release --sanitize fuzzer --sanitize address >&2
fuzzer=$PWD/.build/release/deroot-fuzz
# The backtracer of Swift can hang a process that breaks; the allocator's own leaks are of no interest.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
passed=0 failed=0 total=0
for target in "${targets[@]}"; do
    mkdir -p "$work/$target/corpus"
    log=$work/$target/log
    status=0
    DEROOT_FUZZ=$target timeout -k 10 $((seconds + 120)) "$fuzzer" "$work/$target/corpus" "seeds/$target" \
        -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -max_len=65536 \
        -artifact_prefix="$work/$target/" -print_final_stats=1 >"$log" 2>&1 </dev/null || status=$?
    runs=$(grep -oE 'stat::number_of_executed_units: +[0-9]+' "$log" | grep -oE '[0-9]+$' || echo 0)
    total=$((total + runs))
    if [ $status -eq 0 ] && [ "$runs" -gt 0 ]; then
        passed=$((passed + 1))
        echo "ok fuzz $target: $runs inputs"
    else
        failed=$((failed + 1))
        echo "FAIL fuzz $target: status $status after $runs inputs"
        grep -E 'demand broken|ERROR|Fatal|SUMMARY|Test unit written' "$log" | head -n 8 || true
    fi
done
echo "figure fuzzing: ${#targets[@]} targets, $seconds s each, $total inputs, $failed targets broke"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
