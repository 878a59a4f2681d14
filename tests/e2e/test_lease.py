"""A worker under a keeper: what it writes, and above all what it does not."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from bench import CONTROLLER, Writes
from keeper import A_S, GREATER, HOLDER, RECORD, TIMING, Keeper
from objects import GSLB, ingress, namespace, policy
from programs import built, wait_for

SHOP = "shop.example.org"
CUT_OFF, OVERTAKEN = 4, 3              # exit statuses, enum lease_exit


def host(i):
    return f"app{i}.example.org"


@pytest.fixture
def keeper(bench):
    """With one service to make, and a worker that is not started yet."""
    bench.rig.reset(CONTROLLER)
    bench.log = Writes(bench.avisim)
    bench.apply("cluster1", bench.config(), policy(), namespace("web"), ingress("cluster1", "10.1.0.1", SHOP))
    keeper = Keeper(bench.leader, bench.avisim)
    keeper.claims()
    yield keeper
    keeper.hangs_up()
    if bench.leader.is_running():
        bench.leader.child.send_signal(signal.SIGCONT)
    bench.leader.kill()
    bench.leader.child = bench.log = None  # each test has looked itself
    bench.avisim.ask("DELETE", "/_sim/faults")


def is_running(sync):
    return sync["phase"] == "running"


def waits_with(bench, n):
    return bench.wait_sync(f"{n} fenced names", lambda sync: is_running(sync) and sync["names"]["fenced"] == n, timeout_s=30)


def writes(bench):
    return [f"{w['method']} {w['type']} {w['name']}" for w in bench.log.entries()]


def has_written(bench, n, timeout_s=30):
    """Waits for so many successful writes in all."""
    def probe():
        return len([w for w in bench.avisim.writes_since(0) if w["status"] < 300]) >= n
    wait_for(f"{n} writes", probe, timeout_s)


def is_let_write(bench, keeper):
    """The worker has made its service."""
    keeper.starts()
    keeper.holds()
    has_written(bench, 2)
    bench.settle()
    bench.log.news()


def has_caught_up(bench):
    """What was changed has been seen, and nothing of it is left; what was written since the last look."""
    bench.settle(timeout_s=60)
    bench.wait_sync("nothing left", lambda sync: not any(sync["names"][kind] for kind in ("pending", "in_flight", "failing", "fenced")), 60)
    bench.settle()
    return bench.log.news()


def changes(bench, ip):
    bench.apply("cluster1", ingress("cluster1", ip, SHOP))


def many(bench, n, net):
    bench.apply("cluster1", *[ingress("cluster1", f"10.{net}.{i // 250}.{i % 250 + 1}", host(i), name=f"app{i}") for i in range(n)])


def ends(bench, status, timeout_s=20):
    assert bench.leader.child.wait(timeout_s) == status, bench.leader.tail()


def test_alone_it_says_so(bench, keeper):
    bench.rig.start()
    has_written(bench, 2)
    bench.settle()
    assert re.search(r"event=listening .*lease=\"none: run by hand", bench.leader.read_log())
    assert keeper.reads(bench.avisim.log_since(0)) == []
    assert bench.condition("LeaseHeld") is None
    bench.rig.stop()


def test_it_is_warm_before_it_may_write(bench, keeper):
    keeper.starts()
    keeper.hears("^report healthy wants$", 30)
    sync = waits_with(bench, 1)
    assert sync["lease"] == {"epoch": 0, "state": "waiting", "fence": "no_lease", "first_look": "due"}
    bench.wait_condition("LeaseHeld", "False/Waiting")
    keeper.withholds()
    bench.wait_sync("the epoch", lambda sync: sync["lease"]["epoch"] == 5)
    assert writes(bench) == []
    assert keeper.reads(bench.avisim.log_since(0)) == []
    seen = bench.avisim.last_n()
    keeper.holds()
    has_written(bench, 2)
    bench.wait_condition("LeaseHeld", "True/Held")
    entries = [f"{e['method']} {e['type']}" for e in bench.avisim.log_since(seen)]
    # The first look of the epoch comes before its first write, and so does a read of the record.
    assert entries.index("GET gslbservice") < entries.index("GET stringgroup") < entries.index("POST healthmonitor")
    keeper.hears("^report healthy idle$", 10)
    bench.settle()
    bench.rig.stop()


def test_what_needs_no_write_reads_no_record(bench, keeper):
    is_let_write(bench, keeper)
    seen = bench.avisim.last_n()
    bench.apply("cluster1", ingress("cluster1", "10.1.0.1", SHOP, labels=dict(GSLB, remark="nobody-looks-at")))
    bench.settle()
    assert keeper.reads(bench.avisim.log_since(seen)) == []
    bench.rig.stop()


def test_one_read_serves_many_writes(bench, keeper):
    is_let_write(bench, keeper)
    seen = bench.avisim.last_n()
    many(bench, 40, 7)
    has_written(bench, 82)
    bench.settle()
    entries = bench.avisim.log_since(seen)
    took_s = (entries[-1]["time_ms"] - entries[0]["time_ms"]) / 1000
    assert len(keeper.reads(entries)) <= 2 + took_s / 0.4
    bench.rig.stop()


def test_a_deletion_reads_the_record_first(bench, keeper):
    is_let_write(bench, keeper)
    # Within one millisecond, one read would serve both.
    bench.avisim.ask("POST", "/_sim/faults", {"match": {"method": "DELETE"}, "do": {"delay_answer_ms": 20}})
    seen = bench.avisim.last_n()
    bench.delete("cluster1", ingress("cluster1", "10.1.0.1", SHOP))
    has_written(bench, 4)
    order = [f"{e['method']} {e['type']}" for e in bench.avisim.log_since(seen) if e["type"]]
    assert order == ["GET stringgroup", "DELETE gslbservice", "GET stringgroup", "DELETE healthmonitor"]
    bench.rig.stop()


def test_nothing_starts_after_the_deadline(bench, keeper):
    is_let_write(bench, keeper)
    keeper.starves()
    deadline_ms = keeper.grants(1.5)
    i = 0
    while time.time() * 1000 < deadline_ms + 1000:
        i += 1
        changes(bench, f"10.1.{i // 250}.{i % 250 + 1}")
    bench.wait_condition("LeaseHeld", "False/Expired")
    waits_with(bench, 1)
    late = [w for w in bench.avisim.writes_since(0) if w["time_ms"] > deadline_ms]
    assert late == []
    # A new term, and it goes on.
    bench.log.news()
    keeper.holds()
    assert has_caught_up(bench) == {SHOP: ["PUT service"]}
    bench.rig.stop()


def test_a_write_ends_with_the_time_it_was_given(bench, keeper):
    """The controller takes the request and says nothing: A later the connection is reset, and the write is read before another."""
    is_let_write(bench, keeper)
    bench.avisim.ask("POST", "/_sim/faults", {"match": {"method": "PUT"}, "times": 1, "do": {"delay_ms": 60000}})
    changes(bench, "10.1.0.2")
    wait_for("the failure", lambda: "no whole answer in the time that was left" in bench.leader.read_log(), 20)
    assert has_caught_up(bench) == {SHOP: ["PUT service"]}


@pytest.mark.parametrize("lost, wrote", [("after", ["PUT service -> 0"]), ("before", ["PUT service", "PUT service -> 0"])])
def test_a_write_whose_connection_ends_is_looked_for_before_another(bench, keeper, lost, wrote):
    """Kept connections invite to send it again by itself: it may have been carried out, and the lease may have ended."""
    is_let_write(bench, keeper)
    seen = bench.avisim.last_n()
    bench.avisim.fault({"method": "PUT", "path": "/api/gslbservice"}, close=lost)
    changes(bench, "10.1.0.2")
    assert has_caught_up(bench) == {SHOP: wrote}
    order = [f"{e['method']} {e['type']}" for e in bench.avisim.log_since(seen) if e["type"] == "gslbservice"]
    assert order[:2] == ["PUT gslbservice", "GET gslbservice"], order


def test_the_end_of_the_pipe_is_the_end(bench, keeper):
    is_let_write(bench, keeper)
    keeper.hangs_up()
    ends(bench, 0)
    assert "event=lease_lost" in bench.leader.read_log()


def test_nonsense_in_the_pipe_is_the_end(bench, keeper):
    is_let_write(bench, keeper)
    keeper.starves()
    keeper.says("term of office\n")
    ends(bench, 0)
    assert "not a term" in bench.leader.read_log()


def test_a_term_that_is_read_late_is_over(bench, keeper):
    is_let_write(bench, keeper)
    keeper.starves()
    keeper.grants(0)
    bench.wait_sync("the end", lambda sync: sync["lease"]["state"] != "open")
    changes(bench, "10.1.0.2")
    waits_with(bench, 1)
    bench.leader.child.send_signal(signal.SIGSTOP)
    keeper.grants(1)
    time.sleep(1.1)
    bench.leader.child.send_signal(signal.SIGCONT)
    bench.wait_sync("an answer", lambda sync: sync["lease"]["state"] != "open")
    assert writes(bench) == []


def test_a_message_of_an_older_epoch_extends_nothing(bench, keeper):
    is_let_write(bench, keeper)
    keeper.starves()
    keeper.grants(0)
    bench.wait_sync("the end", lambda sync: sync["lease"]["state"] != "open")
    keeper.grants(60, epoch=4)
    changes(bench, "10.1.0.2")
    waits_with(bench, 1)
    assert writes(bench) == []


def stopped_amid_writes(bench, keeper, net):
    """Many names change, and the worker is stopped while it writes."""
    bench.avisim.ask("POST", "/_sim/faults", {"match": {"path": "/api/healthmonitor"}, "do": {"delay_answer_ms": 200}})
    many(bench, 120, net)
    bench.wait_sync("writes", lambda sync: sync["names"]["in_flight"] == 8 and sync["names"]["pending"])
    bench.leader.child.send_signal(signal.SIGSTOP)


def test_a_worker_that_stood_still_beyond_its_deadline_writes_nothing(bench, keeper):
    is_let_write(bench, keeper)
    stopped_amid_writes(bench, keeper, 7)
    keeper.starves()
    time.sleep(8.2)                    # what it was told last
    seen = bench.avisim.last_n()
    bench.leader.child.send_signal(signal.SIGCONT)
    bench.wait_sync("the end", lambda sync: sync["lease"]["state"] in ("closing", "shut") and sync["names"]["fenced"] and
                    not sync["names"]["in_flight"])
    assert bench.avisim.writes_since(seen) == []


def test_a_worker_that_stood_still_while_another_claimed_writes_nothing(bench, keeper):
    """Its lease still runs: the record alone stops it. A stop exactly between the look at the clock and the sending would let that
    one write slip."""
    is_let_write(bench, keeper)
    stopped_amid_writes(bench, keeper, 7)
    keeper.starves()
    keeper.grants(120)
    keeper.claims(epoch=6, holder=GREATER)
    time.sleep(1)
    seen = bench.avisim.last_n()
    bench.leader.child.send_signal(signal.SIGCONT)
    bench.leader.child.wait(20)
    assert len(bench.avisim.writes_since(seen)) <= 1
    assert bench.leader.child.returncode == OVERTAKEN, bench.leader.tail()


@pytest.mark.parametrize("epoch, holder", [(6, HOLDER), (5, GREATER)])
def test_a_greater_claim_in_the_record_ends_it(bench, keeper, epoch, holder):
    is_let_write(bench, keeper)
    keeper.claims(epoch=epoch, holder=holder)
    time.sleep(0.5)
    changes(bench, "10.1.0.2")
    ends(bench, OVERTAKEN)
    assert re.search(rf"event=lease_overtaken epoch=5 err=\"StringGroup {RECORD} shows epoch {epoch} of {holder}", bench.leader.read_log())
    assert writes(bench) == []


@pytest.mark.parametrize("is_there", [True, False])
def test_a_record_that_is_not_ours_waits_for_the_keeper(bench, keeper, is_there):
    is_let_write(bench, keeper)
    if is_there:
        keeper.claims(epoch=4)
    else:
        bench.avisim.delete("stringgroup", bench.avisim.objects("stringgroup")[0]["uuid"])
    time.sleep(0.5)
    changes(bench, "10.1.0.2")
    bench.wait_condition("LeaseHeld", "False/RecordNotOurs")
    keeper.hears("^report healthy wants$")
    assert writes(bench) == []
    keeper.claims()
    assert has_caught_up(bench) == {SHOP: ["PUT service"]}
    bench.rig.stop()


def test_a_record_that_may_not_be_read_is_the_keepers_decision(bench, keeper):
    is_let_write(bench, keeper)
    bench.avisim.ask("POST", "/_sim/faults", {"match": {"path": "/api/stringgroup"}, "do": {"status": 403}})
    time.sleep(0.5)
    changes(bench, "10.1.0.2")
    bench.wait_condition("LeaseHeld", "False/RecordRefused")
    assert writes(bench) == []
    keeper.fenced = False
    assert has_caught_up(bench) == {SHOP: ["PUT service"]}
    bench.rig.stop()


def test_an_object_that_was_changed_meanwhile_is_read_and_planned_anew(bench, keeper):
    is_let_write(bench, keeper)
    for kind in ("gslbservice", "healthmonitor"):
        found = bench.avisim.objects(kind)[0]
        bench.avisim.patch(kind, found["uuid"], {"description": found["description"]})
    changes(bench, "10.1.0.2")
    assert has_caught_up(bench) == {SHOP: ["PUT service", "PUT service -> 412"]}       # neighbours are sorted
    bench.apply("cluster1", ingress("cluster1", "10.1.0.2", SHOP, tls=[SHOP]))
    assert has_caught_up(bench) == {SHOP: ["POST monitor https /", "PUT service", "DELETE monitor http /"]}
    bench.rig.stop()


def test_what_slipped_through_is_repaired_by_the_second_look(bench, keeper):
    is_let_write_with = ("--lease-duration", "6s", "--renew-deadline", "4s", "--retry-period", "1s")
    keeper.starts(timing=is_let_write_with)
    keeper.holds()
    has_written(bench, 2)
    bench.settle()
    bench.log.news()
    service = bench.avisim.objects("gslbservice")[0]
    bench.avisim.patch("gslbservice", service["uuid"], {"description": "somebody else's"})
    wait_for("the second look", lambda: "event=second_look epoch=5" in bench.leader.read_log(), 20)
    has_written(bench, 3)
    assert has_caught_up(bench) == {SHOP: ["PUT service"]}
    bench.rig.stop()


def test_it_ends_well_when_all_is_answered(bench, keeper):
    is_let_write(bench, keeper)
    bench.avisim.ask("POST", "/_sim/faults", {"match": {"method": "PUT"}, "do": {"delay_ms": 500}})
    changes(bench, "10.1.0.2")
    bench.wait_sync("a write in flight", lambda sync: sync["names"]["in_flight"] == 1)
    bench.leader.child.terminate()
    ends(bench, 0)
    assert writes(bench) == [f"PUT gslbservice {SHOP}"]


def test_it_tells_when_a_write_was_cut_off(bench, keeper):
    is_let_write(bench, keeper)
    bench.avisim.ask("POST", "/_sim/faults", {"match": {"method": "PUT"}, "do": {"delay_ms": 60000}})
    changes(bench, "10.1.0.2")
    bench.wait_sync("a write in flight", lambda sync: sync["names"]["in_flight"] == 1)
    began = time.monotonic()
    bench.leader.child.terminate()
    ends(bench, CUT_OFF)
    assert time.monotonic() - began < A_S + 5
    assert writes(bench) == []


def test_it_dies_with_its_keeper(bench, keeper, tmp_path):
    """Killed, a keeper cannot say goodbye; its end of the pipe is kept open here."""
    ours, its = socket.socketpair()
    argv = [built("amko-leader"), *bench.leader.argv, "--lease-fd", str(its.fileno()), "--holder", HOLDER, *TIMING]
    script = ("import subprocess, sys, time\n"
              f"child = subprocess.Popen({argv!r}, pass_fds=[{its.fileno()}], stderr=open({str(tmp_path / 'log')!r}, 'w'))\n"
              "print(child.pid, flush=True)\ntime.sleep(60)\n")
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, pass_fds=[its.fileno()], text=True)
    try:
        pid = int(parent.stdout.readline())
        wait_for("the worker", lambda: "event=listening" in (tmp_path / "log").read_text(), 20)
    finally:
        parent.kill()
        parent.wait()
    wait_for("its end", lambda: not os.path.exists(f"/proc/{pid}") or "\tZ" in open(f"/proc/{pid}/status").read(), 10)
    ours.close()
    its.close()


def test_flags_that_make_no_sense_are_refused():
    def says(*flags):
        done = subprocess.run([built("amko-leader"), *flags], capture_output=True, text=True, timeout=10)
        assert done.returncode == 2
        return done.stderr
    assert says("--lease-fd", "200", "--holder", HOLDER) == "amko-leader: --lease-fd: descriptor 200: Bad file descriptor\n"
    assert "no descriptor from 3" in says("--lease-fd", "1")
    assert "is no <context>/<pod>/<pod uid>/<random>" in says("--holder", "me")
    assert "must be at least 1.5 times" in says("--lease-duration", "10s", "--renew-deadline", "8s")
    assert "--retry-period: \"5\" is no duration" in says("--retry-period", "5")
