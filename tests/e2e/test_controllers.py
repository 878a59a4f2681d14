"""Several controllers of one GSLB: the one that leads is written to, and never two."""

import pytest

from bench import ACCEPTED, CONTROLLER, Writes
from objects import gslb_config, ingress, namespace, policy
from programs import wait_for

SHOP = "shop.example.org"
MADE = {SHOP: ["POST monitor http /", "POST service"]}
NOT_LEADER = "another site's controller is the GSLB leader"


@pytest.fixture
def pair(bench, second):
    """Two controllers, of which none leads yet, in the bench's GSLBConfig; one service to make."""
    bench.rig.reset(CONTROLLER)
    second.reset(CONTROLLER)
    for controller in (bench.avisim, second):
        controller.toggle(leader=False)
    config = gslb_config(bench.avisim.address)
    config["spec"]["gslbLeader"]["controllerAddresses"] = [second.address]
    bench.apply("cluster1", config, policy(), namespace("web"), ingress("cluster1", "10.1.0.1", SHOP))
    bench.log = Writes(bench.avisim)
    yield Pair(bench, second)
    bench.avisim.toggle(refuse=False)


class Pair:
    def __init__(self, bench, second):
        self.bench, self.second = bench, second
        self.there = Writes(second)

    def leads(self, controller):
        for c in (self.bench.avisim, self.second):
            if c is not controller:
                c.toggle(leader=False)
        controller.toggle(leader=True)

    def condition(self, kind):
        conditions = self.bench.shown().get("status", {}).get("conditions", [])
        return next(((c["status"], c["message"]) for c in conditions if c["type"] == kind), (None, ""))

    def says(self, kind, status, message, timeout_s=30):
        wait_for(f"{kind}={status} {message}", lambda: self.condition(kind) == (status, message), timeout_s)

    def is_used(self, controller, timeout_s=30):
        self.bench.wait_sync("running", lambda sync: sync["phase"] == "running" and not sync["paused"], timeout_s)
        wait_for("its lead", lambda: self.condition("ControllerIsLeader")[1].startswith(controller.address), timeout_s)
        self.bench.wait_state(ACCEPTED)
        self.bench.settle()


def test_the_one_that_leads_is_used_from_the_start(bench, second, pair):
    pair.leads(second)
    bench.rig.start()
    pair.is_used(second)
    assert (bench.log.news(), pair.there.news()) == ({}, MADE)
    pair.says("ControllerIsLeader", "True", f"{second.address}; {bench.avisim.address}: {NOT_LEADER}")


def test_the_main_one_is_used_when_it_leads(bench, second, pair):
    pair.leads(bench.avisim)
    bench.rig.start()
    pair.is_used(bench.avisim)
    assert (bench.log.news(), pair.there.news()) == (MADE, {})
    pair.says("ControllerIsLeader", "True", bench.avisim.address)
    assert [e for e in second.log_since(0) if e["path"] == "/login"] == []


def test_the_lead_passes_to_another(bench, second, pair):
    pair.leads(bench.avisim)
    bench.rig.start()
    pair.is_used(bench.avisim)
    assert bench.log.news() == MADE
    pair.leads(second)
    bench.apply("cluster1", ingress("cluster1", "10.1.0.2", SHOP))
    # The attempt that shows it is refused.
    pair.is_used(second)
    attempts = bench.log.news()
    assert attempts in ({}, {SHOP: ["PUT service -> 400"]})
    assert pair.there.news() == MADE
    bench.apply("cluster1", ingress("cluster1", "10.1.0.3", SHOP))
    bench.settle()
    assert (bench.log.news(), pair.there.news()) == ({}, {SHOP: ["PUT service"]})
    # And back.
    pair.leads(bench.avisim)
    bench.apply("cluster1", ingress("cluster1", "10.1.0.4", SHOP))
    pair.is_used(bench.avisim)
    assert bench.log.news() == {SHOP: ["PUT service"]}
    assert pair.there.news() in ({}, {SHOP: ["PUT service -> 400"]})
    assert f"event=controller_moved from={bench.avisim.address} to={second.address}" in bench.leader.read_log()


def test_one_that_is_gone_is_replaced_and_not_gone_back_to(bench, second, pair):
    pair.leads(bench.avisim)
    bench.rig.start()
    pair.is_used(bench.avisim)
    assert bench.log.news() == MADE
    bench.avisim.toggle(refuse=True)
    second.toggle(leader=True)
    bench.apply("cluster1", ingress("cluster1", "10.1.0.2", SHOP))
    pair.is_used(second)
    assert pair.there.news() == MADE
    # It is back, and says that it leads: the one in use does so too, and is not left.
    bench.avisim.toggle(refuse=False)
    bench.apply("cluster1", ingress("cluster1", "10.1.0.3", SHOP))
    bench.settle()
    assert (bench.log.news(), pair.there.news()) == ({}, {SHOP: ["PUT service"]})


def test_while_none_leads_nothing_is_written(bench, second, pair):
    second.toggle(refuse=True)
    bench.rig.start()
    both = f"{bench.avisim.address}: {NOT_LEADER}; {second.address}: POST /login: connect to {second.address}: Connection refused"
    pair.says("ControllerIsLeader", "False", f"{both}: nothing is written; asked again every 10 s")
    bench.wait_state("error: controller not a leader")
    second.toggle(refuse=False)
    pair.leads(second)
    pair.is_used(second)
    assert (bench.log.news(), pair.there.news()) == ({}, MADE)


def test_the_list_is_edited_while_it_runs(bench, second, pair):
    pair.leads(second)
    bench.rig.start()
    pair.is_used(second)
    assert pair.there.news() == MADE
    # The one in use is named no more: the main one counts, which does not lead.
    bench.apply("cluster1", gslb_config(bench.avisim.address))
    bench.wait_state("error: controller not a leader", 30)
    pair.says("ControllerIsLeader", "False", f"{NOT_LEADER}: nothing is written; asked again every 10 s")
    bench.apply("cluster1", ingress("cluster1", "10.1.0.2", SHOP))
    config = gslb_config("127.0.0.1:9")
    config["spec"]["gslbLeader"]["controllerAddresses"] = [bench.avisim.address, second.address]
    bench.apply("cluster1", config)
    pair.is_used(second)
    assert (bench.log.news(), pair.there.news()) == ({}, {SHOP: ["PUT service"]})
