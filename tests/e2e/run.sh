#!/bin/sh
# Runs the tests that need real API servers: tests/e2e/run.sh FOLDER...
#   BUILD=dir        our programs (default build; e.g. build-address-undefined)
#   CASES=dir        other conformance cases
#   PYTEST_ARGS=...  further arguments, e.g. PYTEST_ARGS='-k restart -x'
#   AMKO_CACHE=dir   where built API servers and the SDK are kept
set -eu
cd "$(dirname "$0")/../.."
AMKO_APISERVER=$(./tests/e2e/build-apiserver.sh)
export AMKO_APISERVER
./deploy/deps.sh e2e
# shellcheck disable=SC2086  # several arguments in one variable
exec /usr/bin/python3 -m pytest -q -ra --tb=short --durations=10 ${PYTEST_ARGS:-} "$@"
