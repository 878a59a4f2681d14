"""The truth of one run: what clusters, configuration and policy say now, and each state they were in before.

Values in, values out: nothing here talks to a process. An object is named by its key (cluster, kind, namespace, name),
and said in a short form, a dict; manifest() makes what an API server stores. A version is stamped with the number of
the controller's last log entry before it came about: requests with a higher number may follow from it, no others.
"""

import base64
import json

from kube import API_VERSIONS

HOME = "avi-system"
UUID = "3f0c7c1e-9a51-11ee-8f4b-0242ac120002"
OWNER = f"amko-{UUID}"
CLUSTERS = ("cluster1", "cluster2", "cluster3")
OWN = CLUSTERS[0]                      # where our program's own objects are
KINDS = ("Ingress", "Service")         # in the order of members
CONFIG, POLICY, SECRET = "gc-1", "global-gdp", "gslb-avi-secret"
CONFIG_KEY, POLICY_KEY = (OWN, "GSLBConfig", HOME, CONFIG), (OWN, "GlobalDeploymentPolicy", HOME, POLICY)
DEFAULT_PKI = "pki-1"
# What the controller has besides, for policies to refer to.
FURNITURE = {
    "healthmonitor": [
        {"name": "my-hm", "type": "HEALTH_MONITOR_HTTP", "is_federated": True,
         "http_monitor": {"http_request": "GET /up HTTP/1.1", "http_response_code": ["HTTP_2XX"]}},
        {"name": "tpl", "type": "HEALTH_MONITOR_HTTP", "is_federated": True,
         "http_monitor": {"http_request": "GET /x HTTP/1.1", "http_response_code": ["HTTP_4XX"]}}],
    "applicationpersistenceprofile": [
        {"name": "gap-1", "is_federated": True, "persistence_type": "PERSISTENCE_TYPE_GSLB_SITE"}],
    "pkiprofile": [{"name": DEFAULT_PKI, "is_federated": True}],
}


# ---- manifests


def without_nothing(fields):
    return {key: value for key, value in fields.items() if value not in (None, {}, [])}


def meta(name, namespace=None, labels=None, annotations=None):
    return without_nothing({"name": name, "namespace": namespace, "labels": labels, "annotations": annotations})


def annotations(cluster, spec):
    found = {}
    if spec["identity"]:
        virtual_services = {host: f"virtualservice-{cluster}-{ip}" for host, ip in spec["hosts"].items()}
        found["ako.vmware.com/host-fqdn-vs-uuid-map"] = json.dumps(virtual_services)
        found["ako.vmware.com/controller-cluster-uuid"] = f"cluster-uuid-{cluster}"
    if spec["tenant"] is not None:
        found["ako.vmware.com/tenant-name"] = spec["tenant"]
    return found


def rule(host, paths):
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": path, "pathType": "Prefix", "backend": backend} for path in paths]
    return {"host": host, "http": {"paths": paths}}


def status(spec):
    entries = [] if spec["is_empty"] else [{"ip": ip, "hostname": host} for host, ip in spec["hosts"].items()]
    return {"loadBalancer": without_nothing({"ingress": entries})}


def ingress(cluster, namespace, name, spec):
    body = {"ingressClassName": "avi-lb", "rules": [rule(host, spec["paths"]) for host in spec["hosts"]]}
    if spec["tls"]:
        body["tls"] = [{"hosts": list(spec["tls"]), "secretName": "certificate"}]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": body, "status": status(spec),
            "metadata": meta(name, namespace, spec["labels"], annotations(cluster, spec))}


def service(cluster, namespace, name, spec):
    port = {"name": "p", "port": spec["port"], "protocol": spec["protocol"]}
    body = {"type": spec["type"], "allocateLoadBalancerNodePorts": False, "ports": [port]}
    return {"apiVersion": "v1", "kind": "Service", "spec": body, "status": status(spec),
            "metadata": meta(name, namespace, spec["labels"], annotations(cluster, spec))}


def namespace_object(_cluster, _namespace, name, spec):
    tenant = {"ako.vmware.com/tenant-name": spec["tenant"]} if spec["tenant"] is not None else None
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta(name, None, spec["labels"], tenant)}


MAKERS = {"Ingress": ingress, "Service": service, "Namespace": namespace_object}


