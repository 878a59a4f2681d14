"""The benchmark: how long the leader takes beside a raw replay of the same requests. Run by `make bench`.

    make bench                               2 clusters x 3000 Ingresses in 50 namespaces
    make bench BENCH="--ingresses 1000"      --rounds N, --ground real, --changes-s 30, --rate 100, --json FILE

Figures of one run on a shared machine mean little by themselves; ratios of one run do.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.path.insert(0, os.path.join(HERE, ".."))

import raw                                         # noqa: E402
from conftest import GROUNDS                       # noqa: E402
from kube import Api, Cluster                      # noqa: E402
from ground import ADMIN_TOKEN                     # noqa: E402
from programs import Avisim, Leader                # noqa: E402

CONTROLLER = {"version": "22.1.3", "leader": "cluster-aaaaaaaa", "subdomains": ["example.org"], "objects": {}}


def host(i):
    return f"app{i}.example.org"


def ingress(cluster, i, namespaces, ip):
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": f"app{i}", "namespace": f"ns{i % namespaces}", "labels": {"app": "gslb"}, "annotations": {
                "ako.vmware.com/host-fqdn-vs-uuid-map": json.dumps({host(i): f"virtualservice-{cluster}-{i}"}),
                "ako.vmware.com/controller-cluster-uuid": f"cluster-{cluster}"}},
            "spec": {"rules": [{"host": host(i), "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
                "service": {"name": "web", "port": {"number": 80}}}}]}}]},
            "status": {"loadBalancer": {"ingress": [{"ip": ip, "hostname": host(i)}]}}}


def address(cluster, i, turn=0):
    return f"{10 + int(cluster[-1]) + 10 * (turn % 20)}.{i // 62500}.{i // 250 % 250}.{i % 250 + 1}"


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.ground = GROUNDS[args.ground](folder)
        self.names = ["cluster1", "cluster2"]
        self.avisim = Avisim(os.path.join(folder, "avisim.log"))

    def client(self, name):
        """A connection of its own: the ground's are not for several threads."""
        server = self.ground.servers[name]
        return Cluster(name, Api(server.address, server.port, self.ground.authority.crt, ADMIN_TOKEN))

    def fill(self):
        def part(name, numbers):
            cluster = self.client(name)
            for i in numbers:
                cluster.apply(ingress(name, i, self.args.namespaces, address(name, i)))

        for name in self.names:
            for k in range(self.args.namespaces):
                self.ground.clusters[name].apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"ns{k}"}})
        threads = [threading.Thread(target=part, args=(name, range(k, self.args.ingresses, 4)))
                   for name in self.names for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def configure(self):
        own = self.ground.clusters["cluster1"]
        own.apply({"apiVersion": "amko.vmware.com/v1alpha1", "kind": "GSLBConfig",
                   "metadata": {"name": "gc-1", "namespace": "avi-system", "annotations": {
                       "amko.vmware.com/amko-uuid": "3f0c7c1e-9a51-11ee-8f4b-0242ac120002"}},
                   "spec": {"gslbLeader": {"credentials": "gslb-avi-secret", "controllerVersion": "22.1.3",
                                           "controllerIP": self.avisim.address},
                            "memberClusters": [{"clusterContext": name} for name in self.names]}})
        own.apply({"apiVersion": "amko.vmware.com/v1alpha2", "kind": "GlobalDeploymentPolicy",
                   "metadata": {"name": "gdp", "namespace": "avi-system"},
                   "spec": {"matchRules": {"appSelector": {"label": {"app": "gslb"}}},
                            "matchClusters": [{"cluster": name} for name in self.names]}})

    def empty_controller(self):
        self.avisim.reset(CONTROLLER)
        self.avisim.toggle(check_domains=False)

    def start(self, tag):
        leader = Leader(os.path.join(self.folder, f"{tag}.log"), self.ground.kubeconfig, "cluster1")
        begin = time.monotonic()
        leader.start()
        while True:
            sync = leader.sync()
            if sync and sync["settled"] and sync["phase"] == "running":
                return leader, time.monotonic() - begin
            time.sleep(0.01)

    def cold(self):
        """Cold sync beside the replay of the same writes, alternating; the last leader keeps running."""
        cold, replays, leader, requests = [], [], None, os.path.join(self.folder, "requests")
        for turn in range(self.args.rounds):
            self.empty_controller()
            leader, seconds = self.start(f"cold{turn}")
            cold.append(seconds)
            n = raw.record(self.avisim.writes_since(0), requests)
            if turn + 1 < self.args.rounds:
                leader.stop_cleanly()
            self.check_all_there()
            if turn + 1 < self.args.rounds:
                self.empty_controller()
                replays.append(raw.replay(self.avisim, requests))
        return leader, cold, replays, n

    def check_all_there(self):
        n = len(self.avisim.ask("GET", "/_sim/objects/gslbservice"))
        assert n == self.args.ingresses, f"{n} services, {self.args.ingresses} wanted"

    def changes(self):
        """Milliseconds from sending a change of an address until the controller got the PUT, at a fixed rate."""
        cluster, seen = self.client("cluster1"), self.avisim.last_n()
        sent, n = {}, int(self.args.rate * self.args.changes_s)
        begin = time.monotonic()
        for k in range(n):
            i = k * 7919 % self.args.ingresses
            ip = address("cluster1", i, 1 + k // self.args.ingresses)
            due = begin + k / self.args.rate
            time.sleep(max(0, due - time.monotonic()))
            sent[ip] = time.time()
            cluster.patch("Ingress", f"ns{i % self.args.namespaces}", f"app{i}",
                          {"status": {"loadBalancer": {"ingress": [{"ip": ip, "hostname": host(i)}]}}}, "/status")
        time.sleep(1)
        latencies = []
        for entry in self.avisim.writes_since(seen):
            for group in (entry["body"] or {}).get("groups", []):
                for member in group["members"]:
                    at = sent.pop(member["ip"]["addr"], None)
                    if at:
                        latencies.append(entry["time_ms"] - at * 1000)
        assert not sent, f"{len(sent)} changes never arrived"
        return latencies

    def run(self):
        self.ground.start_all()
        self.avisim.start()
        self.ground.reset()
        self.fill()
        self.empty_controller()
        self.configure()
        leader, cold, replays, requests = self.cold()
        latencies = self.changes()
        peak_kib, idle = memory_kib(leader), idle_share(leader, self.args.idle_s)
        leader.stop_cleanly()
        before = self.avisim.last_n()
        leader, warm = self.start("restart")
        writes = len(self.avisim.writes_since(before))
        leader.stop_cleanly()
        return {"ingresses": self.args.ingresses, "requests": requests,
                "cold_s": min(cold), "replay_s": min(replays), "cold_to_replay": min(cold) / min(replays),
                "p50_ms": statistics.median(latencies), "p99_ms": statistics.quantiles(latencies, n=100)[98],
                "changes": len(latencies), "peak_mib": peak_kib / 1024, "idle_percent": idle * 100,
                "restart_s": warm, "restart_writes": writes}

    def close(self):
        self.avisim.kill()
        self.ground.stop_all()


def memory_kib(program):
    with open(f"/proc/{program.child.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


def cpu_s(program):
    with open(f"/proc/{program.child.pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_share(program, seconds):
    before = cpu_s(program)
    time.sleep(seconds)
    return (cpu_s(program) - before) / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ground", default="real", choices=sorted(GROUNDS))
    parser.add_argument("--ingresses", type=int, default=3000, help="in each of the two clusters")
    parser.add_argument("--namespaces", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=4, help="cold starts; a replay between each two")
    parser.add_argument("--rate", type=float, default=100, help="changes a second")
    parser.add_argument("--changes-s", type=float, default=30)
    parser.add_argument("--idle-s", type=float, default=20)
    parser.add_argument("--json", help="write the figures there too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="amko-bench-") as folder:
        bench = Bench(args, folder)
        try:
            figures = bench.run()
        finally:
            bench.close()
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}; ground: {args.ground}")
    for key, value in figures.items():
        print(f"{key:16} {value:.3f}" if isinstance(value, float) else f"{key:16} {value}")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump(figures, f)


if __name__ == "__main__":
    main()
