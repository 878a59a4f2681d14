"""Objects that tests make: short forms of the few kinds they need."""

from ground import HOME

UUID = "3f0c7c1e-9a51-11ee-8f4b-0242ac120002"
SECRET = "gslb-avi-secret"
HOST = "shop.example.org"
CLUSTERS = ("cluster1", "cluster2", "cluster3")
# The controller where nothing of ours was ever written.
CONTROLLER = {"version": "22.1.3", "leader": "cluster-aaaaaaaa", "subdomains": ["example.org"], "objects": {}}


def gslb_config(address, name="gc-1", namespace=HOME, uuid=UUID, credentials=SECRET, clusters=CLUSTERS, **spec):
    """address: of the controller; uuid None: no annotation."""
    meta = {"name": name, "namespace": namespace}
    if uuid is not None:
        meta["annotations"] = {"amko.vmware.com/amko-uuid": uuid}
    leader = {"controllerIP": address, "controllerVersion": "22.1.3", "credentials": credentials, "tenant": "admin"}
    return {"apiVersion": "amko.vmware.com/v1alpha1", "kind": "GSLBConfig", "metadata": meta,
            "spec": {"gslbLeader": leader, "memberClusters": [{"clusterContext": c} for c in clusters],
                     "refreshInterval": 600, "useCustomGlobalFqdn": False, **spec}}


def policy(name="global-gdp", namespace=HOME, clusters=CLUSTERS, **spec):
    """Selects what is labelled app: gslb."""
    return {"apiVersion": "amko.vmware.com/v1alpha2", "kind": "GlobalDeploymentPolicy",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"matchRules": {"appSelector": {"label": {"app": "gslb"}}},
                     "matchClusters": [{"cluster": c} for c in clusters], **spec}}


def secret(name=SECRET, **values):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": HOME}, "type": "Opaque",
            "stringData": values}


def namespace(name="web"):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def address_in(cluster):
    return f"10.20.{CLUSTERS.index(cluster) + 1}.11"


def selected(cluster, host):
    """Metadata as AKO leaves it: the host's virtual service and its controller."""
    name = host.split(".")[0]
    return {"name": name, "namespace": "web", "labels": {"app": "gslb"}, "annotations": {
        "ako.vmware.com/host-fqdn-vs-uuid-map": f'{{"{host}": "virtualservice-{cluster}-{name}"}}',
        "ako.vmware.com/controller-cluster-uuid": f"cluster-uuid-{cluster}"}}


def reached_at(host, ip):
    return {"loadBalancer": {"ingress": [{"ip": ip, "hostname": host}]}}


def ingress(cluster, host=HOST, ip=None):
    meta = selected(cluster, host)
    backend = {"service": {"name": meta["name"], "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta,
            "spec": {"rules": [{"host": host, "http": {"paths": [path]}}]},
            "status": reached_at(host, ip or address_in(cluster))}


def service(cluster, host=HOST, ip=None):
    return {"apiVersion": "v1", "kind": "Service", "metadata": selected(cluster, host),
            "spec": {"type": "LoadBalancer", "ports": [{"name": "http", "port": 80}]},
            "status": reached_at(host, ip or address_in(cluster))}


def member(cluster, host=HOST, ip=None):
    """cluster3 serves Routes, so its Ingresses do not count."""
    return (service if cluster == "cluster3" else ingress)(cluster, host, ip)
