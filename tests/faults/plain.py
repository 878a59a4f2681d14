"""The simplest thing of each kind, in the short form of world.py, for tests to change what they are about."""

from world import CLUSTERS

SPACE = {"labels": {}, "tenant": None}
CONFIG = {"members": list(CLUSTERS), "tenant": "admin", "refresh_s": 600, "log_level": "INFO"}
POLICY = {
    "app": {"app": "gslb"}, "namespaces": None, "clusters": list(CLUSTERS), "vip_only": [], "split": {}, "ttl": None,
    "monitor_refs": [], "template": None, "control_plane_only": False, "persistence": None, "algorithm": None,
    "fallback_ip": None,
}


def serves(host, ip, **changes):
    """An Ingress or a LoadBalancer Service that the policy selects."""
    spec = {"hosts": {host: ip}, "paths": ["/"], "tls": [], "labels": {"app": "gslb"}, "tenant": None, "identity": True,
            "is_empty": False, "type": "LoadBalancer", "port": 80, "protocol": "TCP"}
    return dict(spec, **changes)
