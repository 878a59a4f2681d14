"""The drills of docs/disaster-recovery.md: each command is run as it stands there, on keepers, clusters and a controller, and
has to give the answer that stands there. Beside the page: what is published stays, changes arrive again afterwards, and the old
leader writes nothing any more."""

import json
import os
import shutil
import subprocess
import time

import pytest
import yaml

from drills import contains_in_order, drills, is_progress, plain
from ground import HOME
from instances import Federation, amko_cluster
from manifests import CONTROLLER, HOST, gslb_config, member, namespace, policy, secret
from programs import Avisim, built, wait_for
from continuity import Continuity, served

NAMES = {"east": "cluster1", "north": "cluster2", "west": "cluster3"}
PATIENCE_S = 40
ADDRESSES = ("203.0.113.5", "203.0.113.6")     # of the first and the second controller, on the page


class NamedGround:
    """A ground whose clusters have the page's names."""

    def __init__(self, ground, folder, names):
        self.ground, self.names = ground, names
        self.clusters = {name: ground.clusters[NAMES[name]] for name in names}
        self.servers = {name: ground.servers[NAMES[name]] for name in names}
        self.has_rbac = ground.has_rbac
        self.kubeconfig = self.write_kubeconfig(os.path.join(folder, "members"), names)

    def write_kubeconfig(self, path, names, users=None):
        config = self.ground.kubeconfig_object([NAMES[name] for name in names], {NAMES[n]: u for n, u in (users or {}).items()})
        for context in config["contexts"]:
            context["name"] = next(name for name in names if NAMES[name] == context["name"])
        config["current-context"] = names[0]
        with open(path, "w", encoding="utf-8") as f:
            yaml.safe_dump(config, f)
        return path

    def reset(self):
        self.ground.reset()

    def start(self, name):
        self.ground.start(NAMES[name])

    def stop(self, name):
        self.ground.stop(NAMES[name])


