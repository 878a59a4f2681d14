"""kubectl against the simulated API servers: each conversation says the same there as with a real one."""

import difflib
import json
import os
import re
import subprocess

import pytest
import yaml

from ground import RealGround
from sim_ground import SimGround

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web, labels: {app: %s}}
spec:
  ingressClassName: avi-lb
  rules:
  - host: shop.example.org
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: web}
spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, selector: {app: db}, ports: [{name: p, port: %d}]}
"""
POLICY = """
apiVersion: amko.vmware.com/v1alpha2
kind: GlobalDeploymentPolicy
metadata: {name: gdp, namespace: web}
spec:
  matchRules: {appSelector: {label: {app: gslb}}}
  matchClusters: [{cluster: cluster1}]
  trafficSplit: [{cluster: cluster1%s}]
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: web}
stringData: {k: value}
"""
UNKNOWN = POLICY.replace("spec:", "spec:\n  unknown: 1") % ""

# (arguments, standard input): one after the other, all in namespace web.
CREATE = [(["create", "-f", "-"], INGRESS % "a"), (["create", "-f", "-"], INGRESS % "a"), (["create", "-f", "-"], SERVICE % 80),
          (["create", "-f", "-"], SECRET), (["create", "-f", "-"], POLICY % ""), (["create", "-f", "-"], POLICY % ", weight: 21"),
          (["get", "ing,svc,secret,gdp", "-o", "json"], None), (["get", "ing", "none"], None), (["get", "nonsense"], None),
          (["create", "-f", "-"], UNKNOWN)]
APPLY = [(["apply", "-f", "-"], INGRESS % "a"), (["apply", "-f", "-"], INGRESS % "a"), (["apply", "-f", "-"], INGRESS % "b"),
         (["apply", "-f", "-"], SERVICE % 80), (["apply", "-f", "-"], SERVICE % 81), (["apply", "-f", "-"], POLICY % ", weight: 3"),
         (["apply", "-f", "-"], POLICY % ", weight: 30"), (["apply", "-f", "-"], UNKNOWN),
         (["diff", "-f", "-"], INGRESS % "b"), (["apply", "--dry-run=server", "-f", "-"], INGRESS % "c"),
         (["get", "ing,svc,gdp", "-o", "json"], None)]
SERVER_SIDE = [(["apply", "--server-side", "-f", "-"], INGRESS % "a"),
               (["apply", "--server-side", "-f", "-"], SERVICE % 80),
               (["apply", "--server-side", "--field-manager=other", "-f", "-"], INGRESS % "b"),
               (["apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-"], INGRESS % "b"),
               (["apply", "--server-side", "-f", "-"], INGRESS % "a"),
               (["label", "ing", "shop", "app=c", "--overwrite"], None),
               (["apply", "--server-side", "--field-manager=other", "-f", "-"], INGRESS % "b"),
               (["apply", "--server-side", "-f", "-"], POLICY % ""), (["apply", "--server-side", "-f", "-"], POLICY % ", weight: 2"),
               (["get", "ing,svc,gdp", "-o", "json", "--show-managed-fields"], None)]
CHANGE = [(["apply", "-f", "-"], INGRESS % "a"), (["apply", "-f", "-"], SERVICE % 80), (["apply", "-f", "-"], POLICY % ""),
          (["patch", "ing", "shop", "--type=merge", "-p", '{"metadata":{"labels":{"x":"1"}}}'], None),
          (["patch", "ing", "shop", "-p", '{"metadata":{"labels":{"x":null,"y":"1"}}}'], None),
          (["patch", "svc", "db", "-p", '{"spec":{"ports":[{"port":81,"name":"q"}]}}'], None),
          (["patch", "svc", "db", "--type=json", "-p", '[{"op":"remove","path":"/spec/ports/0"}]'], None),
          (["patch", "svc", "db", "--type=json", "-p", '[{"op":"remove","path":"/spec/nothing"}]'], None),
          (["patch", "gdp", "gdp", "--type=merge", "-p", '{"spec":{"ttl":"x"}}'], None),
          (["patch", "gdp", "gdp", "-p", '{"spec":{"ttl":1}}'], None),
          (["patch", "ing", "shop", "--subresource=status", "--type=merge", "-p",
            '{"status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.1"}]}}}'], None),
          (["annotate", "gdp", "gdp", "a=b"], None),
          (["wait", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}=10.0.0.1", "ing/shop", "--timeout=5s"], None),
          (["get", "ing,svc,gdp", "-o", "json"], None), (["get", "ing", "-l", "y=1", "-o", "name"], None),
          (["get", "svc", "--field-selector=spec.type=LoadBalancer", "-o", "name"], None),
          (["get", "svc", "--field-selector=spec.other=x", "-o", "name"], None),
          (["delete", "ing", "shop", "--timeout=5s"], None), (["wait", "--for=delete", "ing/shop", "--timeout=5s"], None),
          (["delete", "ing", "shop"], None), (["delete", "svc,gdp", "--all", "--timeout=5s"], None),
          (["get", "ing,svc,gdp", "-o", "name"], None), (["api-resources", "--api-group=amko.vmware.com"], None)]
TABLES = [(["create", "-f", "-"], POLICY % ""), (["get", "gdp"], None), (["get", "gdp", "gdp", "--no-headers"], None),
          (["get", "ns", "web"], None), (["get", "gdp,ns"], None), (["get", "gdp", "--show-labels"], None)]
CONVERSATIONS = {"tables": TABLES, "create": CREATE, "apply": APPLY, "server-side": SERVER_SIDE, "change": CHANGE}
VOLATILE = {"uid", "resourceVersion", "creationTimestamp", "time", "clusterIP", "clusterIPs"}


@pytest.fixture(scope="module")
def simulated(ground, tmp_path_factory):
    sim = SimGround(str(tmp_path_factory.mktemp("sim")))
    try:
        yield sim.start_all()
    finally:
        sim.stop_all()


def steady(value):
    """Without what is another each time; the entries of managedFields have no order."""
    if isinstance(value, dict):
        value = {k: steady(v) for k, v in value.items() if k not in VOLATILE}
        if "managedFields" in value:
            value["managedFields"].sort(key=lambda entry: json.dumps(entry, sort_keys=True))
        return value
    return [steady(v) for v in value] if isinstance(value, list) else value


def say(ground, program, arguments, text):
    done = subprocess.run([program, f"--kubeconfig={ground.kubeconfig}", "--context=cluster1", "-n", "web",
                           f"--cache-dir={os.path.join(ground.folder, 'kubectl')}", *arguments],
                          input=text, capture_output=True, text=True, timeout=60)
    output = done.stdout
    if "json" in arguments and done.returncode == 0:
        output = steady(json.loads(output))
    output = re.sub(r"\b(?:\d+[smhd])+\b", "AGE", output) if isinstance(output, str) else output
    # The object that a patch would have made: keys have no order there.
    errors = re.sub(r'patch: Invalid value: ".*": strict', 'patch: Invalid value: "OBJECT": strict', done.stderr)
    return {"status": done.returncode, "output": output, "errors": errors}


def without_dots(value):
    """Who owns a map as such, beside what is in it, is not told apart."""
    if isinstance(value, dict):
        return {k: without_dots(v) for k, v in value.items() if k != "."}
    return [without_dots(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_is_the_same(ground, simulated, name):
    if not isinstance(ground, RealGround):
        pytest.skip("there is nothing to compare with")
    for each in (ground, simulated):
        each.reset()
        each.clusters["cluster1"].apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}})
    lines = []
    for arguments, text in CONVERSATIONS[name]:
        want, got = (yaml.safe_dump(without_dots(say(each, os.path.join(ground.binaries, "kubectl"), arguments, text))).splitlines()
                     for each in (ground, simulated))
        if got != want:
            lines += [f"kubectl {' '.join(arguments)}", *difflib.unified_diff(want, got, "real", "simulated", "", "", 2, "")]
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def test_a_watch_shows_what_happens(simulated):
    simulated.reset()
    simulated.clusters["cluster1"].apply(yaml.safe_load(INGRESS % "a") | {"metadata": {"name": "shop", "namespace": "avi-system"}})
    text = simulated.kubectl("cluster1", "-n", "avi-system", "get", "ing", "-w", "-o", "name", "--request-timeout=1s", check=False)
    assert text.splitlines() == ["ingress.networking.k8s.io/shop"]
