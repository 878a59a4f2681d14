"""The clusters that tests run on.

A ground has `clusters` (name -> kube.Cluster), `own` (where our program runs), `kubeconfig` (a context for each cluster),
`has_rbac` (roles are followed), `reset()` (what earlier tests left is gone; the objects every test starts with are there), `touch_barriers(without)`, and
`stop(name)`, `start(name)`, `restart(name)` of one cluster's API server. RealGround is made of real kube-apiservers.
"""

import base64
import glob
import os
import random
import socket
import subprocess

import yaml

import pki
from kube import Api, Cluster
from programs import Program, repository, wait_for

HOME = "avi-system"
BARRIER = "amko-barrier"
KEPT_NAMESPACES = {"default", "kube-system", "kube-public", "kube-node-lease", HOME, BARRIER}
ADMIN_TOKEN = "admin-token"
# A user that may do nothing until a test grants it something.
NOBODY, NOBODY_TOKEN = "nobody", "nobody-token"
# Kinds that tests make, in the order of their removal; a namespace's go before it.
REMOVED_KINDS = ("GSLBConfig", "GlobalDeploymentPolicy", "GSLBHostRule", "AMKOCluster", "Ingress", "Route", "HostRule",
                 "MultiClusterIngress", "Service", "Secret", "ConfigMap")


def free_port(address="127.0.0.1"):
    """Below the ports that outgoing connections get: a server that is stopped and started finds its own free again."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((address, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"{address}: no free port")


def home_objects():
    """What every cluster has before a test: our namespace."""
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}]


def own_objects(username="admin", password="secret"):
    """What the own cluster has besides: the controller's credentials, and that this instance leads."""
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gslb-avi-secret", "namespace": HOME},
         "type": "Opaque", "stringData": {"username": username, "password": password}},
        {"apiVersion": "amko.vmware.com/v1alpha1", "kind": "AMKOCluster",
         "metadata": {"name": "amkocluster-federation", "namespace": HOME},
         "spec": {"isLeader": True, "clusterContext": "cluster1", "version": "1.13.1", "clusters": ["cluster1"]}},
    ]


def barrier_objects():
    """One object a kind that no policy selects: when its newest version was seen, all that came before was seen too."""
    meta = {"name": BARRIER, "namespace": BARRIER}
    port = {"name": "p", "port": 80}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": BARRIER}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta,
         "spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [port]}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta,
         "spec": {"defaultBackend": {"service": {"name": BARRIER, "port": {"number": 80}}}}},
        {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": meta, "spec": {"host": "barrier.invalid"}},
        {"apiVersion": "ako.vmware.com/v1beta1", "kind": "HostRule", "metadata": meta, "spec": {}},
        {"apiVersion": "ako.vmware.com/v1alpha1", "kind": "MultiClusterIngress", "metadata": meta, "spec": {}},
    ]


class ApiServer(Program):
    """One kube-apiserver: a cluster of its own by its etcd prefix."""

    def __init__(self, name, folder, binary, address):
        super().__init__(name, os.path.join(folder, name + ".log"))
        self.folder, self.binary, self.address = folder, binary, address
        self.port = free_port(address)
        self.cluster = None

    def argv(self, etcd, authority, token_keys):
        crt, key = authority.path(self.name + ".crt"), authority.path(self.name + ".key")
        private, public = token_keys
        return [
            self.binary, f"--etcd-servers={etcd}", f"--etcd-prefix=/{self.name}",
            f"--bind-address={self.address}", f"--advertise-address={self.address}", f"--secure-port={self.port}",
            f"--cert-dir={os.path.join(self.folder, self.name)}", f"--tls-cert-file={crt}", f"--tls-private-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={public}",
            f"--service-account-signing-key-file={private}", "--service-cluster-ip-range=10.96.0.0/16",
            f"--token-auth-file={authority.path('tokens.csv')}", f"--client-ca-file={authority.crt}",
            "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none",
        ]

    def wait_until_ready(self, timeout_s=60):
        def probe():
            self.check()
            return self.cluster.is_ready()
        wait_for(f"readiness of {self.name}", probe, timeout_s, 0.1)


