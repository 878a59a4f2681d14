"""A keeper in miniature: it opens the lease pipe, tells the worker how long it may write, and keeps the record on the controller.

A test says what it tells: keeper.grants(3) allows writes for three seconds, keeper.holds() renews until keeper.starves().
"""

import re
import select
import socket
import threading
import time

from manifests import UUID

HOLDER = "cluster1/amko-0/0b1c9f7e-0000-4000-8000-000000000001/a1b2c3d4"
GREATER = "cluster2/amko-0/0b1c9f7e-0000-4000-8000-000000000002/a1b2c3d4"
RECORD = f"amko-{UUID}-leadership"
# A = M = 2 s, and a read of the record is good for 0.4 s: enough for a busy machine.
TIMING = ("--lease-duration", "12s", "--renew-deadline", "8s", "--retry-period", "2s")
A_S = 2


def boottime():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def record(epoch, holder):
    pairs = {"epoch": epoch, "holder": holder, "promotion": 0, "view": "Manual 1 0 cluster1 cluster2", "counter": 0}
    return {"name": RECORD, "type": "SG_TYPE_KEYVAL", "kv": [{"key": k, "value": str(v)} for k, v in pairs.items()]}


class Keeper:
    def __init__(self, leader, avisim, epoch=5):
        self.leader, self.avisim, self.epoch = leader, avisim, epoch
        self.fenced, self.pipe, self.feeder, self.said = True, None, None, ""
        self.fed = threading.Event()

    def starts(self, *options, timing=TIMING):
        """The worker, told nothing yet."""
        self.pipe, its = socket.socketpair()
        try:
            self.leader.start("--lease-fd", str(its.fileno()), "--holder", HOLDER, *timing, *options, pass_fds=[its.fileno()])
        finally:
            its.close()

    # ---- the pipe

    def says(self, text):
        self.pipe.sendall(text.encode())

    def tells(self, starts_before, ends_by, epoch=None):
        """Both in seconds of CLOCK_BOOTTIME."""
        word = "fenced" if self.fenced else "fenceless"
        self.says(f"term {epoch or self.epoch} {int(starts_before * 1000)} {int(ends_by * 1000)} {word}\n")

    def grants(self, seconds, **more):
        """Writes may start for so long; when that is over, in wall-clock milliseconds."""
        now = boottime()
        self.tells(now + seconds, now + seconds + A_S, **more)
        return (time.time() + seconds) * 1000

    def withholds(self):
        """No write yet."""
        self.tells(0, 0)

    def holds(self):
        """Renews for 8 s twice a second until starves()."""
        self.fed.clear()

        def feed():
            while not self.fed.wait(0.5):
                try:
                    self.grants(8)
                except OSError:        # the worker has ended
                    return
        self.grants(8)
        self.feeder = threading.Thread(target=feed, daemon=True)
        self.feeder.start()

    def starves(self):
        if self.feeder:
            self.fed.set()
            self.feeder.join()
            self.feeder = None

    def hangs_up(self):
        self.starves()
        if self.pipe:
            self.pipe.close()
            self.pipe = None

    def hears(self, pattern, timeout_s=10):
        """Waits until the worker has said this since it was last asked."""
        deadline = time.monotonic() + timeout_s
        while not re.search(pattern, self.said, re.M):
            ready, _, _ = select.select([self.pipe], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"the worker did not say {pattern}, but: {self.said!r}"
            self.said += self.pipe.recv(4096).decode()
        self.said = ""

    # ---- the record

    def claims(self, epoch=None, holder=HOLDER):
        self.avisim.seed("stringgroup", [record(epoch or self.epoch, holder)])

    def reads(self, entries):
        """Those of the record among entries of the controller's log."""
        return [e for e in entries if e["method"] == "GET" and e["type"] == "stringgroup"]
