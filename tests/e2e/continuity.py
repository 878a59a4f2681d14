"""What must be true of a controller while leadership goes from one instance to another.

    continuity = Continuity(avisim)        # as it is now
    ...                                    # something is lost, somebody is promoted
    continuity.lost_nothing()
    continuity.had_one_writer_at_a_time()
"""

from programs import wait_for

WRITTEN = ("gslbservice", "healthmonitor")


def addresses(service):
    return sorted(m["ip"]["addr"] for g in service["groups"] for m in g["members"])


def served(avisim):
    """{global name: [address]} of what clients made."""
    return {o["name"]: addresses(o["object"]) for o in avisim.objects("gslbservice", written=True) if o["by_client"]}


def is_done(entry):
    return 200 <= entry["status"] < 300


def is_write(entry):
    return entry["type"] in WRITTEN and entry["method"] in ("POST", "PUT", "DELETE")


def claim(entry):
    """(holder, epoch) that the record shows from this entry of the log on; None: it has nothing to do with it."""
    if entry["type"] != "stringgroup" or entry["method"] not in ("POST", "PUT") or not is_done(entry):
        return None
    pairs = {pair["key"]: pair["value"] for pair in entry["body"]["kv"]}
    return pairs["holder"], pairs["epoch"]


class Continuity:
    def __init__(self, avisim):
        self.avisim, self.seen, self.before = avisim, avisim.last_n(), served(avisim)

    def serves(self, name, address, timeout_s=30):
        """Waits until the change of an application has reached the controller."""
        wait_for(f"{address} of {name}", lambda: address in served(self.avisim).get(name, []), timeout_s)

    def first_write(self, timeout_s=30):
        """The first one that was done since; it is waited for."""
        return wait_for("a write", lambda: next((e for e in self.avisim.log_since(self.seen) if is_write(e) and is_done(e)), None),
                        timeout_s)

    def lost_nothing(self):
        """No service went, and none had fewer members for a moment: who cannot be seen any more stays."""
        for entry in self.avisim.log_since(self.seen):
            if entry["type"] == "gslbservice" and is_write(entry):
                assert entry["method"] != "DELETE", f"a service is gone: {entry}"
                left, had = addresses(entry["body"]), self.before.get(entry["name"], [])
                assert len(left) >= len(had), f"{entry['name']}: {had} became {left}"
        assert set(served(self.avisim)) >= set(self.before)

    def had_one_writer_at_a_time(self):
        """By the controller's log, which is ordered: a worker has a login of its own, and what it writes comes while the record
        shows one and the same leader."""
        shown, wrote_under = None, {}
        for entry in self.avisim.log_since(0):
            shown = claim(entry) or shown
            if is_write(entry):
                wrote_under.setdefault(entry["session"], set()).add(shown)
        assert all(len(claims) == 1 for claims in wrote_under.values()), wrote_under
        return wrote_under
