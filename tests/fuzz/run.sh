#!/bin/sh
# Runs fuzz targets, FUZZ_SECONDS each, FUZZ_JOBS at a time, and prints one line a target and one of totals. What was found to be
# interesting is kept in <build>/corpus/<name> for the next run. Fails when any target does; the input that did it stays in <build>.
set -u

run_one() {
	build=$1 target=$2
	name=$(basename "$target")
	seeds=tests/fuzz/corpus/${name#fuzz_}
	corpus=$build/corpus/${name#fuzz_}
	log=$build/$name.log
	mkdir -p "$corpus"
	[ -d "$seeds" ] || seeds=
	if "$target" -max_total_time="${FUZZ_SECONDS:-20}" -rss_limit_mb=512 -timeout=5 -max_len=4096 -print_final_stats=1 \
		-artifact_prefix="$build/$name-" "$corpus" $seeds >"$log" 2>&1; then
		echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, ok"
	else
		tail -n 60 "$log"
		echo "$name: FAILED, see $log and $(sed -n 's/.*Test unit written to //p' "$log")"
	fi
}

if [ "$1" = --one ]; then
	run_one "$2" "$3"
	exit
fi
build=$1
shift
lines=$build/fuzz.lines
printf '%s\n' "$@" | xargs -P "${FUZZ_JOBS:-$(nproc)}" -I '{}' "$0" --one "$build" '{}' | tee "$lines"
passed=$(grep -c 'inputs, ok$' "$lines")
echo "fuzz: $passed passed, $(($# - passed)) failed"
[ "$passed" = $# ]
