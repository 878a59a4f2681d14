"""Scripts: which faults meet which instance when. Made from a number or a name alone, before anything runs.

A step is done `at_ms` after the controller was first written to, and taken back `for_ms` later where it can be (0: it
cannot). It is about an instance: a context, or one of ROLES, resolved when its time has come.
"""

import collections
import random

CONTEXTS = ("cluster1", "cluster2", "cluster3")
ROLES = ("leader", "first", "second")  # who leads then; the others, by their contexts
ALL = "all"
LEASE_MS = 3000
PARTS = ("keeper", "worker", "both")
SERVERS = ("own", "members", "avi", "all")
WAYS = ("hole", "reset", "deaf", "link")
EDITS = ("delete", "clear", "strange", "older", "newer", "attempt", "bare", "nonsense")


class Step(collections.namedtuple("Step", "at_ms for_ms verb who args")):
    """| verb    | args                                                                                              |
    | stop    | part: SIGSTOP, then SIGCONT                                                                       |
    | kill    | part: SIGKILL; a keeper comes again after for_ms                                                  |
    | end     | SIGTERM; it comes again after for_ms                                                              |
    | cut     | servers, way: hole: packets vanish; reset: connections are refused; deaf: it is heard and hears   |
    |         | nothing; link: its interface is down, whatever servers says                                       |
    | clock   | seconds: the wall clock of keeper and worker                                                      |
    | slow    | ms: the cluster's API server answers so late                                                      |
    | late    | ms: the controller does at once what it is asked for, and answers so late                         |
    | down    | the cluster's API server                                                                          |
    | lease   | edit: of the cluster's Lease, by hand; who wrote nonsense deletes it in the end                   |
    | promote | force, reach: as kubectl amko promote; "all": it takes isLeader from the others before, "one": it |
    |         | reaches this cluster alone                                                                        |
    | demote  |                                                                                                   |
    """

    def __str__(self):
        what = " ".join(str(a) for a in self.args)
        text = f"{self.at_ms:>5} {self.verb} {self.who} {what}".rstrip()
        return text + (f", for {self.for_ms} ms" if self.for_ms else "")


def step(at_ms, verb, who, *args, for_ms=0):
    return Step(at_ms, for_ms, verb, who, args)


LONG = LEASE_MS + 900


def row(*steps, n=3):
    return n, list(steps)


