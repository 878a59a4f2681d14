"""Two clusters and a controller to try things on, until Ctrl-C. Run by `make playground`: all simulated, or, with GROUND=real,
two real API servers and etcd."""

import argparse
import base64
import json
import os
import shutil
import signal
import sys
import tempfile
import threading

import yaml

from ground import RealGround
from programs import Avisim, repository
from sim_ground import SimGround

CONTEXTS = {"cluster1": "east", "cluster2": "west"}
ADDRESSES = {"east": "203.0.113.10", "west": "198.51.100.10"}

GOODBYE = threading.Event()

HELP = """
Two clusters (contexts east and west), each with the Ingress of deploy/examples, and a controller at {controller}.
In another terminal, from this folder:

  build/amko-leader --kubeconfig {kubeconfig} --context east --members-kubeconfig {kubeconfig} --listen 127.0.0.1:8080

  alias k='{kubectl} --kubeconfig {kubeconfig}'{hint}
  k --context east -n avi-system get gc,gdp
  k --context west -n shop delete ingress shop
  curl -s localhost:8080/api/sync

What the controller has, and every request in order:

  curl -s {control}/_sim/objects/gslbservice
  curl -s {control}/_sim/log

Ctrl-C ends all of it.
"""


def write_kubeconfig(ground, path):
    config = ground.kubeconfig_object()
    for context in config["contexts"]:
        context["name"] = CONTEXTS[context["name"]]
    config["current-context"] = "east"
    with open(path, "w", encoding="utf-8") as f:
        yaml.safe_dump(config, f)
    os.chmod(path, 0o600)


def examples(controller):
    """The manifests, with this controller's address and password."""
    folder = os.path.join(repository(), "deploy/examples")
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".yaml")):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            for obj in yaml.safe_load_all(f):
                if obj["kind"] == "GSLBConfig":
                    obj["spec"]["gslbLeader"]["controllerIP"] = controller
                if obj["kind"] == "Secret":
                    obj.pop("stringData", None)
                    obj["data"] = {"username": base64.b64encode(b"admin").decode(),
                                   "password": base64.b64encode(b"secret").decode()}
                yield obj


def published(obj, context):
    """As the load balancer's operator would leave it: identities and status."""
    host = obj["spec"]["rules"][0]["host"]
    obj["metadata"].setdefault("annotations", {}).update({
        "ako.vmware.com/controller-cluster-uuid": f"cluster-{context}",
        "ako.vmware.com/host-fqdn-vs-uuid-map": json.dumps({host: f"virtualservice-{context}-shop"})})
    obj["status"] = {"loadBalancer": {"ingress": [{"ip": ADDRESSES[context], "hostname": host}]}}
    return obj


def fill(ground, controller):
    for name, context in CONTEXTS.items():
        for obj in examples(controller):
            if context == "east" or obj["kind"] in ("Namespace", "Ingress", "Service"):
                ground.clusters[name].apply(published(obj, context) if obj["kind"] == "Ingress" else obj)


def make_ground(kind, folder):
    """The ground, its kubectl, and what to say about it."""
    if kind == "real":
        ground = RealGround(folder, os.environ["AMKO_APISERVER"], n=2)
        return ground, os.path.join(ground.binaries, "kubectl"), ""
    found = shutil.which("kubectl")
    return SimGround(folder, n=2), found or "kubectl", "" if found else "     # Debian has one: apt install kubernetes-client"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ground", default="sim", choices=("sim", "real"))
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="amko-playground-")
    ground, kubectl, hint = make_ground(args.ground, folder)
    avisim = Avisim(os.path.join(folder, "avisim.log"))
    kubeconfig = os.path.join(folder, "kubeconfig")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: GOODBYE.set())
    try:
        print("starting two API servers and the simulated controller ...", flush=True)
        ground.start_all()
        avisim.start()
        write_kubeconfig(ground, kubeconfig)
        fill(ground, avisim.address)
        print(HELP.format(controller=avisim.address, control=avisim.control, kubeconfig=kubeconfig, kubectl=kubectl,
                          hint=hint), flush=True)
        GOODBYE.wait()
    finally:
        avisim.kill()
        ground.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
