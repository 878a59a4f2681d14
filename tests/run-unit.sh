#!/bin/sh
# Runs unit test programs (cmocka); prints what failed and one line of totals. Fails when any test failed or none ran.
set -u
total=0 failed=0
for t in "$@"; do
	out=$("$t" 2>&1) && rc=0 || rc=$?
	n=$(printf '%s\n' "$out" | grep -c '^\[       OK \]')
	f=$(printf '%s\n' "$out" | grep -c '^\[  FAILED  \] [^0-9]')
	[ "$rc" != 0 ] && [ "$f" = 0 ] && f=1
	if [ "$rc" != 0 ]; then
		printf '%s\n' "$out"
		echo "FAILED: $t"
	fi
	total=$((total + n)) failed=$((failed + f))
done
echo "unit: $total passed, $failed failed"
[ "$failed" = 0 ] && [ "$total" -gt 0 ]
