#!/bin/sh
# Fails when a lower folder includes an upper one. Each line: folder (or files, by a pattern), what it may include from.
set -eu
cd "$(dirname "$0")/.."
status=0
while read -r folder allowed; do
	ls -d $folder >/dev/null 2>&1 || continue
	bad=$(grep -rnoE '#include "[^"]*/' --include='*.[ch]' $folder | grep -vE "#include \"($allowed)/\$" || true)
	[ -z "$bad" ] || { echo "$folder may include only $allowed:"; echo "$bad"; status=1; }
done <<'LAYERS'
common/base common/base
common/io common/(base|io)
common/kube common/(base|io|kube)
common/leadership common/(base|leadership)
common/crd common/(base|io|kube|leadership|crd)
common/avi common/(base|io|kube|crd|avi)
common/lease common/(base|io|leadership|lease)
common/config common/(base|io|kube|leadership|crd|config)
common/mirror common/(base|kube|crd|mirror)
proto common/base|proto
leader/federation common/(base|mirror)|proto|leader/federation
leader common/(base|io|kube|crd|avi|config|leadership|lease|mirror)|proto|leader(/[a-z]*)?
leader/watch common/(base|io|kube|crd)|leader/watch
leader/policy common/(base|crd)|leader/(watch|policy)
leader/fqdn common/base|leader/fqdn
leader/gslb common/(base|crd)|leader/(watch|policy|fqdn|gslb)
leader/plan common/(base|crd)|leader/(watch|policy|gslb|plan)
leader/avi common/(base|io|avi|leadership|lease)|leader/(policy|gslb|plan|avi)
leader/config common/(base|io|kube|crd|config)|leader/(watch|policy|avi|config)
leader/ops common/(base|io|kube|crd)|leader/ops
keeper common/(base|io|kube|crd|avi|config|leadership|lease)|keeper
keeper/protocol.[ch] common/(base|leadership)|keeper
keeper/ask.[ch] common/(base|leadership)|keeper
keeper/ballot.[ch] common/(base|leadership)|keeper
keeper/candidate.[ch] common/(base|leadership)|keeper
keeper/lead.[ch] common/(base|leadership)|keeper
keeper/mind.[ch] common/(base|leadership)|keeper
keeper/promotion.[ch] common/(base|leadership)|keeper
ctl common/(base|io|kube|crd|leadership)|ctl
follower common/(base|io|kube|crd|avi|config|leadership|lease|mirror)|proto|follower
tests/model common/(base|leadership)|keeper|tests/model
tests/sim/common common/base|tests/sim/common
tests/sim/avisim common/(base|io)|tests/sim/(common|avisim)
tests/sim/kubesim common/(base|io)|tests/sim/(common|kubesim)
LAYERS
[ $status = 0 ] && echo "layers: ok"
exit $status
