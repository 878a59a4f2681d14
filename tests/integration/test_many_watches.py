"""A thousand watches that break at once: the leader stays small, takes them up again bit by bit, and writes nothing."""

import os
import resource
import statistics

import pytest
import yaml

from crowd import OWN
from manifests import CONTROLLER, gslb_config, policy
from programs import Avisim, Leader, wait_for
from sim_ground import SimGround

N_CONTEXTS = 340                   # of one cluster: 1020 watches, and the own cluster's


class Many:
    """A leader whose members are one cluster under many names. It is given fewer descriptors than it needs."""

    def __init__(self, folder):
        self.avisim = Avisim(f"{folder}/avisim.log").start()
        self.ground = SimGround(f"{folder}", n=1).start_all()
        self.api = self.ground.clusters[OWN]
        self.leader = Leader(f"{folder}/leader.log", self.ground.kubeconfig, OWN, members=f"{folder}/many")
        names = [f"c{i:03}" for i in range(N_CONTEXTS)]
        config = self.ground.kubeconfig_object()
        config["contexts"] = [{"name": name, "context": config["contexts"][0]["context"]} for name in names]
        with open(f"{folder}/many", "w", encoding="utf-8") as f:
            yaml.safe_dump(config, f)
        self.ground.reset()
        self.avisim.reset(CONTROLLER)
        self.api.apply(gslb_config(self.avisim.address, clusters=names, logLevel="WARN"))
        self.api.apply(policy(clusters=names))

    def start(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
        try:
            self.leader.start()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.live(120)

    def n_watches(self):
        self.leader.check()
        return self.ground.ask("GET", "/_sim/stats")["clusters"][OWN]["watches"]

    def live(self, timeout_s):
        wait_for("all watches", lambda: self.n_watches() >= 3 * N_CONTEXTS + 3, timeout_s, 0.1)

    def cpu_s(self):
        with open(f"/proc/{self.leader.child.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def most_mib(self):
        with open(f"/proc/{self.leader.child.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmHWM:")) // 1024

    def breaks(self, timeout_s, **toggle):
        """What breaks all watches; the requests until all live again, from a mark before, and the leader's seconds of CPU."""
        cpu_s = self.cpu_s()
        self.api.list("GSLBConfig")
        since = self.ground.ask("GET", "/_sim/stats")["log"]["last"] - 1
        self.ground.ask("POST", "/_sim/toggle", {"cluster": OWN, **toggle})
        if toggle.get("down"):
            self.ground.ask("POST", "/_sim/toggle", {"cluster": OWN, "down": False})
            self.api.api.close()
        self.live(timeout_s)
        return self.ground.ask("GET", f"/_sim/log?since={since}"), self.cpu_s() - cpu_s

    def end(self):
        try:
            self.leader.stop_cleanly()
        finally:
            self.leader.kill()
            self.ground.stop_all()
            self.avisim.kill()


def watches_in(entries):
    return [e for e in entries if e["verb"] == "watch"]


@pytest.fixture
def many(tmp_path):
    many = Many(tmp_path)
    yield many
    many.end()


def test_a_thousand_watches_that_break_at_once(many):
    many.start()
    n, written = many.n_watches(), many.avisim.last_n()
    # They end as a server ends them: taken up again, but not at one moment.
    entries, cpu_s = many.breaks(60, end_watches=True)
    assert len(watches_in(entries)) <= n + 5 and cpu_s < 10
    assert statistics.median(e["time_ms"] for e in watches_in(entries)) - entries[0]["time_ms"] > 100
    # They have expired: each lists once and watches on, over the connections that are there.
    entries, cpu_s = many.breaks(60, compact=True, end_watches=True)
    assert len(watches_in(entries)) <= 2 * n + 10 and len(entries) <= 3 * n + 100 and cpu_s < 20
    # All connections are gone: each needs another one, and 5 s are not enough for all at once.
    entries, cpu_s = many.breaks(150, down=True)
    assert len(entries) <= 4 * n and cpu_s < 60
    assert many.avisim.writes_since(written) == []
    if "address" not in os.environ.get("BUILD", ""):
        assert many.most_mib() < 300
