"""The runner itself, without servers: it passes what was recorded and notices what is not."""

import copy
import json
from types import SimpleNamespace

import pytest
import test_cases

NAME = "a-restart-with-unchanged-objects"


class Replay:
    """A rig whose leader leaves exactly what `outcome` says of each step."""

    def __init__(self, name, writes=0):
        self.outcome = json.loads(test_cases.read(test_cases.CASES, name, "expected.json"))
        self.n_writes, self.step, self.log = writes, -1, []
        self.ground = SimpleNamespace(clusters=["cluster1", "cluster2", "cluster3"])
        self.avisim, self.own = self, self
        self.address = "127.0.0.1:1"

    def reset(self, state):
        pass

    def apply(self, cluster, *objects):
        assert "18443" not in json.dumps(objects)

    delete = apply

    def start(self):
        pass

    stop = start

    def settle(self):
        self.step += 1
        self.log += [{"n": len(self.log) + 1 + i, "method": "PUT", "path": "/api/x", "tenant": "admin", "body": None,
                      "status": 200} for i in range(self.n_writes)]

    def objects(self, kind, written):
        return [dict(o, by_client=True) for o in self.outcome[self.step][kind]]

    def list(self, kind):
        return [{"metadata": {"namespace": k.split("/")[1], "name": k.split("/")[2]}, "status": v}
                for k, v in self.outcome[self.step]["status"].items() if k.startswith(kind + "/")]

    def writes_since(self, n):
        return [e for e in self.log if e["n"] > n]


@pytest.mark.parametrize("name", test_cases.names())
def test_what_was_recorded_passes(name):
    assert test_cases.Case(name, Replay(name)).run() == []


def drop_service(step):
    del step["gslbservice"][0]


def change_weight(step):
    step["gslbservice"][0]["body"]["groups"][0]["members"][0]["ratio"] = 7


def change_status(step):
    step["status"]["GSLBConfig/avi-system/gc-1"]["state"] = "error: other"


@pytest.mark.parametrize("break_it, line", [
    (drop_service, "missing"), (change_weight, "ratio: got 7, want"), (change_status, "status.state: got 'error: other'"),
])
def test_a_difference_in_any_step_is_reported(break_it, line):
    for i in range(3):
        rig = Replay(NAME)
        rig.outcome = copy.deepcopy(rig.outcome)
        break_it(rig.outcome[i])
        lines = test_cases.Case(NAME, rig).run()
        assert lines[0].startswith(f"step {i + 1} of 3") and line in lines[1], lines


def test_a_write_in_a_restart_without_changes_is_reported():
    lines = test_cases.Case(NAME, Replay(NAME, writes=1)).run()
    assert [line.strip() for line in lines] == [
        "step 2 of 3:", "1 writes, at most 0 allowed:", "PUT /api/x (admin) : HTTP 200"]