def manifest(key, spec):
    cluster, kind, namespace, name = key
    return MAKERS[kind](cluster, namespace, name, spec)


def bare(key):
    """As much of an object as it takes to delete it."""
    _, kind, namespace, name = key
    return {"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": meta(name, namespace or None)}


def config_object(spec, address):
    leader = {"controllerIP": address, "controllerVersion": "22.1.3", "credentials": SECRET, "tenant": spec["tenant"]}
    return {"apiVersion": "amko.vmware.com/v1alpha1", "kind": "GSLBConfig",
            "metadata": meta(CONFIG, HOME, None, {"amko.vmware.com/amko-uuid": UUID}),
            "spec": {"gslbLeader": leader, "memberClusters": [{"clusterContext": c} for c in spec["members"]],
                     "refreshInterval": spec["refresh_s"], "logLevel": spec["log_level"]}}


def policy_object(spec):
    selectors = {"appSelector": spec["app"], "namespaceSelector": spec["namespaces"]}
    algorithm, fallback = spec["algorithm"], "GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP"
    body = {
        "matchRules": {key: {"label": labels} for key, labels in selectors.items() if labels},
        "matchClusters": [{"cluster": c, "syncVipOnly": c in spec["vip_only"]} for c in spec["clusters"]],
        "trafficSplit": [{"cluster": c, "weight": w, "priority": p} for c, (w, p) in sorted(spec["split"].items())],
        "ttl": spec["ttl"],
        "healthMonitorRefs": spec["monitor_refs"],
        "healthMonitorTemplate": spec["template"],
        "sitePersistenceRef": spec["persistence"],
        "controlPlaneHmOnly": True if spec["control_plane_only"] else None,
        "poolAlgorithmSettings": algorithm and without_nothing({"lbAlgorithm": algorithm[0], "hashMask": algorithm[1]}),
        "downResponse": spec["fallback_ip"] and {"type": fallback, "fallbackIP": spec["fallback_ip"]},
    }
    return {"apiVersion": "amko.vmware.com/v1alpha2", "kind": "GlobalDeploymentPolicy", "metadata": meta(POLICY, HOME),
            "spec": without_nothing(body)}


def secret_object(password):
    values = {"username": "admin", "password": password}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta(SECRET, HOME), "type": "Opaque",
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}}


# ---- states


class History:
    """Every version of every object, the policy and the configuration since the last time all of it was certainly seen.

    None is a version too: not there. Of a cluster in `lied`, whose server told versions of before as if they were new,
    every version that ever was may be seen again.
    """

    def __init__(self):
        self.since, self.ever = {}, {}         # key -> [(stamp, spec)]
        self.lied = set()

    def put(self, key, spec, stamp):
        for versions in (self.since, self.ever):
            versions.setdefault(key, [(0, None)]).append((stamp, spec))

    def now(self, key):
        return self.since[key][-1][1] if key in self.since else None

    def objects(self):
        """key -> spec of all Ingresses, Services and Namespaces there are."""
        return {key: versions[-1][1] for key, versions in self.since.items()
                if versions[-1][1] is not None and key not in (CONFIG_KEY, POLICY_KEY)}

    def settled(self):
        """All of it was seen, and everything was carried through: older versions explain nothing any more."""
        self.since = {key: versions[-1:] for key, versions in self.since.items()}
        self.lied.clear()

    def versions(self, key, n):
        """The distinct versions that a request of number n may follow from."""
        found = (self.ever if key[0] in self.lied else self.since).get(key, [(0, None)])
        return distinct([found[0][1]] + [spec for stamp, spec in found[1:] if stamp < n])

    def keys(self):
        return [key for key in self.ever if key not in (CONFIG_KEY, POLICY_KEY)]


def distinct(specs):
    found = []
    for spec in specs:
        if spec not in found:
            found.append(spec)
    return found


def state(history, address):
    """What is there now, as the oracle reads it. address: of the controller."""
    clusters = {name: [] for name in CLUSTERS}
    for key, spec in history.objects().items():
        clusters[key[0]].append(manifest(key, spec))
    policy = history.now(POLICY_KEY)
    return {"owner": OWNER, "default_pki": DEFAULT_PKI, "controller": FURNITURE, "clusters": clusters,
            "config": config_object(history.now(CONFIG_KEY), address), "policy": policy and policy_object(policy)}