class Site(Federation):
    """What a drill begins with, and what happens to it."""

    def __init__(self, drill, ground, folder):
        names = drill.settings.get("clusters", "east,north,west").split(",")
        super().__init__(NamedGround(ground, str(folder), names), Avisim(str(folder / "avisim.log")), folder, names)
        self.drill, self.second = drill, Avisim(str(folder / "second.log"))
        self.continuity = None

    def prepare(self, leader="east", failover=None, controller=None):
        self.ground.reset()
        begin_empty(self.avisim)
        if self.drill.settings.get("fence") == "none":
            self.avisim.ask("POST", "/_sim/faults", {"match": {"path": "/api/stringgroup"}, "do": {"status": 403}})
        for name in self.names:
            cluster = self.ground.clusters[name]
            cluster.delete_all("AMKOCluster")
            cluster.delete_all("Lease")
            cluster.delete_all("Event")
            for obj in (secret(username=self.avisim.user, password=self.avisim.password), namespace(), member(NAMES[name]),
                        gslb_config(self.avisim.address, clusters=self.names), policy(clusters=self.names),
                        amko_cluster(name, name == leader, self.names, failover)):
                cluster.apply(obj)
        self.give_accounts()

    def run_up(self):
        """east leads, the others follow."""
        self.prepare(failover=self.drill.settings.get("failover"))
        for instance in self.instances.values():
            self.start_instance(instance)
            if instance.context == "east":
                self.wait_leader("east")
        wait_for("everybody to be fit, under the view that the spec asks for", self.is_settled, PATIENCE_S)
        wait_for("members of all clusters", lambda: len(served(self.avisim).get(HOST, [])) == len(self.names), PATIENCE_S)
        self.continuity = Continuity(self.avisim)
        return self

    def is_settled(self):
        told = json.loads(self.command("kubectl amko status -o json")[1])
        mode = self.drill.settings.get("failover", "Manual")
        return all(all(m.get("fit", {"": False}).values()) and m["lease"]["view"]["mode"] == mode and
                   "viewsBefore" not in m["lease"] and len(m["lease"]["view"]["members"]) == len(self.names) for m in told["members"])

    @staticmethod
    def start_instance(instance):
        instance.start(env={"POD_NAME": "amko-0"})

    # ---- what happens

    def do(self, what, arguments):
        getattr(self, "do_" + what)(arguments)

    def do_lose(self, what):
        if what != "controller":
            self.lose(what)
            return
        self.continuity.lost_nothing()
        self.continuity.had_one_writer_at_a_time()
        begin_empty(self.second)
        self.continuity = Continuity(self.second)
        self.avisim.kill()

    def do_return(self, name):
        self.ground.start(name)
        self.start_instance(self.instances[name])

    def ends_well(self):
        """An application changes in a cluster that is there; the controller in use has it, and lost nothing on the way."""
        name = next(name for name in reversed(self.names) if self.ground.servers[name].is_running())
        self.ground.clusters[name].apply(member(NAMES[name], ip="10.20.99.1"))
        self.continuity.serves(HOST, "10.20.99.1", PATIENCE_S)
        self.continuity.lost_nothing()
        self.continuity.had_one_writer_at_a_time()

    def do_run(self, command):
        """In the same words, without a look at the answer."""
        code, _, err = self.command(command)
        assert code == 0, err

    # ---- commands

    def command(self, text):
        text = text.replace(ADDRESSES[0], self.avisim.address)
        if self.second.address:
            text = text.replace(ADDRESSES[1], self.second.address)
        if "--context" not in text and not self.ground.servers["east"].is_running() and not text.startswith("kubectl amko promote"):
            raise AssertionError(f"{text}: east is lost, begin elsewhere")
        path = ":".join([os.path.dirname(built("kubectl-amko")), os.path.dirname(kubectl()), os.environ["PATH"]])
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env={**os.environ, "PATH": path, "KUBECONFIG": self.ground.kubeconfig})
        return done.returncode, done.stdout, done.stderr

    def run(self, command, answer):
        """Looks wait for the answer, as a person looks again; acts give it once."""
        deadline, wanted = time.monotonic() + PATIENCE_S, plain(answer)
        while True:
            code, out, err = self.command(command)
            got = plain((out + err).splitlines(), self.drill.either)
            if is_progress(command):
                assert contains_in_order(got, wanted), "\n".join([command, "--- got", *got, "--- wanted, in this order", *wanted])
                assert (code == 0) == (not any(line.startswith("error: ") for line in wanted)), (code, err)
                return
            if got == wanted:
                return
            if time.monotonic() > deadline:
                more = self.command("kubectl amko status -o wide --context west")[1]
                raise AssertionError("\n".join([command, "--- got", *got, "--- wanted", *wanted, "--- all", more]))
            time.sleep(0.2)


def begin_empty(avisim):
    avisim.start()
    avisim.reset(CONTROLLER)
    avisim.toggle(check_domains=False)


def kubectl():
    program = os.path.join(os.environ.get("AMKO_APISERVER", ""), "kubectl")
    return program if os.path.exists(program) else shutil.which("kubectl")


@pytest.fixture
def site(request, ground, tmp_path):
    if not kubectl():
        pytest.skip("the drills are kubectl's, and there is none")
    site = Site(request.param, ground, tmp_path)
    try:
        yield site.run_up()
    finally:
        site.kill()
        site.avisim.kill()
        site.second.kill()
        for name in site.names:
            for kind in ("AMKOCluster", "Lease", "Event"):
                for obj in site.ground.clusters[name].list(kind, HOME):
                    site.ground.clusters[name].delete(kind, HOME, obj["metadata"]["name"])


@pytest.mark.parametrize("site", drills(), ids=repr, indirect=True)
def test_drill(site):
    for kind, *step in site.drill.steps:
        (site.do if kind == "do" else site.run)(*step)
    site.ends_well()


def test_the_page_has_its_drills():
    assert [drill.name for drill in drills()] == ["planned", "cluster", "site", "returns", "automatic", "two", "two-automatic", "force"]
    assert all(any(step[0] == "run" and step[2] for step in drill.steps) for drill in drills())
