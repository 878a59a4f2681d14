"""Several instances of amko, one in each cluster of a ground, and what is to be seen of them: Leases, roles, the record.

    site = Federation(ground, avisim, folder)
    site.begin(leader="cluster1")          # AMKOClusters, GSLBConfig and policy in every cluster; instances started
    site.wait_leader("cluster1")           # acquired, everywhere
"""

import copy
import os
import re
import signal
import subprocess

from accounts import MEMBER, POD, grant, revoke, token
from ground import HOME
from manifests import CLUSTERS, CONTROLLER, gslb_config, member, namespace, policy, secret
from programs import Program, built, http_json, http_text, wait_for

LEASE = "amko-leader"
MARK = "amko.vmware.com/"
# Lease duration, renew deadline, retry period: as short as is safe.
TIMES = ("--lease-duration=3s", "--renew-deadline=2s", "--retry-period=500ms")


def amko_cluster(context, is_leader, clusters, failover=None, name="amkocluster-federation"):
    spec = {"isLeader": is_leader, "clusterContext": context, "version": "1.13.1", "clusters": list(clusters)}
    if failover:
        spec["failover"] = failover
    return {"apiVersion": "amko.vmware.com/v1alpha1", "kind": "AMKOCluster",
            "metadata": {"name": name, "namespace": HOME}, "spec": spec}


class Instance(Program):
    """amko in one cluster, with its worker."""

    def __init__(self, context, folder, kubeconfig):
        super().__init__(f"amko in {context}", os.path.join(folder, f"{context}.log"))
        self.context, self.kubeconfig, self.members = context, kubeconfig, kubeconfig
        self.port = None

    def start(self, *options, env=None):
        offset = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.spawn([built("amko"), "--kubeconfig", self.kubeconfig, "--context", self.context, "--members-kubeconfig",
                    self.members, "--listen", "127.0.0.1:0", "--log-level", "debug", *(options or TIMES)],
                   env=dict({"POD_NAME": f"amko-{self.context}", "POD_UID": "uid"}, **(env or {})))
        self.port = wait_for(f"port of {self.name}", lambda: self.listening_port(offset), 20)

    def listening_port(self, offset):
        with open(self.log, "rb") as f:
            f.seek(offset)
            found = re.search(rb"proc=keeper event=listening\b[^\n]*\bport=(\d+)", f.read())
        if not found:
            self.check()
        return int(found[1]) if found else None

    def leadership(self):
        """What it says of itself; {} while it does not answer."""
        return self.ask("/api/leadership")

    def ask(self, path):
        """The answer of its port, its worker's where it is not its own; {} while there is none."""
        try:
            status, answer = http_json(f"127.0.0.1:{self.port}", "GET", path, timeout_s=2)
            return answer if status == 200 else {}
        except (OSError, ValueError):
            return {}

    def text(self, path):
        return http_text(f"127.0.0.1:{self.port}", "GET", path)[1]

    def worker_pid(self):
        return self.leadership().get("worker_pid") or None

    def signal(self, number):
        self.child.send_signal(number)


