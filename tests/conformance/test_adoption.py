"""Taking over from the reference: what it left on the controller is adopted without one write, and stays adopted.

Each case's end is the start: the clusters as they were after the last step, the controller as the reference left it then.
"""

import pytest

import compare
from test_cases import TYPES, Case, controller_state, names

LEGACY = "amko-gslb"                   # the mark of releases before the UUID


class Takeover(Case):
    def run(self, remark=lambda body: body):
        left = self.expected[-1]
        others = {kind: objects for kind, objects in self.case.get("preload", {}).items() if kind not in TYPES}
        state = controller_state({"preload": others})
        for kind in TYPES:
            state["objects"].setdefault(kind, []).extend(dict(remark(o["body"]), _tenant=o["tenant"]) for o in left[kind])
        self.rig.reset(state)
        self.rig.env = {"MCI_ENABLED": "true"} if self.case.get("mci") else {}
        for step in self.case["steps"]:
            self.change(step)
        self.start()
        return left

    def start(self):
        self.rig.start()
        self.rig.settle()
        self.rig.stop()

    def states(self, found):
        """Of the GSLBConfigs that are there: that they are accepted shows that there was somebody to write."""
        there = {name for name in self.statuses() if name.startswith("GSLBConfig/")}
        return {name: status for name, status in found.items() if name in there}


@pytest.mark.parametrize("name", names())
def test_what_the_reference_left_is_adopted_without_a_write(name, rig):
    takeover = Takeover(name, rig)
    left = takeover.run()
    takeover.start()
    lines = compare.writes(takeover.writes(), 0) + compare.statuses(takeover.states(takeover.statuses()),
                                                                    takeover.states(left["status"]))
    if lines:
        pytest.fail("\n".join([f"{name}: the takeover differs", *lines, f"log: {rig.leader.log}"]), pytrace=False)


def legacy(body):
    mark = {"created_by": LEGACY} if "created_by" in body else {"markers": [{"key": "created-by", "values": [LEGACY]}]}
    return {**body, **mark}


@pytest.mark.parametrize("name", ["a-ingress-paths", "a-service-tcp-udp-three-clusters", "b-tenant-per-namespace"])
def test_what_is_marked_by_older_releases_becomes_ours_with_one_write_each(name, rig):
    takeover = Takeover(name, rig)
    left = takeover.run(legacy)
    methods = [line.split(" ")[0] for line in takeover.writes()]
    assert methods == ["PUT"] * sum(len(left[kind]) for kind in TYPES)
    assert [line for kind in TYPES for line in compare.objects(kind, takeover.left(kind), left[kind])] == []
    takeover.start()
    assert takeover.writes() == []