# What is asked for by name. Each is played in both modes.
ROWS = {
    "the leader's keeper stands still longer than the lease": row(step(200, "stop", "leader", "keeper", for_ms=LONG)),
    "its worker stands still longer than the lease": row(step(200, "stop", "leader", "worker", for_ms=LONG)),
    "both stand still longer than the lease": row(step(200, "stop", "leader", "both", for_ms=LONG)),
    "everybody stands still longer than the lease": row(step(200, "stop", ALL, "both", for_ms=LONG)),
    "they stand still while another is forced": row(
        step(200, "stop", "leader", "both", for_ms=LONG), step(600, "promote", "first", True, "all")),
    "the worker stands still while another is forced": row(
        step(200, "stop", "leader", "worker", for_ms=LONG), step(600, "promote", "first", True, "all")),
    "the leader's keeper is killed": row(step(200, "kill", "leader", "keeper", for_ms=1500)),
    "its worker is killed": row(step(200, "kill", "leader", "worker")),
    "its worker is killed again and again": row(*(step(200 + 500 * i, "kill", "leader", "worker") for i in range(6))),
    "both are killed": row(step(200, "kill", "leader", "both", for_ms=LONG)),
    "the leader is asked to end": row(step(200, "end", "leader", for_ms=LONG)),
    "the leader is cut from the members": row(step(200, "cut", "leader", "members", "hole", for_ms=LONG)),
    "the members do not hear from them that they do not answer": row(
        step(200, "cut", "leader", "members", "deaf", for_ms=LONG)),
    "the leader's requests to its own cluster are reset": row(step(200, "cut", "leader", "own", "reset", for_ms=LONG)),
    "the leader is cut from the controller": row(step(200, "cut", "leader", "avi", "hole", for_ms=LONG)),
    "the leader does not hear the controller": row(step(200, "cut", "leader", "avi", "deaf", for_ms=LONG)),
    "the leader is cut from all": row(step(200, "cut", "leader", "all", "hole", for_ms=LONG)),
    "the leader's link is down": row(step(200, "cut", "leader", "all", "link", for_ms=LONG)),
    "the leader is cut from all and another is forced": row(
        step(200, "cut", "leader", "all", "hole", for_ms=LONG), step(600, "promote", "first", True, "all")),
    "the leader hears nothing and another is forced": row(
        step(200, "cut", "leader", "all", "deaf", for_ms=LONG), step(600, "promote", "first", True, "all")),
    "the leader's clock goes an hour on": row(step(200, "clock", "leader", 3600, for_ms=2500)),
    "the leader's clock goes an hour back": row(step(200, "clock", "leader", -3600, for_ms=2500)),
    "the others' clocks go an hour on": row(step(200, "clock", "first", 3600), step(200, "clock", "second", 3600)),
    "clocks jump while the leader stands still": row(
        step(100, "clock", ALL, 3600), step(200, "stop", "leader", "both", for_ms=LONG),
        step(1500, "clock", ALL, -3600)),
    "the leader's API server is slow": row(step(200, "slow", "leader", 450, for_ms=LONG)),
    "the leader's API server is slower than can be waited for": row(step(200, "slow", "leader", 800, for_ms=LONG)),
    "all API servers are slow": row(step(200, "slow", ALL, 700, for_ms=LONG)),
    "the leader's API server is down": row(step(200, "down", "leader", for_ms=LONG)),
    "the controller answers late": row(step(200, "late", ALL, 300, for_ms=LONG)),
    "the leader's Lease is deleted": row(step(200, "lease", "leader", "delete")),
    "all Leases are deleted": row(step(200, "lease", ALL, "delete"), step(900, "lease", ALL, "delete")),
    "all Leases are deleted while the leader stands still": row(
        step(200, "stop", "leader", "both", for_ms=LONG), step(400, "lease", ALL, "delete")),
    "the holder is taken out of all Leases": row(step(200, "lease", ALL, "clear")),
    "the holder is taken out of all Leases and another is promoted": row(
        step(200, "cut", "leader", "members", "deaf", for_ms=LONG), step(260, "lease", ALL, "clear"),
        step(300, "promote", "first", True, "all")),
    "a Lease names somebody else": row(step(200, "lease", "leader", "strange")),
    "a Lease says an older epoch": row(step(200, "lease", "leader", "older")),
    "a Lease says a newer epoch": row(step(200, "lease", "leader", "newer")),
    "a Lease is nonsense": row(step(200, "lease", "leader", "nonsense", for_ms=2500)),
    "two are forced at once": row(
        step(200, "promote", "first", True, "all"), step(200, "promote", "second", True, "all")),
    "two are forced at once by two who do not see each other": row(
        step(200, "promote", "first", True, "one"), step(200, "promote", "second", True, "one")),
    "all three are forced at once": row(step(200, "promote", ALL, True, "one")),
    "the leader and another are forced at once": row(
        step(200, "promote", "leader", True, "one"), step(200, "promote", "first", True, "one")),
    "two are promoted at once": row(
        step(200, "promote", "first", False, "one"), step(200, "promote", "second", False, "one")),
    "two are forced on two sides of a cut": row(
        step(100, "cut", "first", "members", "hole", for_ms=1500), step(300, "promote", "first", True, "one"),
        step(300, "promote", "second", True, "one")),
    "of two the leader is killed": row(step(200, "kill", "leader", "both", for_ms=LONG), n=2),
    "of two the leader is cut from all": row(step(200, "cut", "leader", "all", "hole", for_ms=LONG), n=2),
    "of two both are forced at once": row(step(200, "promote", ALL, True, "one"), n=2),
}
NAMES = [f"{name} ({mode})" for name in ROWS for mode in ("Manual", "Automatic")]


