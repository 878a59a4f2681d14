"""Runs the conformance cases: real inputs in, and what the reference left on the controller must be what we leave.

One test a case; CASES names a folder with other ones (with its own controller.json, or ours).
"""

import json
import os

import pytest
import yaml

import compare

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.abspath(os.environ.get("CASES") or os.path.join(HERE, "cases"))
TYPES = ("healthmonitor", "gslbservice")
# The address of the controller in the cases.
CONTROLLER = "127.0.0.1:18443"


def names():
    return sorted(n for n in os.listdir(CASES) if os.path.exists(os.path.join(CASES, n, "case.yaml")))


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def controller_state(case):
    """The controller before the first step: what all cases share, and what this one preloads."""
    folder = CASES if os.path.exists(os.path.join(CASES, "controller.json")) else os.path.join(HERE, "cases")
    state = json.loads(read(folder, "controller.json"))
    for kind, objects in case.get("preload", {}).items():
        state["objects"].setdefault(kind, []).extend(dict(o, _tenant=tenant_of(o)) for o in objects)
    return state


def tenant_of(obj):
    return obj.get("_tenant") or compare.reference(obj.get("tenant_ref", "")).removeprefix("tenant/") or "admin"


def name_in(body):
    return body.get("name", "") if isinstance(body, dict) else ""


class Case:
    def __init__(self, name, rig):
        text = read(CASES, name, "case.yaml").replace(CONTROLLER, rig.avisim.address)
        self.case, self.rig = yaml.safe_load(text), rig
        self.expected = json.loads(read(CASES, name, "expected.json"))
        self.preloaded = {kind: {(tenant_of(o), o["name"]) for o in objects}
                          for kind, objects in self.case.get("preload", {}).items()}
        self.seen = 0                  # the controller's requests that earlier steps account for
        self.lines = []                # differences

    def run(self):
        self.rig.reset(controller_state(self.case))
        self.rig.env = {"MCI_ENABLED": "true"} if self.case.get("mci") else {}
        for i, (step, expected) in enumerate(zip(self.case["steps"], self.expected, strict=True)):
            self.change(step)
            if i == 0 or step.get("restart"):
                self.rig.stop()
                self.rig.start()
            self.rig.settle()
            self.check(step, expected, f"step {i + 1} of {len(self.expected)}" + (f" ({step['about']})" if step.get("about") else ""))
        self.rig.stop()
        late = self.writes()
        if late:
            self.lines += ["after the last step:"] + compare.writes(late, 0)
        return self.lines

    def change(self, step):
        for cluster in self.rig.ground.clusters:
            self.rig.apply(cluster, *step.get(cluster, []))
        for cluster, objects in step.get("delete", {}).items():
            self.rig.delete(cluster, *objects)

    def check(self, step, expected, title):
        lines = []
        for kind in TYPES:
            lines += compare.objects(kind, self.left(kind), expected[kind])
        lines += compare.statuses(self.statuses(), expected["status"])
        changes = any(step.get(key) for key in (*self.rig.ground.clusters, "delete"))
        most = 0 if step.get("restart") and not changes else len(expected["writes"])
        lines += compare.writes(self.writes(), most)
        if lines:
            self.lines += [f"{title}:"] + [f"  {line}" for line in lines]

    def left(self, kind):
        """What clients wrote, and what of the case's own preload still exists."""
        return [o for o in self.rig.avisim.objects(kind, written=True)
                if o["by_client"] or (o["tenant"], o["name"]) in self.preloaded.get(kind, ())]

    def statuses(self):
        return {f"{kind}/{o['metadata']['namespace']}/{o['metadata']['name']}": o.get("status")
                for kind in ("GSLBConfig", "GlobalDeploymentPolicy", "GSLBHostRule") for o in self.rig.own.list(kind)}

    def writes(self):
        found = self.rig.avisim.writes_since(self.seen)
        self.seen = max([self.seen] + [e["n"] for e in found])
        return [f"{e['method']} {e['path']} ({e['tenant']}) {name_in(e['body'])}: HTTP {e['status']}" for e in found]


@pytest.mark.parametrize("name", names())
def test_case(name, rig):
    lines = Case(name, rig).run()
    if lines:
        pytest.fail("\n".join([f"{name}: the outcome differs", *lines, f"log: {rig.leader.log}"]), pytrace=False)
