"""A bad day of many clusters, and what two leaders make of it: one that was running well when it began, one that starts into it.

It mostly waits, so it runs in a thread beside other tests; they look at what was seen.
"""

import dataclasses
import threading

from crowd import OWN, Crowd
from programs import Avisim

TOLD_WITHIN_S = 100                # 30 s without a live watch, or 30 s for a request
WELL_WITHIN_S = 120                # the longest pause between two attempts is 60 s


@dataclasses.dataclass
class Row:
    """What goes wrong in the cluster of that name: match, and what is done. told: the condition's reason and words of its
    message, to a running leader; told_at_boot where it is another to one that starts. None: nobody can notice."""
    id: str
    match: dict
    do: dict
    told: tuple = None
    told_at_boot: tuple = ()

    def told_when(self, when):
        return self.told if when == "running" or self.told_at_boot == () else self.told_at_boot

    def rule(self):
        return {"match": {"cluster": self.id, **self.match}, "do": self.do}


@dataclasses.dataclass
class Seen:
    """Of one leader, while the trouble lasts."""
    state: str = None
    told: dict = dataclasses.field(default_factory=dict)       # cluster -> what the condition says
    reasons: dict = dataclasses.field(default_factory=dict)    # cluster -> reasons in the log
    n_requests: dict = dataclasses.field(default_factory=dict)
    writes: list = dataclasses.field(default_factory=list)     # what was written for somebody else's change
    late: list = dataclasses.field(default_factory=list)       # and when the trouble was over
    unwell: list = dataclasses.field(default_factory=list)     # clusters that were not well again
    moved: list = dataclasses.field(default_factory=list)      # writes for a change in each cluster


class BadDay(threading.Thread):
    def __init__(self, folder, rows):
        super().__init__(daemon=True)
        self.folder, self.rows, self.error, self.scenes = folder, rows, None, {}
        self.names = [row.id for row in rows]
        self.seen = {"running": Seen(), "boot": Seen()}
        self.is_told, self.is_over = threading.Event(), threading.Event()

    def run(self):
        try:
            self.begin()
            self.trouble()
            self.is_told.set()
            self.mend()
        except BaseException as e:  # told by the tests
            self.error = e
        finally:
            self.is_told.set()
            self.is_over.set()
            self.end()

    def begin(self):
        for when in self.seen:
            folder = self.folder / when
            folder.mkdir()
            avisim = Avisim(str(folder / "avisim.log")).start()
            self.scenes[when] = Crowd(self.names, avisim, folder, ["--bookmark-ms", "500"])
        controller = self.scenes["running"].converge()
        self.scenes["boot"].prepare(controller)

    def trouble(self):
        since = {}
        for when, scene in self.scenes.items():
            if when == "running":
                scene.begin_log()
            scene.ground.fault(*[row.rule() for row in self.rows])
            since[when] = scene.last_request()
        for name in self.names:        # all watches are to be begun anew, with a list
            self.scenes["running"].ground.ask("POST", "/_sim/toggle", {"cluster": name, "compact": True, "end_watches": True})
        self.scenes["boot"].start()
        for when, scene in self.scenes.items():
            try:
                scene.waits("all troubles", lambda s=scene, w=when: self.all_are_told(s, w), TOLD_WITHIN_S)
            except AssertionError:
                pass                   # each row says what it misses
        for when, scene in self.scenes.items():
            self.others_go_on(scene, self.seen[when])
            self.note(scene, self.seen[when], since[when])

    def all_are_told(self, scene, when):
        expected = {row.id: row.told_when(when) for row in self.rows}
        return all(all(word in scene.told_of(name) for word in told[1:]) for name, told in expected.items() if told)

    @staticmethod
    def others_go_on(scene, seen):
        scene.moves_to(OWN, 12)
        scene.waits("a change elsewhere", lambda: scene.is_at(OWN), 30)
        seen.writes = scene.writes()
        scene.seen = scene.avisim.last_n()

    def note(self, scene, seen, since):
        seen.state = scene.status().get("state")
        for name in self.names:
            seen.told[name] = scene.told_of(name)
            seen.reasons[name] = scene.reasons_of(name)
            seen.n_requests[name] = len(scene.requests_to(name, since))

    def mend(self):
        for scene in self.scenes.values():
            scene.ground.end_faults()
        for when, scene in self.scenes.items():
            seen = self.seen[when]
            try:
                scene.is_condition("ClustersSynced", "True", "Synced", timeout_s=WELL_WITHIN_S)
            except AssertionError:
                seen.unwell = [name for name in self.names if scene.told_of(name)]
            seen.late = scene.writes()
            scene.seen = scene.avisim.last_n()
        self.all_move()

    def all_move(self):
        for scene in self.scenes.values():
            # Of what these watches said nothing can be trusted, as long as they live.
            scene.ground.ask("POST", "/_sim/toggle", {"end_watches": True})
            for name in self.names:
                scene.moves_to(name, 13)
        for when, scene in self.scenes.items():
            scene.waits("all changes", lambda s=scene: s.is_at(*self.names), 60)
            scene.waits("an end of all writes", scene.is_settled, 30)
            self.seen[when].moved = sorted(scene.writes())

    def end(self):
        for scene in self.scenes.values():
            try:
                scene.end()
            except BaseException as e:
                self.error = self.error or e
            scene.avisim.kill()

    # ---- for those who look

    def during(self, when):
        """What that leader was seen to do in the trouble."""
        return self.after(self.is_told, when)

    def afterwards(self, when):
        return self.after(self.is_over, when)

    def after(self, event, when):
        event.wait(600)
        if self.error:
            raise self.error
        return self.seen[when]
