"""Clusters simulated by one kubesim: the ground for machines without API servers. The same interface as RealGround."""

import json
import os
import shutil
import subprocess

import yaml

from ground import barrier_objects, definitions, home_objects, is_established, own_objects, touch
from kube import Api, Cluster
from programs import Program, built, http_json, wait_for

TOKEN = "admin-token"


class SimServer:
    """One cluster's port."""

    def __init__(self, ground, name, address):
        self.ground, self.name = ground, name
        self.address, self.port = address.rsplit(":", 1)[0], int(address.rsplit(":", 1)[1])
        self.is_up = True

    def is_running(self):
        return self.is_up and self.ground.sim.is_running()

    def set_up(self, is_up):
        self.ground.ask("POST", "/_sim/toggle", {"cluster": self.name, "down": not is_up})
        self.is_up = is_up


class Authority:
    def __init__(self, folder):
        self.crt = os.path.join(folder, "ca.crt")


class SimGround:
    """Clusters of a kubesim. No controllers run beside them, but a deleted namespace goes with what is in it."""

    own = "cluster1"
    has_rbac = False

    def __init__(self, folder, n=3, options=(), names=None):
        """names: of the clusters, the own one first; else cluster1 to cluster<n>."""
        self.folder, self.options = folder, options
        self.names = names or [f"cluster{i}" for i in range(1, n + 1)]
        self.kubeconfig = os.path.join(folder, "members")
        self.authority = Authority(folder)
        self.sim = Program("kubesim", os.path.join(folder, "kubesim.log"))
        self.control, self.servers, self.clusters = None, {}, {}

    # ---- the program

    def start_all(self):
        self.sim.spawn([built("kubesim"), "--clusters", ",".join(self.names), "--kubeconfig-out", self.kubeconfig,
                        "--ca-out", self.authority.crt, "--token", TOKEN, *self.options], stdout=subprocess.PIPE)
        line = self.sim.child.stdout.readline()
        if not line:
            self.sim.child.wait()
            self.sim.check()
        ports = json.loads(line)
        self.control = ports["control"]
        for name in self.names:
            self.servers[name] = server = SimServer(self, name, ports["clusters"][name])
            self.clusters[name] = Cluster(name, Api(server.address, server.port, self.authority.crt, TOKEN))
        for name in self.names:
            self.define(name)
        return self

    def stop_all(self):
        """Exit status 0 is insisted on: a sanitizer's complaint is another one."""
        if self.sim.is_running():
            for cluster in self.clusters.values():
                cluster.api.close()
            assert self.sim.stop() == 0, self.sim.tail()

    def start(self, name):
        self.servers[name].set_up(True)

    def stop(self, name):
        """Connections break, nothing says goodbye."""
        self.servers[name].set_up(False)
        self.clusters[name].api.close()

    def restart(self, name):
        self.stop(name)
        self.start(name)

    def ask(self, method, path, body=None):
        """The control port."""
        status, answer = http_json(self.control, method, path, body)
        if status >= 300:
            raise RuntimeError(f"kubesim: {method} {path}: {status} {answer}")
        return answer

    def put(self, cluster, *objects):
        """Many objects at once, with their status, unchecked."""
        self.ask("POST", "/_sim/bulk", {"cluster": cluster, "objects": list(objects)})

    def fault(self, *rules):
        self.ask("POST", "/_sim/faults", list(rules))

    def end_faults(self):
        self.ask("DELETE", "/_sim/faults")

    def kubectl(self, context, *args, text=None, check=True):
        program = os.path.join(os.environ.get("AMKO_APISERVER", ""), "kubectl")
        if not os.path.exists(program):
            program = shutil.which("kubectl")
        done = subprocess.run([program, f"--kubeconfig={self.kubeconfig}", f"--context={context}",
                               f"--cache-dir={os.path.join(self.folder, 'kubectl')}", *args],
                              input=text, capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(args)}: {done.stderr}")
        return done.stdout

    def kubeconfig_object(self, names=None, users=None):
        """users: name -> user entry, for another user than the administrator."""
        with open(self.kubeconfig, encoding="utf-8") as f:
            config = yaml.safe_load(f)
        kept = set(names or self.names)
        for key in ("clusters", "contexts"):
            config[key] = [entry for entry in config[key] if entry["name"] in kept]
        config["users"] = [{"name": entry["name"], "user": (users or {}).get(name, entry["user"])}
                           for entry in config["users"] for name in [entry["name"].removesuffix("-user")] if name in kept]
        return config

    def write_kubeconfig(self, path, names=None, users=None):
        """Replaces the file in one step, as a mounted Secret's is."""
        with open(path + ".new", "w", encoding="utf-8") as f:
            yaml.safe_dump(self.kubeconfig_object(names, users), f)
        os.rename(path + ".new", path)
        return path

    # ---- objects

    def define(self, name):
        """As on the real ground: ours, AKO's, and in cluster3 OpenShift's Route."""
        cluster = self.clusters[name]
        for crd in definitions():
            if crd["spec"]["group"] != "route.openshift.io" or name == "cluster3":
                made = cluster.apply(crd)
                wait_for(f"established {crd['metadata']['name']}", lambda made=made: is_established(cluster, made), 5)

    def reset(self):
        for server in self.servers.values():
            server.is_up = True
        self.ask("POST", "/_sim/reset")
        for cluster in self.clusters.values():
            objects = home_objects() + [o for o in barrier_objects() if cluster.serves(o["kind"])]
            for obj in objects + (own_objects() if cluster.name == self.own else []):
                cluster.apply(obj)

    def touch_barriers(self, without=()):
        return {name: {o["kind"]: touch(cluster, o) for o in barrier_objects() if cluster.serves(o["kind"])}
                for name, cluster in self.clusters.items() if self.servers[name].is_running() and name not in without}
