#!/bin/sh
# Installs the Debian packages that building and testing need; does nothing when all are there. `deps.sh build`: for the image,
# which is built and not tested there.
set -eu
packages="gcc make pkg-config libcurl4-openssl-dev libcjson-dev libyaml-dev libssl-dev libuv1-dev libmicrohttpd-dev
	uthash-dev uuid-dev libgnutls28-dev libzmq3-dev ca-certificates"
[ "${1:-}" = build ] || packages="$packages libcmocka-dev python3 python3-pytest python3-yaml openssl"
[ "${1:-}" = e2e ] && packages="$packages etcd-server python3-venv python3-kubernetes"
[ "${1:-}" = takeover ] && packages="$packages faketime iproute2 nftables"
[ "${1:-}" = fuzz ] && packages="$packages clang libclang-rt-14-dev"

missing=
for p in $packages; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "missing packages:$missing" >&2
	echo "install them (on Debian, as root: apt-get install$missing) and run this again" >&2
	exit 1
fi
echo "installing:$missing"
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
