"""Objects of tests that change one thing after the other: manifests.py with more that can be said."""

import json

import manifests
from manifests import reached_at

GSLB = {"app": "gslb"}


def meta(name, namespace=None, labels=None, annotations=None):
    found = {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations}
    return {key: value for key, value in found.items() if value}


def gslb_config(controller, clusters=("cluster1", "cluster2"), tenant="admin", refresh_s=1800, log_level="DEBUG"):
    config = manifests.gslb_config(controller, clusters=clusters, refreshInterval=refresh_s, logLevel=log_level)
    config["spec"]["gslbLeader"]["tenant"] = tenant
    return config


def policy(clusters=("cluster1", "cluster2"), name="global-gdp", app=GSLB, namespaces=None, split=None):
    """app, namespaces: labels that must be there, None for no such selector. split: cluster -> (weight, priority)."""
    selectors = {"appSelector": app, "namespaceSelector": namespaces}
    return manifests.policy(name, clusters=clusters,
                            matchRules={key: {"label": labels} for key, labels in selectors.items() if labels},
                            trafficSplit=[{"cluster": cluster, "weight": weight, "priority": priority}
                                          for cluster, (weight, priority) in (split or {}).items()])


def namespace(name, labels=None):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta(name, labels=labels)}


def identity(cluster, hosts):
    """What AKO of that cluster notes on its objects. The virtual service stays the same whatever else changes."""
    virtual_services = {host: f"virtualservice-{cluster}-{host.split('.')[0]}" for host in hosts}
    return {"ako.vmware.com/host-fqdn-vs-uuid-map": json.dumps(virtual_services),
            "ako.vmware.com/controller-cluster-uuid": f"cluster-uuid-{cluster}"}


def load_balancer(ip, hosts):
    return {"loadBalancer": {"ingress": [{"ip": ip, "hostname": host} for host in hosts]}}


def rule(host, paths):
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend} for path in paths]}}


def ingress(cluster, ip, *rules, name="shop", namespace="web", labels=GSLB, tls=()):
    """An Ingress that AKO has given an address. Each rule: host, or (host, path, ...)."""
    rules = [(r, "/") if isinstance(r, str) else r for r in rules]
    hosts = list(dict.fromkeys(r[0] for r in rules))
    spec = {"ingressClassName": "avi-lb", "rules": [rule(host, paths) for host, *paths in rules]}
    if tls:
        spec["tls"] = [{"hosts": list(tls), "secretName": "certificate"}]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": meta(name, namespace, labels, identity(cluster, hosts)),
            "spec": spec, "status": load_balancer(ip, hosts)}


def service(cluster, ip, host, port=8080, name="db", namespace="web", type="LoadBalancer"):
    """A Service; as LoadBalancer AKO has given it an address."""
    found = {"apiVersion": "v1", "kind": "Service", "metadata": meta(name, namespace, GSLB, identity(cluster, [host])),
             "spec": {"type": type, "selector": {"app": "db"}, "ports": [{"name": "p", "port": port, "protocol": "TCP"}]}}
    if type == "LoadBalancer":
        found["spec"]["allocateLoadBalancerNodePorts"] = False
        found["status"] = reached_at(host, ip)
    return found