class Federation:
    """The clusters of a ground with an instance each. Where the ground follows RBAC, an instance is the account of
    deploy/manifests in its own cluster, and the members' account everywhere."""

    def __init__(self, ground, avisim, folder, names=CLUSTERS):
        self.ground, self.avisim, self.folder, self.names = ground, avisim, str(folder), names
        self.instances = {name: Instance(name, self.folder, ground.kubeconfig) for name in names}
        self.granted = {}
        self.seen = 0

    # ---- beginning and end

    def prepare(self, leader="cluster1", failover=None, controller=None):
        """Everything is there but the instances."""
        self.ground.reset()
        self.avisim.reset(controller or copy.deepcopy(CONTROLLER))
        self.avisim.toggle(check_domains=False)
        for name in self.names:
            cluster = self.ground.clusters[name]
            cluster.delete_all("AMKOCluster")
            cluster.delete_all("Lease")
            for obj in (secret(username=self.avisim.user, password=self.avisim.password),
                        gslb_config(self.avisim.address, clusters=self.names), policy(clusters=self.names), namespace(),
                        member(name), amko_cluster(name, name == leader, self.names, failover)):
                cluster.apply(obj)
        self.give_accounts()

    def give_accounts(self):
        if not self.ground.has_rbac:
            return
        clusters = {name: self.ground.clusters[name] for name in self.names}
        self.granted = {name: grant(cluster, POD, MEMBER) for name, cluster in clusters.items()}
        members = self.ground.write_kubeconfig(os.path.join(self.folder, "members-account"), self.names, users={
            name: {"token": token(cluster, MEMBER)} for name, cluster in clusters.items()})
        for name, instance in self.instances.items():
            instance.members = members
            instance.kubeconfig = self.ground.write_kubeconfig(os.path.join(self.folder, f"{name}-account"), [name], users={
                name: {"token": token(clusters[name], POD)}})

    def begin(self, leader="cluster1", failover=None):
        """The promoted one leads before the others come: in Automatic any of them might be faster."""
        self.prepare(leader, failover)
        self.instances[leader].start()
        self.wait_leader(leader)
        for instance in self.instances.values():
            if instance.context != leader:
                instance.start()
        return self

    def end(self):
        """Ends all; each must end well."""
        running = [i for i in self.instances.values() if i.is_running()]
        for instance in running:
            instance.signal(signal.SIGCONT)
            instance.child.terminate()
        codes = {i.context: i.child.wait(20) for i in running}
        assert not any(codes.values()), f"{codes}\n" + "\n".join(i.tail(60) for i in running)

    def kill(self):
        """Ends all, however it is, and brings back what was lost: other tests have the same ground."""
        for instance in self.instances.values():
            instance.kill()
        for name in self.names:
            if not self.ground.servers[name].is_running():
                self.ground.start(name)
        for name, made in self.granted.items():
            revoke(self.ground.clusters[name], made)
        self.granted = {}

    # ---- what happens

    def lose(self, name):
        """All of a cluster at once: its instance and its API server."""
        self.instances[name].child.kill()
        self.ground.stop(name)
        self.instances[name].kill()

    def bring_back(self, name):
        self.ground.start(name)
        self.instances[name].start()

    def kubectl_amko(self, *args):
        """As a person with a kubeconfig of all members: (exit status, output, errors)."""
        done = subprocess.run([built("kubectl-amko"), *args], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                              env={**os.environ, "KUBECONFIG": self.ground.kubeconfig})
        return done.returncode, done.stdout, done.stderr

    # ---- what is to be seen

    def no_right_was_missing(self):
        """By the metrics of those that run: no API server has refused them anything."""
        for instance in self.instances.values():
            if instance.is_running():
                refused = [line for line in instance.text("/metrics").splitlines()
                           if "_kube_requests_total" in line and re.search(r'code="40[13]"', line)]
                assert not refused, f"{instance.context}: {refused}"

    def lease(self, name):
        """None where there is none."""
        return self.ground.clusters[name].get("Lease", HOME, LEASE)

    def claim(self, name):
        """(context of the holder, epoch, acquired) of a Lease; (None, 0, False) where there is none."""
        lease = self.lease(name) or {"spec": {}, "metadata": {}}
        marks = lease["metadata"].get("annotations") or {}
        holder = lease["spec"].get("holderIdentity") or None
        return (holder and holder.rsplit("/", 3)[0], int(marks.get(MARK + "epoch", 0)),
                marks.get(MARK + "acquired") == "true")

    def mode(self, name):
        """Manual or Automatic, as the Lease shows it in force; None where it shows none, or one that is still coming."""
        marks = ((self.lease(name) or {}).get("metadata") or {}).get("annotations") or {}
        view = marks.get(MARK + "view", "")
        return None if "|" in view else view.split(" ")[0] or None

    def wait_mode(self, mode, timeout_s=20):
        """Automatic comes into force once every member has shown that amko runs there."""
        wait_for(f"mode {mode}", lambda: all(self.mode(name) == mode for name in self.names), timeout_s)

    def leads(self, context, within=None):
        """The context holds the Leases of these clusters (all), acquired, under one epoch; that epoch, or 0."""
        claims = {self.claim(name) for name in within or self.names}
        return next(iter(claims))[1] if len(claims) == 1 and all(c[0] == context and c[2] for c in claims) else 0

    def wait_leader(self, context, timeout_s=20, within=None):
        def probe():
            for instance in self.instances.values():
                if instance.child is not None and instance.port and not instance.is_running() and instance.child.returncode != -9:
                    instance.check()
            return self.leads(context, within)
        try:
            return wait_for(f"leader {context}", probe, timeout_s, 0.02)
        except TimeoutError as e:
            claims = {name: self.claim(name) for name in within or self.names}
            tails = "\n".join(f"--- {i.context}\n{i.tail(25)}" for i in self.instances.values() if os.path.exists(i.log))
            raise AssertionError(f"{e}\n{claims}\n{tails}") from None

    def record(self):
        """The leadership record's pairs; {} where there is none."""
        found = [o for o in self.avisim.objects("stringgroup") if o["name"].endswith("-leadership")]
        return {pair["key"]: pair["value"] for pair in found[0]["kv"]} if found else {}

    def services(self):
        return {o["name"]: o["object"] for o in self.avisim.objects("gslbservice", written=True) if o["by_client"]}

    def writes(self):
        """Of services and monitors since the last call: the record is none."""
        entries = [e for e in self.avisim.writes_since(self.seen) if e["type"] in ("gslbservice", "healthmonitor")]
        self.seen = max([self.seen] + [e["n"] for e in entries])
        return entries

    # ---- what people do

    def set_leader(self, context, is_leader):
        self.ground.clusters[context].patch("AMKOCluster", HOME, "amkocluster-federation", {"spec": {"isLeader": is_leader}})

    def annotate(self, context, **marks):
        self.ground.clusters[context].patch("AMKOCluster", HOME, "amkocluster-federation", {
            "metadata": {"annotations": {MARK + key.replace("_", "-"): value for key, value in marks.items()}}})
