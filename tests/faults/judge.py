"""What must hold: of the controller's log while things happen, and of its objects when all is quiet again.

Pure: values in, complaints out; an empty list means that all is well. The promises: nothing goes without a cause,
nothing of another owner is touched, and in the end all is as wanted.
"""

import re

import compare
from model import Seen
from world import OWNER

TYPES = ("gslbservice", "healthmonitor")
# What the controller adds to what was written.
ADDED = {"gslbservice": {"num_dns_ip": 0}, "healthmonitor": {}}


def is_write(entry):
    return entry["method"] in ("POST", "PUT", "PATCH", "DELETE") and re.match(r"/+api/+(?!login|logout)", entry["path"])


def describe(entry):
    what = f"{entry['method']} {entry['path']} ({entry['tenant']}) {entry.get('name') or ''}"
    return f"n={entry['n']} {what}: HTTP {entry['status']}"


def addresses(body):
    return {member["ip"]["addr"] for group in body.get("groups", []) for member in group["members"]}


# ---- while it runs


class Watchman:
    """Reads the controller's log and complains of what was taken away without a cause.

    A cause is a change of an object, its namespace, the policy or the configuration since the last time all was known
    and carried through. What was in every mix of these states ("firm") must stay, whatever fails meanwhile.
    """

    def __init__(self):
        self.members = {}              # (tenant, name) -> addresses that the controller has; absent: not known
        self.tampered = set()          # names that somebody else has changed since all was known
        self.foreign = set()           # UUIDs that nobody but their owner may write to

    def tamper(self, name):
        self.tampered.add(name)
        self.members = {key: found for key, found in self.members.items() if key[1] != name}

    def settled(self, services):
        """services: the controller's, [{"tenant", "name", "object"}]."""
        self.tampered.clear()
        self.members = {(s["tenant"], s["name"]): addresses(s["object"]) for s in services}

    def read(self, entries, history):
        return [line for entry in entries if is_write(entry) for line in self.look(entry, history)]

    def look(self, entry, history):
        uuid = entry["path"].rstrip("/").rsplit("/", 1)[-1]
        lines = []
        if uuid in self.foreign:
            lines.append(f"somebody else's object is written to: {describe(entry)}")
        elif entry["type"] == "gslbservice":
            lines = self.look_at_service(entry, history)
        elif entry["type"] == "healthmonitor" and entry["method"] == "DELETE":
            lines = self.look_at_monitor(entry, history)
        return lines

    def look_at_service(self, entry, history):
        key = (entry["tenant"], entry["name"])
        before = self.members.get(key)
        after = addresses(entry["body"]) if isinstance(entry["body"], dict) else set()
        if 200 <= entry["status"] < 300:
            self.members[key] = after
        elif entry["status"] == 0:     # cut: nobody knows what became of it
            self.members.pop(key, None)
        if not before or before <= after or key[1] in self.tampered:
            return []
        lost = (before - after) & Seen(history, entry["n"]).firm_addresses(*key)
        return [f"{sorted(lost)} taken away without a cause: {describe(entry)}"] if lost else []

    def look_at_monitor(self, entry, history):
        seen = Seen(history, entry["n"])
        hosts = {host for tenant, host in self.members if tenant == entry["tenant"]} - self.tampered
        return [f"the monitor of {host} is taken away without a cause: {describe(entry)}" for host in sorted(hosts)
                if entry["name"] in seen.firm_monitors(entry["tenant"], host)]


# ---- when all is quiet


def is_ours(kind, body):
    """By the mark that we leave, and only by that."""
    if kind == "gslbservice":
        return body.get("created_by") == OWNER
    return any(m.get("key") == "created-by" and OWNER in m.get("values", []) for m in body.get("markers", []))


def bare(kind, body):
    """Without what the controller adds of its own."""
    return {key: value for key, value in body.items() if key != "url" and ADDED[kind].get(key, compare.ABSENT) != value}


def objects(kind, found, want):
    """found: the controller's [{"tenant", "name", "object"}]; want: the oracle's [{"tenant", "body"}]."""
    ours = [{"tenant": f["tenant"], "body": bare(kind, f["object"])} for f in found if is_ours(kind, f["object"])]
    return compare.objects(kind, ours, want)


def second_opinion(want, expected):
    """Do the oracle and the model agree? want: type -> the oracle's; expected: model.expect()."""
    services = {(s["tenant"], s["body"]["name"]): s["body"] for s in want["gslbservice"]}
    monitors = {(m["tenant"], m["body"]["name"]) for m in want["healthmonitor"]}
    lines = [f"service {t}/{n}: only the oracle wants it" for t, n in sorted(services.keys() - expected.keys())]
    lines += [f"service {t}/{n}: only the model wants it" for t, n in sorted(expected.keys() - services.keys())]
    for key in sorted(services.keys() & expected.keys()):
        groups = services[key]["groups"]
        got = {m["ip"]["addr"]: (m["ratio"], g["priority"]) for g in groups for m in g["members"]}
        if got != expected[key][0]:
            lines.append(f"service {key[0]}/{key[1]}: members: the oracle says {got}, the model {expected[key][0]}")
    named = {(tenant, name) for (tenant, _), (_, names) in expected.items() for name in names}
    lines += [f"healthmonitor {t}/{n}: oracle and model differ" for t, n in sorted(monitors ^ named)]
    return lines


def duplicates(found):
    """No two of our services share a domain name in one tenant."""
    seen, lines = {}, []
    for service in found:
        for domain in service["object"].get("domain_names", []) if is_ours("gslbservice", service["object"]) else []:
            other = seen.setdefault((service["tenant"], domain), service["name"])
            if other != service["name"]:
                lines.append(f"gslbservice {service['tenant']}: {domain} belongs to {other} and to {service['name']}")
    return lines


def orphans(monitors, services):
    """Monitors with our mark that no service refers to."""
    used = {(s["tenant"], compare.reference(ref))
            for s in services for ref in s["object"].get("health_monitor_refs", [])}
    return [f"healthmonitor {m['tenant']}/{m['name']}: no service refers to it" for m in monitors
            if is_ours("healthmonitor", m["object"]) and (m["tenant"], f"healthmonitor/{m['name']}") not in used]


def strangers(kind, found, foreign):
    """foreign: uuid -> the object as its owner left it."""
    now = {f["object"]["uuid"]: f["object"] for f in found}
    return [f"{kind} {obj['name']}: somebody else's object was changed" for uuid, obj in foreign.items()
            if kind == uuid.split("-", 1)[0] and now.get(uuid) != obj]
