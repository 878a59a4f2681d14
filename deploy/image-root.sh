#!/bin/sh
# Lays out the image's file system: deploy/image-root.sh FOLDER PROGRAM...
# The programs, the libraries that they need (as the loader finds them), the authorities that they trust, a user that is
# nobody. No shell, no package manager: there is nothing to run but the programs.
set -eu
umask 022
root=$1
shift
bin=$root/usr/local/bin
mkdir -p "$bin" "$root/etc/ssl/certs" "$root/tmp"
chmod 755 "$root"

# What the loader asks for by that path may be a link: its target's bytes under the name that is asked for.
copy() {
	mkdir -p "$root$(dirname "$1")"
	cp -L "$1" "$root$1"
}

for program in "$@"; do
	cp "$program" "$bin/"
	strip "$bin/$(basename "$program")"
	# "libcurl.so.4 => /lib/x86_64-linux-gnu/libcurl.so.4 (0x...)", and the loader itself: "/lib64/ld-linux-x86-64.so.2 (0x...)"
	ldd "$program" | sed -nE 's/.* => (\/[^ ]+) \(0x.*/\1/p; s/^[[:space:]]+(\/[^ ]+) \(0x.*/\1/p; s/.* => not found/missing/p' | sort -u |
	while read -r library; do
		[ "$library" != missing ] || { echo "$program needs a library that is not there" >&2; exit 1; }
		[ -e "$root$library" ] || copy "$library"
	done
done
copy /etc/ssl/certs/ca-certificates.crt
echo 'amko:x:65532:65532::/:/sbin/nologin' >"$root/etc/passwd"
echo 'amko:x:65532:' >"$root/etc/group"
