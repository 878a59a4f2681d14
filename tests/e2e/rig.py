"""A test's bench: a ground, a simulated controller and our leader, and the wait until all is carried through.

A test says what changes; settle() then waits on /api/sync, never on time: every kind of every cluster must have seen the
barrier objects that are touched after the changes, our own objects their last version, and nothing may be left to do.
"""

import time

from programs import Leader

# Kinds of the own cluster that are waited for by the versions and numbers of the test's own writes: a barrier object of
# these kinds would be answered with an error status.
OWN_KINDS = ("GSLBConfig", "GlobalDeploymentPolicy", "GSLBHostRule")


class NotSettled(AssertionError):
    pass


class Rig:
    def __init__(self, ground, avisim, log):
        self.ground, self.avisim = ground, avisim
        self.leader = Leader(log, ground.kubeconfig, ground.own)
        self.written = {}              # own kind -> newest resourceVersion that the test wrote
        self.env = {}

    @property
    def own(self):
        return self.ground.clusters[self.ground.own]

    def reset(self, controller):
        """Everything as before the first step of a test; controller has the form of controller.json."""
        self.leader.kill()
        self.ground.reset()
        self.avisim.reset(controller)
        self.avisim.toggle(check_domains=False)
        self.written = {}

    def apply(self, cluster, *objects):
        for obj in objects:
            stored = self.ground.clusters[cluster].apply(obj)
            if cluster == self.ground.own and obj["kind"] in OWN_KINDS:
                self.written[obj["kind"]] = int(stored["metadata"]["resourceVersion"])

    def delete(self, cluster, *objects):
        for obj in objects:
            meta = obj["metadata"]
            self.ground.clusters[cluster].delete(obj["kind"], meta.get("namespace"), meta["name"])

    def start(self, *options):
        self.leader.start(*options, env=self.env)

    def stop(self):
        self.leader.stop_cleanly()

    def restart(self):
        self.stop()
        self.start()

    def settle(self, timeout_s=30, without=()):
        """Waits until everything that was changed before the call is carried through; the last /api/sync.

        without: names of clusters whose changes cannot be seen now.
        """
        marks = self.ground.touch_barriers(without)
        counts = {kind: len(self.own.list(kind)) for kind in OWN_KINDS}
        deadline, writes, sync, why = time.monotonic() + timeout_s, None, None, "no answer yet"
        while time.monotonic() < deadline:
            sync = self.leader.sync()
            why = unsettled(sync, marks, self.written, counts)
            if not why and sync["passes_total"] == writes:
                return sync
            writes = None if why else sync["passes_total"]
            time.sleep(0.02)
        raise NotSettled(f"not settled after {timeout_s} s: {why}\n/api/sync: {sync}\n{self.leader.tail(60)}")


def unsettled(sync, marks, written, counts):
    """Why not everything is carried through, or "". Only kinds that the leader watches are waited for."""
    if sync is None:
        return "/api/sync does not answer"
    for kind in sync["own"]:
        name, version = kind["kind"], int(kind["resourceVersion"] or 0)
        if name in OWN_KINDS and version < written.get(name, 0):
            return f"own {name} is at {version}, written was {written[name]}"
        if name in OWN_KINDS and kind["objects"] != counts[name]:
            return f"own {name}: {kind['objects']} objects, there are {counts[name]}"
    for cluster in sync["clusters"]:
        for kind in cluster["kinds"]:
            mark = marks.get(cluster["cluster"], {}).get(kind["kind"], 0)
            if int(kind["resourceVersion"] or 0) < mark:
                return f"{cluster['cluster']} {kind['kind']} is at {kind['resourceVersion']}, the barrier at {mark}"
    return "" if sync["settled"] else "settled is false"
