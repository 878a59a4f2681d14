"""When two outcomes are equal: the canonical form of controller objects, statuses, and the number of writes.

Pure: values in, lists of differences out ("path: got ..., want ..."); an empty list means equal.
"""

import re

LEFT_OUT = ("tenant_ref", "uuid", "_last_modified")
# Lists whose order and repetitions mean nothing.
SETS = ("domain_names", "health_monitor_refs", "http_response_code")
STATUS_FIELDS = ("state", "errorStatus", "status", "error")
ABSENT = object()


def reference(text):
    """A reference reduced to "type/name": /api/TYPE?name=NAME and .../api/TYPE/UUID#NAME say the same."""
    found = re.search(r"/api/(\w+)/?\?name=([^#&]*)", text) or re.search(r"/api/(\w+)/[^#]*#(.*)", text)
    return f"{found[1]}/{found[2]}" if found else text


def canonical(value, key=None):
    """One form for all bodies that count as equal; sets become frozensets."""
    if isinstance(value, dict):
        return {k: canonical(v, k) for k, v in value.items()}
    if isinstance(value, list):
        values = [canonical(v, key) for v in value]
        if key in SETS:
            return frozenset(values)
        if key == "groups":
            return sorted(values, key=lambda group: (group.get("priority", 0), str(group)))
        if key == "members":
            return sorted(values, key=lambda member: (str(member.get("ip", {}).get("addr")), str(member)))
        return values
    if isinstance(value, str) and key and re.search(r"_refs?$", key):
        return reference(value)
    if isinstance(value, str) and key == "description":
        return frozenset(value.split(","))
    return value


def body(obj):
    """The canonical form of a whole object."""
    form = canonical({k: v for k, v in obj.items() if k not in LEFT_OUT})
    if not form.get("health_monitor_refs"):
        form.pop("health_monitor_refs", None)
    return form


def show(value):
    if value is ABSENT:
        return "nothing"
    return str(sorted(value)) if isinstance(value, frozenset) else repr(value)


def differences(path, got, want):
    """Of two canonical values. True is not 1."""
    if isinstance(got, dict) and isinstance(want, dict):
        return [d for k in sorted(got.keys() | want.keys())
                for d in differences(f"{path}.{k}" if path else k, got.get(k, ABSENT), want.get(k, ABSENT))]
    if isinstance(got, list) and isinstance(want, list):
        pad = [ABSENT] * max(len(got), len(want))
        pairs = zip(got + pad[len(got):], want + pad[len(want):])
        return [d for i, (g, w) in enumerate(pairs) for d in differences(f"{path}[{i}]", g, w)]
    if isinstance(got, frozenset) and isinstance(want, frozenset):
        return [] if got == want else [f"{path}: got besides {sorted(got - want)}, misses {sorted(want - got)}"]
    if type(got) is type(want) and got == want:
        return []
    return [f"{path}: got {show(got)}, want {show(want)}"]


def index(objects):
    """(tenant, name) -> body."""
    found = {}
    for obj in objects:
        key = (obj["tenant"], obj["body"]["name"])
        assert key not in found, f"two objects {key}"
        found[key] = obj["body"]
    return found


def objects(kind, got, want):
    """Lists of {"tenant", "body"}."""
    got, want = index(got), index(want)
    lines = [f"{kind} {t}/{n}: should not be there" for t, n in sorted(got.keys() - want.keys())]
    lines += [f"{kind} {t}/{n}: missing" for t, n in sorted(want.keys() - got.keys())]
    for key in sorted(got.keys() & want.keys()):
        lines += [f"{kind} {key[0]}/{key[1]}: {d}" for d in differences("", body(got[key]), body(want[key]))]
    return lines


def statuses(got, want):
    """Kind/namespace/name -> status; absent, empty, and a missing or null status are the same."""
    return [f"{name}: status.{field}: got {g!r}, want {w!r}"
            for name in sorted(got.keys() | want.keys()) for field in STATUS_FIELDS
            for g, w in [((got.get(name) or {}).get(field) or "", (want.get(name) or {}).get(field) or "")] if g != w]


def writes(got, most):
    """got: the requests (any method, refused ones too); most: how many are allowed."""
    if len(got) <= most:
        return []
    return [f"{len(got)} writes, at most {most} allowed:"] + [f"    {w}" for w in got]
