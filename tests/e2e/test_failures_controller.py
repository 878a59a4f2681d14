"""A controller in trouble: what is shown, that it is asked rarely and never written to, that all goes on afterwards."""

import json
import re
import signal
import time

import pytest

from bench import ACCEPTED
from ground import free_port
from manifests import HOST, member, secret
from programs import Avisim
from trouble import Failure, Site, same

MEASURE_S = 10
CONNECTING = r"^error: issue in connecting to the controller API, "


@pytest.fixture
def site(site):
    yield site
    site.avisim.child.send_signal(signal.SIGCONT)
    site.avisim.toggle(password=site.avisim.password, refuse=False)


def unreachable(*says, state=None):
    return Failure(("ControllerReachable", "False", "Unreachable"), says,
                   state=re.compile(CONNECTING + ".*" + re.escape(says[-1])) if state is None else state)


def unauthorized(state):
    return Failure(("ControllerReachable", "False", "Unauthorized"), ("POST /login: HTTP 401", "Invalid credentials"),
                   state=state)


# ---- address

@pytest.mark.parametrize("address, failure", [
    pytest.param("127.0.0.1:1", unreachable("connect to 127.0.0.1:1: "), id="nobody-there"),
    pytest.param("no such address", unreachable("URL"), id="no-address-at-all"),
])
def test_a_wrong_address_is_told_and_another_one_taken_at_once(site, address, failure):
    site.begin(config=site.config(address))
    site.start()
    site.shows(failure)
    site.is_condition("Accepted", "False", "Unreachable", *failure.says)
    site.is_condition("ControllerIsLeader", "Unknown", "Unreachable")
    site.put(site.config())
    site.is_accepted(timeout_s=3)
    site.recovers()


# ---- password

def wrong_password():
    return secret(username="admin", password="mistaken")


def test_a_wrong_password_makes_no_login_storm_and_the_right_one_is_used_at_once(site):
    site.begin()
    site.put(wrong_password())
    site.start()
    site.shows(unauthorized(re.compile(CONNECTING + "POST /login: HTTP 401")))
    site.is_condition("Accepted", "False", "Unauthorized", "POST /login: HTTP 401")
    time.sleep(MEASURE_S)
    logins = site.requests("POST", "/login")
    assert 1 <= len(logins) <= 2       # the first wait is 5 s ... 10 s
    same(len(site.new_entries()), len(logins))
    site.put(secret(username="admin", password=site.avisim.password))
    site.is_accepted(timeout_s=3)
    site.recovers()


def test_a_password_that_changes_later_leaves_what_is_accepted_and_pending_writes_wait(site):
    site.begin_running()
    site.avisim.toggle(password="changed")
    ip = site.moves()
    site.shows(unauthorized(ACCEPTED), refused=[401])
    same(site.leader.sync()["paused"], True)
    site.put(secret(username="admin", password="changed"))
    site.is_condition("ControllerReachable", "True", "Reachable", timeout_s=3)
    site.has_moved_to(ip)
    site.recovers()


# ---- who leads

def test_leader_details_that_cannot_be_read_are_asked_for_again_and_again(site):
    site.begin(leader="")
    site.start()
    site.shows(Failure(("ControllerReachable", "False", "NoLeaderData"), ("error in finding the GSLB leader's uuid",),
                       state="error fetching Gslb leader site details, error in finding the GSLB leader's uuid"))
    site.is_condition("ControllerIsLeader", "Unknown", "NoLeaderData")
    site.waits("a second question", lambda: len(site.requests("GET", "/api/gslb")) >= 2, 10)
    site.avisim.toggle(leader=True)
    site.recovers()


def not_leader():
    return Failure(("ControllerIsLeader", "False", "NotLeader"), ("another site's controller",),
                   state="error: controller not a leader")


def test_a_controller_that_does_not_lead_is_not_written_to_and_asked_every_10_s(site):
    site.begin()
    site.avisim.toggle(leader=False)
    site.start()
    site.shows(not_leader())
    site.is_condition("Accepted", "False", "NotLeader")
    site.is_condition("ControllerReachable", "True", "Reachable")
    ip = site.moves()
    site.avisim.toggle(leader=True)
    site.is_accepted()
    first, second = (e["time_ms"] for e in site.requests("GET", "/api/gslb"))
    assert 9500 <= second - first <= 12000
    site.has_moved_to(ip)
    site.recovers()


def test_a_controller_that_leads_no_longer_gets_one_refused_write_and_no_more(site):
    site.begin_running()
    site.avisim.toggle(leader=False)
    site.moves()
    site.shows(not_leader(), refused=[400])
    ip = site.moves()
    site.avisim.toggle(leader=True)
    site.is_accepted()
    site.has_moved_to(ip)
    site.recovers()


# ---- down

def refuse(site):
    site.avisim.toggle(refuse=True)


def accept(site):
    site.avisim.toggle(refuse=False)


def fall_silent(site):
    site.avisim.child.send_signal(signal.SIGSTOP)


def speak_again(site):
    site.avisim.child.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("spoil, mend, says", [
    pytest.param(refuse, accept, "Connection refused", id="refuses"),
    pytest.param(fall_silent, speak_again, "timed out", id="is-silent"),
])
def test_a_controller_that_is_down_at_boot(site, spoil, mend, says):
    site.begin()
    spoil(site)
    site.start()
    failure = unreachable(site.avisim.address, says)
    site.is_state(failure.state)
    site.is_condition(*failure.condition, *failure.says)
    site.is_logged("condition", type="ControllerReachable", status="False", reason="Unreachable")
    mend(site)
    site.recovers()


def test_a_controller_that_goes_down_later_is_probed_rarely_and_all_changes_wait(site):
    site.begin_running()
    refuse(site)
    site.moves()
    site.shows(unreachable(site.avisim.address, "Connection refused", state=ACCEPTED))
    before = site.metric("amko_avi_requests_total")
    ip = site.moves()
    site.rig.apply("cluster2", member("cluster2", host="new.example.org"))
    time.sleep(MEASURE_S)
    assert 1 <= site.metric("amko_avi_requests_total") - before <= 4   # waits of 2.5 s ... 5 s, 5 s ... 10 s
    names = site.leader.sync()["names"]
    assert names["pending"] + names["failing"] == 2 and not names["in_flight"], names
    accept(site)
    site.is_condition("ControllerReachable", "True", "Reachable", timeout_s=25)
    site.rig.settle()
    same([(w["method"], w["type"], w["status"]) for w in site.avisim.writes_since(site.seen) if w["name"] == HOST],
         [("PUT", "gslbservice", 200)])
    assert ip in site.addresses()
    same(site.addresses("new.example.org"), ["10.20.2.11"])


def test_a_controller_that_was_killed_and_comes_back_is_logged_in_to_again(rig, tmp_path):
    rig.avisim = Avisim(str(tmp_path / "avisim.log"))
    where = ["--listen", f"127.0.0.1:{free_port()}", "--control", f"127.0.0.1:{free_port()}"]
    rig.avisim.start(*where)
    site = Site(rig, tmp_path)
    try:
        site.begin_running()
        rig.avisim.kill()
        ip = site.moves()
        site.is_condition("ControllerReachable", "False", "Unreachable", "Connection refused")
        site.is_state(ACCEPTED)
        state = tmp_path / "state.json"
        state.write_text(json.dumps(Site.controller))
        rig.avisim.start(*where, "--state", str(state))
        site.seen = 0
        site.is_condition("ControllerReachable", "True", "Reachable", timeout_s=20)
        site.has_moved_to(ip)
        site.recovers()
    finally:
        site.end()
        rig.avisim.kill()
