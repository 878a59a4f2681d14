"""amko-follower on simulated clusters: it says whether this instance could lead, and writes nothing to anybody."""

import signal
import socket

import pytest

from instances import amko_cluster
from manifests import CLUSTERS, CONTROLLER, gslb_config, policy, secret
from programs import Program, built, http_json, http_text, wait_for

HOLDER = "cluster1/amko-0/uid/ab"


class Follower(Program):
    def __init__(self, log, kubeconfig, context):
        super().__init__("amko-follower", log)
        self.argv = ["--kubeconfig", kubeconfig, "--context", context, "--members-kubeconfig", kubeconfig,
                     "--listen", "127.0.0.1:0", "--log-level", "debug"]
        self.port = None

    def start(self, *options, pass_fds=()):
        self.spawn([built("amko-follower"), *self.argv, *options], pass_fds=pass_fds)
        self.port = wait_for("its port", self.listening_port, 20)

    def listening_port(self):
        self.check()
        lines = [line for line in self.read_log().splitlines() if "event=listening" in line]
        return int(lines[-1].split("port=")[1].split()[0]) if lines else None

    def get(self, path):
        return http_json(f"127.0.0.1:{self.port}", "GET", path)[1]

    def fitness(self):
        return self.get("/api/fitness")

    def because(self, *texts, timeout_s=20):
        """Waits until it is unfit for exactly these reasons (each a part of one); none: it is fit."""
        def probe():
            self.check()
            said = self.fitness()
            fits = len(said["because"]) == len(texts) and all(t in s for t, s in zip(texts, said["because"]))
            return said if fits and said["fit"] == (not texts) else None
        try:
            return wait_for(f"because {texts}", probe, timeout_s)
        except TimeoutError as e:
            raise AssertionError(f"{e}: {self.fitness()}") from None


@pytest.fixture
def follower(ground, avisim, tmp_path):
    ground.reset()
    avisim.reset(CONTROLLER)
    own = ground.clusters[ground.own]
    own.delete_all("AMKOCluster")
    for obj in (secret(username=avisim.user, password=avisim.password), policy(), gslb_config(avisim.address),
                amko_cluster(ground.own, False, CLUSTERS)):
        own.apply(obj)
    ground.ask("POST", "/_sim/log/clear")
    follower = Follower(str(tmp_path / "follower.log"), ground.kubeconfig, ground.own)
    follower.own = own
    try:
        yield follower
        assert follower.stop() == 0, follower.tail()
    finally:
        follower.kill()
        avisim.toggle(leader=True, refuse=False)


def test_a_sound_instance_is_fit_and_writes_nothing(follower, ground, avisim):
    follower.start()
    said = follower.because()
    assert said == {"fit": True, "because": [], "api": True, "avi": True, "credentials": True, "copy": True, "uuid": True,
                    "controller": avisim.address}
    assert http_text(f"127.0.0.1:{follower.port}", "GET", "/readyz")[0] == 200
    assert follower.get("/api/status") == {"avi_api": {"connection_status": "CONNECTED", "errors": []}}
    sync = wait_for("settled", lambda: (lambda s: s if s["settled"] else None)(follower.get("/api/sync")), 10)
    assert sync["amkocluster"]["context"] == ground.own and not sync["amkocluster"]["isLeader"]
    assert {k["kind"]: k["state"] for k in sync["own"]} == {"GSLBConfig": "synced", "Secret": "synced", "AMKOCluster": "synced"}
    assert "amko_follower_fit 1" in http_text(f"127.0.0.1:{follower.port}", "GET", "/metrics")[1]
    assert avisim.writes_since(0) == []
    requests = ground.ask("GET", "/_sim/log?since=0")
    assert requests and {e["method"] for e in requests} == {"GET"}


def test_what_is_missing_is_said_until_it_is_there(follower, avisim):
    own = follower.own
    follower.start()
    follower.because()
    own.delete("Secret", "avi-system", "gslb-avi-secret")
    follower.because("Secret gslb-avi-secret does not exist")
    own.apply(secret(username=avisim.user, password="wrong"))
    follower.because("the controller: POST /login: HTTP 401")
    own.apply(secret(username=avisim.user, password=avisim.password))
    follower.because()
    own.apply(gslb_config(avisim.address, uuid=None))
    follower.because("has no amko.vmware.com/amko-uuid yet")
    own.apply(gslb_config("127.0.0.1:9"))
    follower.because("the controller: POST /login: connect to 127.0.0.1:9: Connection refused")
    own.apply(gslb_config(avisim.address))
    follower.because()
    assert avisim.writes_since(0) == []


def test_a_controller_that_does_not_lead_is_said(follower, avisim):
    avisim.toggle(leader=False)
    follower.start()
    follower.because("the controller: another site's controller is the GSLB leader")
    avisim.toggle(leader=True)
    follower.because(timeout_s=40)


def test_who_it_is_has_to_be_known(follower, ground):
    follower.start()
    wait_for("ready", lambda: http_text(f"127.0.0.1:{follower.port}", "GET", "/readyz")[0] == 200, 20)
    follower.own.delete_all("AMKOCluster")
    wait_for("not ready", lambda: http_text(f"127.0.0.1:{follower.port}", "GET", "/readyz") ==
             (503, "not ready: 0 AMKOClusters in namespace avi-system: one is needed\n"), 20)
    assert "event=amkocluster_unusable" in follower.read_log()
    follower.own.apply(amko_cluster(ground.own, False, CLUSTERS))
    wait_for("ready again", lambda: http_text(f"127.0.0.1:{follower.port}", "GET", "/readyz")[0] == 200, 20)


def test_the_end_of_the_lease_pipe_is_its_end(follower):
    ours, its = socket.socketpair()
    follower.start("--lease-fd", str(its.fileno()), "--holder", HOLDER, pass_fds=[its.fileno()])
    its.close()
    assert "lease=\"by the keeper\"" in follower.read_log()
    ours.settimeout(20)
    assert ours.recv(64).decode().startswith("report healthy idle\n")
    ours.close()
    assert follower.child.wait(20) == 0, follower.tail()
    assert "event=lease_lost" in follower.read_log()


def test_it_ends_when_it_is_asked_to(follower):
    follower.start()
    follower.because()
    follower.child.send_signal(signal.SIGTERM)
    assert follower.child.wait(20) == 0, follower.tail()
    assert "path=/logout status=200" in follower.read_log()