class Script:
    """of: a seed, or one of NAMES."""

    def __init__(self, of):
        self.of = of
        self.dice = random.Random(f"takeover {of}")
        if of in NAMES:
            name, self.mode = of[:-1].rsplit(" (", 1)
            n, self.steps = ROWS[name]
            self.leader, self.change_ms = "cluster2", 40
        else:
            n, self.steps = self.draw()
        self.contexts = CONTEXTS[:n]
        self.end_ms = max(s.at_ms + s.for_ms for s in self.steps) + 1200

    def __str__(self):
        head = (f"seed {self.of}" if isinstance(self.of, int) else self.of) + \
            f": {len(self.contexts)} instances, {self.mode}, {self.leader} first, a change every {self.change_ms} ms"
        return "\n".join([head] + [f"  {s}" for s in self.steps])

    @property
    def fakes_time(self):
        return any(s.verb == "clock" for s in self.steps)

    # ---- made from a number

    def draw(self):
        self.mode = self.dice.choice(("Manual", "Automatic"))
        n = self.dice.choice((2, 3, 3, 3))
        self.leader = self.dice.choice(CONTEXTS[:n])
        self.change_ms = self.dice.choice((25, 40, 70))
        makers = {self.stop: 6, self.kill: 4, self.end: 1, self.cut: 6, self.clock: 2, self.slow: 2, self.late: 1,
                  self.down: 1, self.lease: 3, self.promote: 3, self.two_promotions: 2, self.demote: 0.5}
        steps = []
        for maker in self.dice.choices(list(makers), makers.values(), k=self.dice.choice((1, 2, 2, 3, 3, 4))):
            steps += maker(self.dice.randint(50, 3000), n)
        return n, sorted(steps)

    def who(self, n, leader=4):
        roles = ROLES[:n]
        return self.dice.choices(roles, [leader] + [1] * (n - 1))[0]

    def long(self):
        """Mostly about as long as a lease, where everything is decided."""
        low, high = self.dice.choice(((100, 1500), (1500, 3500), (2800, 4500)))
        return self.dice.randint(low, high)

    def stop(self, at, n):
        who = ALL if self.dice.random() < 0.1 else self.who(n)
        return [step(at, "stop", who, self.dice.choice(PARTS), for_ms=self.long())]

    def kill(self, at, n):
        part = self.dice.choice(PARTS)
        return [step(at, "kill", self.who(n), part, for_ms=self.long() if part != "worker" else 0)]

    def end(self, at, n):
        return [step(at, "end", self.who(n), for_ms=self.long())]

    def cut(self, at, n):
        way = self.dice.choice(WAYS)
        servers = "all" if way == "link" else self.dice.choice(SERVERS + CONTEXTS[:n])
        return [step(at, "cut", self.who(n), servers, way, for_ms=self.long())]

    def clock(self, at, n):
        who = ALL if self.dice.random() < 0.2 else self.who(n)
        return [step(at, "clock", who, self.dice.choice((3600, -3600)), for_ms=self.dice.choice((0, 1500)))]

    def slow(self, at, n):
        who = ALL if self.dice.random() < 0.3 else self.who(n)
        return [step(at, "slow", who, self.dice.choice((200, 450, 700, 1500)), for_ms=self.long())]

    def late(self, at, _n):
        return [step(at, "late", ALL, self.dice.choice((100, 300, 600)), for_ms=self.long())]

    def down(self, at, n):
        return [step(at, "down", self.who(n), for_ms=self.long())]

    def lease(self, at, n):
        who = ALL if self.dice.random() < 0.3 else self.who(n)
        edit = self.dice.choice(EDITS)
        return [step(at, "lease", who, edit, for_ms=self.long() if edit == "nonsense" else 0)]

    def promote(self, at, n):
        return [step(at, "promote", self.who(n, leader=0.5), self.dice.random() < 0.5, "all")]

    def two_promotions(self, at, n):
        force, later = self.dice.random() < 0.7, self.dice.choice((0, 0, 30, 200))
        first, second = self.dice.sample(ROLES[:n], 2)
        reach = self.dice.choice(("all", "one", "one"))
        return [step(at, "promote", first, force, reach), step(at + later, "promote", second, force, reach)]

    def demote(self, at, _n):
        return [step(at, "demote", "leader"), step(at + 300, "promote", "first", False, "all")]