class RealGround:
    """Real kube-apiservers over one etcd."""

    own = "cluster1"
    has_rbac = True

    def __init__(self, folder, binaries, n=3, addresses=None):
        """binaries: folder of kube-apiserver and kubectl. addresses: name -> IP address where it is not 127.0.0.1."""
        self.folder, self.binaries = folder, binaries
        self.names = [f"cluster{i}" for i in range(1, n + 1)]
        self.authority = pki.Authority(folder)
        self.token_keys = pki.token_keys(folder)
        self.kubeconfig = os.path.join(folder, "members")
        self.etcd = Program("etcd", os.path.join(folder, "etcd.log"))
        self.etcd_url = f"http://127.0.0.1:{free_port()}"
        self.servers = {name: ApiServer(name, folder, os.path.join(binaries, "kube-apiserver"),
                                        (addresses or {}).get(name, "127.0.0.1")) for name in self.names}
        self.clusters = {}
        self.write_credentials()

    def write_credentials(self):
        with open(self.authority.path("tokens.csv"), "w", encoding="ascii") as f:
            f.write(f'{ADMIN_TOKEN},admin,admin,"system:masters"\n{NOBODY_TOKEN},{NOBODY},{NOBODY}\n')
        self.token_file = self.authority.path("token")
        with open(self.token_file, "w", encoding="ascii") as f:
            f.write(ADMIN_TOKEN + "\n")
        self.client_crt, self.client_key = self.authority.sign("client", "/O=system:masters/CN=admin", "clientAuth")
        for server in self.servers.values():
            self.authority.sign(server.name, f"/CN={server.name}", "serverAuth", f"IP:{server.address},DNS:localhost")
            server.cluster = Cluster(server.name, Api(server.address, server.port, self.authority.crt, ADMIN_TOKEN))
            self.clusters[server.name] = server.cluster
        self.write_kubeconfig(self.kubeconfig)

    # ---- credentials for our program

    def user(self, index):
        """The ways to prove who one is take turns: token, client certificate, token file."""
        return ({"token": ADMIN_TOKEN},
                {"client-certificate-data": pki.read_base64(self.client_crt),
                 "client-key-data": pki.read_base64(self.client_key)},
                {"tokenFile": self.token_file})[index % 3]

    def kubeconfig_object(self, names=None, users=None):
        """users: name -> user entry, for another user than the administrator."""
        config = {"apiVersion": "v1", "kind": "Config", "current-context": self.own,
                  "clusters": [], "users": [], "contexts": []}
        for name in names or self.names:
            i, server = self.names.index(name), self.servers[name]
            ca = ({"certificate-authority": self.authority.crt} if i == 1 else
                  {"certificate-authority-data": pki.read_base64(self.authority.crt)})
            config["clusters"].append({"name": name, "cluster": dict(ca, server=f"https://{server.address}:{server.port}")})
            config["users"].append({"name": f"{name}-user", "user": (users or {}).get(name, self.user(i))})
            config["contexts"].append({"name": name, "context": {"cluster": name, "user": f"{name}-user"}})
        return config

    def write_kubeconfig(self, path, names=None, users=None):
        """Replaces the file in one step, as a mounted Secret's is."""
        with open(path + ".new", "w", encoding="utf-8") as f:
            yaml.safe_dump(self.kubeconfig_object(names, users), f)
        os.chmod(path + ".new", 0o600)
        os.rename(path + ".new", path)
        return path

    # ---- processes

    def start_all(self):
        peer = f"http://127.0.0.1:{free_port()}"
        self.etcd.spawn(["etcd", "--name=ground", "--logger=zap", "--log-level=warn", "--unsafe-no-fsync",
                         f"--data-dir={os.path.join(self.folder, 'etcd')}",
                         f"--listen-client-urls={self.etcd_url}", f"--advertise-client-urls={self.etcd_url}",
                         f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                         f"--initial-cluster=ground={peer}"])
        for name in self.names:
            self.spawn(name)
        for server in self.servers.values():
            server.wait_until_ready()
        for name in self.names:
            self.define(name)
        return self

    def spawn(self, name):
        server = self.servers[name]
        server.spawn(server.argv(self.etcd_url, self.authority, self.token_keys))

    def start(self, name):
        self.spawn(name)
        self.servers[name].wait_until_ready()

    def stop(self, name):
        """Killed: connections break, nothing says goodbye."""
        self.servers[name].kill()
        self.clusters[name].api.close()

    def restart(self, name):
        self.stop(name)
        self.start(name)

    def stop_all(self):
        for server in self.servers.values():
            server.kill()
        self.etcd.kill()

    def kubectl(self, context, *args, text=None, check=True):
        """kubectl as the administrator; its output."""
        done = subprocess.run([os.path.join(self.binaries, "kubectl"), f"--kubeconfig={self.kubeconfig}",
                               f"--context={context}",
                               f"--cache-dir={os.path.join(self.folder, 'kubectl')}", *args], input=text, capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(args)}: {done.stderr}")
        return done.stdout

    # ---- objects

    def define(self, name):
        """The CustomResourceDefinitions of this cluster: ours, AKO's, and in cluster3 OpenShift's Route."""
        cluster = self.clusters[name]
        made = [cluster.apply(crd) for crd in definitions() if crd["spec"]["group"] != "route.openshift.io" or name == "cluster3"]
        for crd in made:
            wait_for(f"established {crd['metadata']['name']}", lambda: is_established(cluster, crd), 30)

    def reset(self):
        for cluster in self.clusters.values():
            for kind in REMOVED_KINDS:
                cluster.delete_all(kind, keep=is_kept)
            for namespace in cluster.list("Namespace"):
                if namespace["metadata"]["name"] not in KEPT_NAMESPACES:
                    cluster.delete_namespace(namespace["metadata"]["name"])
            objects = home_objects() + [o for o in barrier_objects() if cluster.serves(o["kind"])]
            for obj in objects + (own_objects() if cluster.name == self.own else []):
                cluster.apply(obj)

    def touch_barriers(self, without=()):
        """Changes every barrier object: {cluster: {kind: resourceVersion}} of the clusters that run; without: others' names."""
        return {name: {o["kind"]: touch(cluster, o) for o in barrier_objects() if cluster.serves(o["kind"])}
                for name, cluster in self.clusters.items() if self.servers[name].is_running() and name not in without}


def touch(cluster, obj):
    meta = obj["metadata"]
    change = {"metadata": {"annotations": {"barrier": base64.b32encode(os.urandom(10)).decode()}}}
    return int(cluster.patch(obj["kind"], meta.get("namespace"), meta["name"], change)["metadata"]["resourceVersion"])


def is_kept(obj):
    namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
    return namespace == BARRIER or namespace.startswith("kube-") or (namespace, name) == ("default", "kubernetes")


def is_established(cluster, crd):
    now = cluster.get("CustomResourceDefinition", None, crd["metadata"]["name"])
    conditions = now.get("status", {}).get("conditions") or []     # null at first
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def definitions():
    """Ours of deploy/crds, and those of others that the conformance cases need."""
    files = sorted(glob.glob(os.path.join(repository(), "deploy/crds/*.yaml")))
    files.append(os.path.join(repository(), "tests/conformance/cases/crds.yaml"))
    found = []
    for path in files:
        with open(path, encoding="utf-8") as f:
            found += [obj for obj in yaml.safe_load_all(f) if obj]
    return found
