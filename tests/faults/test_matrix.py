"""The matrix itself: scripts, the oracle against the second opinion, runs in which somebody spoils the controller."""

import os

import pytest

import judge
import model
import world
from plain import CONFIG, POLICY, SPACE, serves
from script import Script, step
from stage import Oracle, Run, Stage
from world import CLUSTERS, CONFIG_KEY, POLICY_KEY

SEEDS = range(1, 61)


def test_a_number_makes_one_script():
    assert str(Script(7)) == str(Script(7)) != str(Script(8))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_step_can_be_done(seed):
    script = Script(seed)
    assert all(hasattr(Run, f"do_{step.verb}") for step in sum(script.rounds, []) + script.ending)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    oracle = Oracle(str(tmp_path_factory.mktemp("oracle"))).start()
    yield oracle
    assert oracle.stop() == 0, oracle.tail()


def states(seed):
    """The world at the end of each round, and after each change of policy or configuration in between."""
    history = world.History()
    for step in sum(Script(seed).rounds, []):
        if step.verb in ("put", "delete"):
            history.put(step.args[0], step.args[1] if step.verb == "put" else None, 0)
        elif step.verb in ("policy", "config"):
            history.put(POLICY_KEY if step.verb == "policy" else CONFIG_KEY, step.args[0], 0)
        if step.verb in ("policy", "config", "calm") and history.now(CONFIG_KEY):
            yield history


@pytest.mark.parametrize("seed", SEEDS)
def test_oracle_and_model_agree(oracle, seed):
    for history in states(seed):
        answer = oracle.ask(world.state(history, "127.0.0.1:1"))
        policy = history.now(POLICY_KEY)
        is_accepted = policy is not None and model.is_acceptable(policy, history.now(CONFIG_KEY))
        assert is_accepted == (answer["policy"] == "success")
        if is_accepted:
            assert judge.second_opinion(answer, model.expect(history)) == []


# ---- runs with a flaw


class Quiet:
    """A script without faults: two services in two clusters, and a leader that carries them through."""

    def __init__(self):
        spaces = [step("put", (cluster, "Namespace", "", "web"), SPACE) for cluster in CLUSTERS]
        objects = [
            step("put", ("cluster1", "Ingress", "web", "shop"),
                 serves("shop.example.org", "10.1.0.1", paths=["/", "/cart"])),
            step("put", ("cluster2", "Service", "web", "db"), serves("db.example.org", "10.2.0.1"))]
        self.rounds = [spaces + objects + [step("config", CONFIG), step("policy", POLICY), step("start")]]
        self.ending = [step("kill")]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    stage = Stage(str(tmp_path_factory.mktemp("stage"))).start()
    yield stage
    assert stage.stop() == []


def spoiled(spoil):
    """A Run in which somebody spoils the controller between the leader's last write and the check."""
    class Spoiled(Run):
        def settle(self):
            super().settle()
            if spoil:
                spoil(self)
    return Spoiled


def first(run, kind):
    return next(o for o in run.controllers(kind) if judge.is_ours(kind, o["object"]))


def lose_service(run):
    run.stage.avisim.delete("gslbservice", first(run, "gslbservice")["uuid"])


def lose_monitor(run):
    run.stage.avisim.delete("healthmonitor", first(run, "healthmonitor")["uuid"])


def lose_members(run):
    run.stage.avisim.patch("gslbservice", first(run, "gslbservice")["uuid"], {"groups": []})


def leave_orphan(run):
    monitor = first(run, "healthmonitor")["object"]
    run.stage.avisim.seed("healthmonitor", [{**monitor, "name": "amko--orphan", "uuid": "healthmonitor-orphan"}])


FLAWS = {"nothing": (None, ""), "a service is lost": (lose_service, ": missing"),
         "a monitor is lost": (lose_monitor, ": missing"), "members are lost": (lose_members, "groups"),
         "an orphan is left": (leave_orphan, "no service refers to it")}


@pytest.mark.parametrize("name", FLAWS)
def test_a_run_with_a_flaw_fails(stage, tmp_path, name):
    spoil, says = FLAWS[name]
    lines = spoiled(spoil)(stage, str(tmp_path)).run(Quiet())
    assert (lines == []) == (spoil is None), lines
    assert any(says in line for line in lines) or not spoil


def test_a_leader_that_deletes_without_a_cause_is_caught(stage, tmp_path):
    """As if the leader had sent it: the log knows the client, not the reason."""
    class Deleting(Run):
        def settle(self):
            super().settle()
            self.delete_one()

        def delete_one(self):
            service = first(self, "gslbservice")
            self.watchman.settled(self.controllers("gslbservice"))
            self.history.settled()
            self.forged = {"n": self.log_n() + 1, "method": "DELETE", "path": f"/api/gslbservice/{service['uuid']}",
                           "status": 204, "type": "gslbservice", "name": service["name"], "tenant": service["tenant"],
                           "body": None}

        def read_log(self):
            return super().read_log() + [self.forged]

    lines = Deleting(stage, str(tmp_path)).run(Quiet())
    assert any("taken away without a cause" in line for line in lines), lines
    assert os.path.exists(tmp_path / "leader.log")
