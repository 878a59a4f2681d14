"""What amko does, shown in a quarter of a minute: two clusters, a controller, and a few things that happen. `make demo`."""

import argparse
import copy
import os
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

from conftest import GROUNDS                                          # noqa: E402
from playground import ADDRESSES, CONTEXTS, examples, published      # noqa: E402
from programs import Avisim, wait_for                                 # noqa: E402
from rig import Rig                                                   # noqa: E402

CONTROLLER = {"version": "22.1.3", "leader": "cluster-aaaaaaaa", "subdomains": ["example.org"], "objects": {}}


def say(text):
    print(f"\n{text}", flush=True)


def rows(services):
    for service in sorted(services, key=lambda s: s["name"]):
        body = service.get("object", service)
        members = [(group["priority"], member["ip"]["addr"], member["ratio"])
                   for group in body.get("groups", []) for member in group["members"]]
        yield (service["name"], ", ".join(f"{ip} (weight {ratio})" for _, ip, ratio in sorted(members)),
               str(len(body.get("health_monitor_refs", []))))


def table(services):
    lines = [("GLOBAL NAME", "MEMBERS", "MONITORS"), *rows(services)]
    widths = [max(len(line[i]) for line in lines) for i in range(3)]
    for line in lines:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
    if len(lines) == 1:
        print("  (none)")


class Demo:
    def __init__(self, ground, folder):
        self.folder = folder
        self.ground = ground
        self.avisim = Avisim(os.path.join(folder, "avisim.log"))
        self.objects = {}

    def start(self):
        self.ground.start_all()
        self.avisim.start()
        self.rig = Rig(self.ground, self.avisim, os.path.join(self.folder, "leader.log"))
        self.rig.reset(CONTROLLER)

    def apply_examples(self):
        for name, context in CONTEXTS.items():
            for obj in examples(self.avisim.address):
                obj = self.placed(copy.deepcopy(obj), context)
                if name == "cluster1" or obj["kind"] in ("Namespace", "Ingress", "Service"):
                    self.objects[name, obj["kind"]] = obj
                    self.rig.apply(name, obj)

    def placed(self, obj, context):
        """The examples speak of east and west; here these are the ground's clusters."""
        back = {alias: name for name, alias in CONTEXTS.items()}
        if obj["kind"] == "GSLBConfig":
            for member in obj["spec"]["memberClusters"]:
                member["clusterContext"] = back[member["clusterContext"]]
        if obj["kind"] == "GlobalDeploymentPolicy":
            for entry in obj["spec"].get("matchClusters", []) + obj["spec"].get("trafficSplit", []):
                entry["cluster"] = back[entry["cluster"]]
        return published(obj, context) if obj["kind"] == "Ingress" else obj

    def show(self, without=()):
        self.rig.settle(without=without)
        table(self.avisim.ask("GET", "/_sim/objects/gslbservice"))

    def wait_until_synced(self, name):
        """A cluster that was away is asked again after a back-off."""
        def is_synced():
            kinds = next(c["kinds"] for c in self.rig.leader.sync()["clusters"] if c["cluster"] == name)
            return kinds and all(kind["state"] == "synced" for kind in kinds)

        wait_for(f"{name} to be synced", is_synced, 30)

    def move_address(self):
        obj = self.objects["cluster1", "Ingress"]
        obj["status"]["loadBalancer"]["ingress"][0]["ip"] = "203.0.113.99"
        self.rig.apply("cluster1", obj)

    def run(self):
        begin = time.monotonic()
        say("Two clusters, each with the application of deploy/examples, and an Avi controller with nothing on it.")
        self.start()
        self.apply_examples()
        say("amko-leader starts. It reads both clusters and makes the global service:")
        self.rig.start()
        self.show()
        say(f"The load balancer of the first cluster moves the application from {ADDRESSES['east']} to 203.0.113.99:")
        self.move_address()
        self.show()
        say("The second cluster is lost, and amko-leader restarts without it. What is not known is not removed: its address stays.")
        self.ground.stop("cluster2")
        self.rig.restart()
        self.show(without=("cluster2",))
        say("It comes back, and its Ingress is deleted. That was seen, so its address goes:")
        self.ground.start("cluster2")
        self.wait_until_synced("cluster2")
        self.rig.delete("cluster2", self.objects["cluster2", "Ingress"])
        self.show()
        say("The last Ingress is deleted too; with it go the service and its monitors:")
        self.rig.delete("cluster1", self.objects["cluster1", "Ingress"])
        self.show()
        self.rig.stop()
        say(f"That took {time.monotonic() - begin:.0f} seconds. To go on by hand: make playground, or see README.md.")

    def close(self):
        if hasattr(self, "rig"):
            self.rig.leader.kill()
        self.avisim.kill()
        self.ground.stop_all()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ground", default="sim" if "sim" in GROUNDS else "real", choices=sorted(GROUNDS))
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="amko-demo-")
    demo = Demo(GROUNDS[args.ground](folder), folder)
    try:
        demo.run()
    finally:
        demo.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
