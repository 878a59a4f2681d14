#!/bin/sh
# Builds kube-apiserver and kubectl from their Go modules into a cache folder and prints its name. The folder is named by
# the sums of the module, so a second run builds and downloads nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=v1.35.4
need="Go 1.25 or newer is needed to build the API servers"

command -v go >/dev/null || { echo "$need" >&2; exit 1; }
export GOTOOLCHAIN=local CGO_ENABLED=0
have=$(go env GOVERSION)
minor=$(expr "$have" : 'go1\.\([0-9]*\)') || minor=0
[ "$minor" -ge 25 ] || { echo "$need (this is $have)" >&2; exit 1; }

cd "$here/apiserver"
hash=$(cat go.mod go.sum */main.go | sha256sum | cut -c 1-16)
out=${AMKO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/amko}/apiserver-$hash
if ! [ -x "$out/kube-apiserver" ] || ! [ -x "$out/kubectl" ]; then
	mkdir -p "$out"
	for program in kube-apiserver kubectl; do
		echo "building $program $version (once, some minutes)" >&2
		# Into another name first: an interrupted build leaves nothing that looks finished.
		nice go build -trimpath -buildvcs=false -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" \
			-o "$out/$program.new" "./$program" >&2
		mv "$out/$program.new" "$out/$program"
	done
fi
echo "$out"
