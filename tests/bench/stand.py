"""What the benchmark measures on: clusters full of Ingresses, a controller, and leaders whose time, CPU and memory are taken.

One name is one Ingress in each of the two clusters; the leader makes a service and a monitor of it: two writes.
"""

import contextlib
import datetime
import http.client
import json
import os
import re
import resource
import time

import raw
from conftest import GROUNDS
from ground import ADMIN_TOKEN
from kube import Api, Cluster
from manifests import CONTROLLER, gslb_config, policy
from objects import ingress, load_balancer, namespace
from programs import Avisim, Leader

CLUSTERS = ("cluster1", "cluster2")
BULK = 2000                            # objects in one request to kubesim
POLL_S = 0.005                         # between two looks at /api/sync
START_LIMIT_S = 300


def host(i):
    return f"app{i}.example.org"


def address(cluster, i, turn=0):
    return f"{10 + int(cluster[-1]) + 10 * (turn % 20)}.{i // 62500}.{i // 250 % 250}.{i % 250 + 1}"


def cpu_s(program):
    """CPU time of all threads of a running program: the process's own clock, in ns."""
    return time.clock_gettime(~program.child.pid << 3 | 2)


def memory_kib(program, what="VmHWM"):
    with open(f"/proc/{program.child.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(what + ":"))


class Start:
    """A leader's start until it says that nothing is left to do."""

    def __init__(self, leader, seconds, cpu, controller_cpu, began):
        self.leader, self.seconds, self.cpu, self.controller_cpu = leader, seconds, cpu, controller_cpu
        self.began = began             # Unix time

    def phases(self):
        """[(event, seconds since the start)] out of its log: the last of each kind counts."""
        found = {}
        for line in self.leader.read_log().splitlines():
            said = re.match(r"ts=(\S+)Z .*?event=(\S+)(?: phase=(\S+))?", line)
            if said:
                at = datetime.datetime.fromisoformat(said[1] + "+00:00").timestamp() - self.began
                found[f"{said[2]} {said[3]}" if said[3] else said[2]] = at
        return found


class Stand:
    def __init__(self, ground, folder, namespaces=50):
        self.folder, self.namespaces = folder, namespaces
        self.ground = GROUNDS[ground](folder)
        self.avisim = Avisim(os.path.join(folder, "avisim.log"))
        self.n = 0                     # names
        self.n_starts = 0

    def open(self):
        self.ground.start_all()
        self.avisim.start()

    def close(self):
        self.avisim.kill()
        self.ground.stop_all()

    def client(self, name):
        """A connection of its own."""
        server = self.ground.servers[name]
        return Cluster(name, Api(server.address, server.port, self.ground.authority.crt, ADMIN_TOKEN))

    # ---- the clusters

    def object(self, cluster, i, turn=0):
        return ingress(cluster, address(cluster, i, turn), host(i), name=f"app{i}", namespace=f"ns{i % self.namespaces}")

    def fill(self, n):
        """n names, in both clusters."""
        self.n = n
        self.ground.reset()
        for cluster in CLUSTERS:
            for k in range(self.namespaces):
                self.ground.clusters[cluster].apply(namespace(f"ns{k}"))
            self.put(cluster, n)
        self.empty_controller()
        own = self.ground.clusters["cluster1"]
        own.apply(gslb_config(self.avisim.address, clusters=CLUSTERS))
        own.apply(policy(clusters=CLUSTERS))

    def put(self, cluster, n):
        if not hasattr(self.ground, "sim"):
            for i in range(n):
                self.ground.clusters[cluster].apply(self.object(cluster, i))
            return
        for k in range(0, n, BULK):
            objects = [self.object(cluster, i) for i in range(k, min(n, k + BULK))]
            self.ground.ask("POST", "/_sim/bulk", {"cluster": cluster, "objects": objects})

    # ---- the controller

    def empty_controller(self):
        self.avisim.reset(CONTROLLER)
        self.avisim.toggle(check_domains=False)

    def writes(self):
        """Of the newest start; the log is cleared before each."""
        return self.avisim.writes_since(0)

    def check_all_there(self):
        n = len(self.avisim.objects("gslbservice"))
        assert n == self.n, f"{n} services, {self.n} wanted"

    def record(self):
        """The writes of the start before as a file for replay."""
        path = os.path.join(self.folder, "requests")
        raw.record(self.writes(), path)
        return path

    def replay(self, requests):
        """(seconds, CPU seconds of the replay, of the controller)"""
        before, controller = resource.getrusage(resource.RUSAGE_CHILDREN), cpu_s(self.avisim)
        seconds = raw.replay(self.avisim, requests)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, cpu_s(self.avisim) - controller

    # ---- the leader

    @contextlib.contextmanager
    def started(self):
        """A Start; the leader ends with the block."""
        self.n_starts += 1
        leader = Leader(os.path.join(self.folder, f"leader{self.n_starts}.log"), self.ground.kubeconfig, "cluster1")
        try:
            yield self.start(leader)
            leader.stop_cleanly()
        finally:
            leader.kill()

    def start(self, leader):
        self.avisim.ask("POST", "/_sim/log/clear", {})
        controller, began, begin = cpu_s(self.avisim), time.time(), time.monotonic()
        leader.start(pause_s=0.001)
        connection = http.client.HTTPConnection("127.0.0.1", leader.port, timeout=30)
        while not is_done(connection):
            leader.check()
            assert time.monotonic() < begin + START_LIMIT_S, f"not settled:\n{leader.tail()}"
            time.sleep(POLL_S)
        seconds = time.monotonic() - begin
        connection.close()
        return Start(leader, seconds, cpu_s(leader), cpu_s(self.avisim) - controller, began)

    def change(self, cluster, i, turn):
        """Another address for one Ingress; the address."""
        ip = address(cluster.name, i, turn)
        cluster.patch("Ingress", f"ns{i % self.namespaces}", f"app{i}", {"status": load_balancer(ip, [host(i)])}, "/status")
        return ip


def is_done(connection):
    connection.request("GET", "/api/sync")
    answer = json.loads(connection.getresponse().read())
    return answer["settled"] and answer["phase"] == "running"
