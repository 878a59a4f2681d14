"""Many global names in two clusters, and what the controller should have because of them: a model of its own, in Python.

A name is an Ingress or (every tenth) a LoadBalancer Service in one or both clusters. What can change of each: its address, its
paths, its TLS; and it comes and goes. The model knows nothing of the product; it is the reference's rules for these few shapes.
"""

import hashlib
import itertools

from manifests import UUID
from objects import ingress, namespace, service
from programs import http_json

CLUSTERS = ("cluster1", "cluster2")
OWNER = f"amko-{UUID}"
PATHS = (("/",), ("/", "/pay"), ("/", "/pay", "/cart"))
PORT = 8080
BATCH = 2000                           # objects in one request


def host(i):
    return f"app{i}.example.org"


def is_service(i):
    return i % 10 == 9


def wanted_monitors(i, members):
    """{name: (type, port)}: one of TCP for a Service; one a path for an Ingress, of HTTPS when any member has TLS."""
    if is_service(i):
        return {monitor_name(host(i)): ("HEALTH_MONITOR_TCP", PORT)}
    is_tls = any(m["tls"] for m in members)
    kind, scheme = (("HEALTH_MONITOR_HTTPS", 443), "https") if is_tls else (("HEALTH_MONITOR_HTTP", 80), "http")
    return {monitor_name(f"{scheme}--{host(i)}--{path}"): kind for m in members for path in m["paths"]}


def monitor_name(text):
    return "amko--" + hashlib.sha1(text.encode()).hexdigest()


class Fleet:
    """What the clusters have. All changes are drawn from `dice`, so that a seed repeats them."""

    def __init__(self, ground, size, dice, namespaces=50):
        self.ground, self.size, self.dice, self.namespaces = ground, size, dice, namespaces
        self.names = {}                # number -> {cluster: member}
        self.serial = itertools.count(1)

    # ---- objects

    def member(self, i):
        kind = i % len(PATHS) if i % 4 == 0 else 0
        return {"ip": self.address(), "paths": PATHS[kind], "tls": i % 5 == 0}

    def address(self):
        """One that no member has or had."""
        n = next(self.serial)
        return f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"

    def object(self, i, cluster, member):
        place = {"name": f"app{i}", "namespace": f"ns{i % self.namespaces}"}
        if is_service(i):
            return service(cluster, member["ip"], host(i), port=PORT, **place)
        tls = [host(i)] if member["tls"] else ()
        return ingress(cluster, member["ip"], (host(i), *member["paths"]), tls=tls, **place)

    def send(self, changed=(), removed=()):
        """Puts members, takes others away: (number, cluster) each."""
        for cluster in CLUSTERS:
            put = [self.object(i, cluster, self.names[i][cluster]) for i, c in changed if c == cluster]
            gone = [self.object(i, cluster, self.member(i)) for i, c in removed if c == cluster]
            for k in range(0, max(len(put), len(gone)), BATCH):
                body = {"cluster": cluster, "objects": put[k:k + BATCH], "delete": gone[k:k + BATCH]}
                status, answer = http_json(self.ground.control, "POST", "/_sim/bulk", body, timeout_s=60)
                assert status == 200, answer

    # ---- changes

    def fill(self):
        """All names: most in both clusters, every seventh in one."""
        for cluster in CLUSTERS:
            for k in range(self.namespaces):
                self.ground.clusters[cluster].apply(namespace(f"ns{k}"))
        self.add(range(self.size))

    def add(self, numbers):
        for i in numbers:
            self.names[i] = {cluster: self.member(i) for cluster in (CLUSTERS[i % 2:i % 2 + 1] if i % 7 == 0 else CLUSTERS)}
        self.send(changed=[(i, cluster) for i in numbers for cluster in self.names[i]])

    def remove(self, numbers):
        gone = [(i, cluster) for i in numbers for cluster in self.names.pop(i)]
        self.send(removed=gone)

    def move(self, numbers):
        """Other addresses in the first cluster that has them."""
        changed = [(i, next(iter(self.names[i]))) for i in numbers]
        for i, cluster in changed:
            self.names[i][cluster]["ip"] = self.address()
        self.send(changed=changed)

    def reshape(self, numbers):
        """Other paths, and TLS on or off: monitors come and go with it."""
        changed = []
        for i in numbers:
            cluster = self.dice.choice(sorted(self.names[i]))
            self.names[i][cluster].update(paths=self.dice.choice(PATHS), tls=not self.names[i][cluster]["tls"])
            changed.append((i, cluster))
        self.send(changed=changed)

    def leave(self, numbers):
        """One of two clusters gives up its member."""
        gone = []
        for i in numbers:
            if len(self.names[i]) == 2:
                cluster = self.dice.choice(CLUSTERS)
                del self.names[i][cluster]
                gone.append((i, cluster))
        self.send(removed=gone)

    def some(self, n):
        """Up to n names that are there."""
        return self.dice.sample(sorted(self.names), min(n, len(self.names)))

    def missing(self, n):
        """Up to n names that are not."""
        return [i for i in self.dice.sample(range(self.size), self.size) if i not in self.names][:n]

    # ---- what should be at the controller

    def wanted_services(self):
        found = {}
        for i, members in self.names.items():
            rows = {(10, m["ip"], 1, f"cluster-uuid-{cluster}", f"virtualservice-{cluster}-app{i}")
                    for cluster, m in members.items()}
            found[host(i)] = ((host(i),), OWNER, rows, set(wanted_monitors(i, members.values())))
        return found

    def wanted_monitors(self):
        return {name: (*kind, OWNER) for i, members in self.names.items()
                for name, kind in wanted_monitors(i, members.values()).items()}

    def differences(self, avisim):
        """Sentences; none when the controller has exactly what it should, once."""
        return (compare("service", self.wanted_services(), avisim.objects("gslbservice"), shown_service) +
                compare("monitor", self.wanted_monitors(), avisim.objects("healthmonitor"), shown_monitor))


def compare(what, wanted, objects, shown):
    found, said = {}, []
    for obj in objects:
        if obj["name"] in found or not obj["tenant_ref"].endswith("#admin"):
            said.append(f"{what} {obj['name']}: there twice, or in another tenant")
        found[obj["name"]] = shown(obj)
    said += [f"{what} {name}: missing" for name in wanted.keys() - found.keys()]
    said += [f"{what} {name}: an orphan" for name in found.keys() - wanted.keys()]
    return said + [f"{what} {name}: has {found[name]}, should have {wanted[name]}"
                   for name in wanted.keys() & found.keys() if found[name] != wanted[name]]


def shown_service(obj):
    rows = [(group["priority"], m["ip"]["addr"], m["ratio"], m["cluster_uuid"], m["vs_uuid"])
            for group in obj["groups"] for m in group["members"]]
    monitors = [ref.split("#")[1] for ref in obj.get("health_monitor_refs", [])]
    assert len(set(rows)) == len(rows) and len(set(monitors)) == len(monitors), f"{obj['name']}: a member or monitor twice"
    return tuple(obj["domain_names"]), obj["created_by"], set(rows), set(monitors)


def shown_monitor(obj):
    return obj["type"], obj["monitor_port"], obj["markers"][0]["values"][0]
