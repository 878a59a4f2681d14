"""Many simulated member clusters under one leader, each with a trouble of its own: what takes half a minute to be told of one
is waited for once for all of them.

Every cluster publishes one name by a Service and one by an Ingress, and nobody else does: both would be deleted where the
cluster's silence was believed.
"""

import copy

from ground import home_objects, own_objects
from manifests import CONTROLLER, gslb_config, ingress, namespace, policy, service
from rig import Rig
from sim_ground import SimGround
from trouble import Site

OWN = "cluster1"
N_FILLERS = 130                    # Services that nobody selects: a list of them takes two pages


class CrowdGround(SimGround):
    """Only the own cluster serves our kinds."""

    own = OWN

    def define(self, name):
        if name == OWN:
            super().define(name)

    def reset(self):
        self.ask("POST", "/_sim/reset")
        for name in self.names:
            self.put(name, *home_objects())
        for obj in own_objects():
            self.clusters[OWN].apply(obj)


def service_host(cluster):
    return f"{cluster}.example.org"


def ingress_host(cluster):
    return f"{cluster}-web.example.org"


def filler(i):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"filler-{i:03}", "namespace": "web"},
            "spec": {"type": "LoadBalancer", "ports": [{"name": "http", "port": 80}]}}


class Crowd(Site):
    """A site of many clusters. Nothing in it waits for barriers: half of the clusters would never come by."""

    def __init__(self, names, avisim, folder, options=()):
        ground = CrowdGround(folder, names=[OWN, *names], options=options).start_all()
        super().__init__(Rig(ground, avisim, f"{folder}/leader.log"), folder)
        self.names = list(names)
        self.addresses_of = {}

    def prepare(self, controller, config=None, gdp=None):
        self.rig.reset(controller)
        self.seen = self.avisim.last_n()
        self.write_members()
        names = self.ground.names
        self.put(config or gslb_config(self.avisim.address, clusters=names, logLevel="INFO"), gdp or policy(clusters=names))
        for i, cluster in enumerate(names):
            self.addresses_of[cluster] = f"10.30.{i}.11"
            self.ground.put(cluster, namespace(), *self.published(cluster), *map(filler, range(N_FILLERS)))

    def published(self, cluster):
        ip = self.addresses_of[cluster]
        return (service(cluster, service_host(cluster), ip), ingress(cluster, ingress_host(cluster), ip))

    def converge(self):
        """The controller's state once a healthy leader is done, which goes on running."""
        self.prepare(CONTROLLER)
        self.start()
        self.is_state("success: gslb config accepted", timeout_s=30)
        self.waits("all names", lambda: all(self.is_at(c) for c in self.ground.names), 60)
        self.waits("an end of all writes", self.is_settled, 30)
        state = copy.deepcopy(CONTROLLER)
        for kind in ("healthmonitor", "gslbservice"):
            made = self.avisim.objects(kind, written=True)
            state["objects"][kind] = [dict(o["body"], uuid=o["uuid"], _tenant=o["tenant"]) for o in made]
        self.seen = self.avisim.last_n()
        return state

    def is_settled(self):
        sync = self.leader.sync()
        return sync and sync["settled"]

    # ---- changes, and whether they have come through

    def moves_to(self, cluster, last):
        """The cluster's addresses, in one step."""
        self.addresses_of[cluster] = self.addresses_of[cluster].rsplit(".", 1)[0] + f".{last}"
        self.ground.put(cluster, *self.published(cluster))

    def found(self):
        """{name: its members' addresses} at the controller."""
        return {o["name"]: sorted(m["ip"]["addr"] for g in o["object"]["groups"] for m in g["members"])
                for o in self.avisim.objects("gslbservice", written=True)}

    def is_at(self, *clusters):
        found = self.found()
        return all(found.get(host) == [self.addresses_of[c]] for c in clusters for host in (service_host(c), ingress_host(c)))

    # ---- what is told

    def told_of(self, cluster):
        """What the condition says of this cluster; "" where it is in no trouble."""
        message = "; " + self.condition("ClustersSynced").get("message", "")
        return next((part for part in message.split("; cluster ") if part.startswith(f"{cluster}: ")), "")

    def reasons_of(self, cluster):
        """As they came, from the log since begin_log()."""
        return [e["reason"] for e in self.events("cluster_trouble") if e["cluster"] == cluster]

    def requests_to(self, cluster, since):
        return [e for e in self.ground.ask("GET", f"/_sim/log?since={since}") if e["cluster"] == cluster]

    def last_request(self):
        return self.ground.ask("GET", "/_sim/stats")["log"]["last"]

    def end(self):
        try:
            self.rig.stop()
        finally:
            self.leader.kill()
            self.ground.stop_all()
