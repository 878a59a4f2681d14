#!/bin/sh
# Runs the model's scenarios, as many at a time as there are processors, each with its steps in a log of its own; prints a line for
# each and one of totals. Arguments after the program go to it: --deep. Fails when any scenario does.
set -u
model=$1
shift
logs=$(dirname "$model")/model-logs
rm -rf "$logs" && mkdir -p "$logs"
"$model" --list "$@" | tr '\n' '\0' | xargs -0 -P "$(nproc)" -I {} sh -c '
	log=$2/$(printf %s "$3" | tr -c "[:alnum:]\n" _).log
	"$1" "$3" >"$log" 2>&1 || echo "FAILED $3: see $log" >>"$log"
	grep -E "^(ok|FAILED)" "$log" | tail -n 1' sh "$model" "$logs" {} | tee "$logs/all"
passed=$(grep -c "^ok" "$logs/all") failed=$(grep -c "^FAILED" "$logs/all")
echo "model: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
