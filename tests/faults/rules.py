"""What can fail, and how: rules for the simulators' /_sim/faults, rolled with a script's dice. Pure.

No rule tells of something else than what is there that it is so, for nobody could see through that: no list that leaves
objects out, no deletion that is confirmed and not done.
"""

from world import CLUSTERS, OWN

RESOURCES = ("ingresses", "services", "namespaces", None)
OWN_RESOURCES = ("gslbconfigs", "globaldeploymentpolicies", "secrets")
AVI_PATHS = 2 * ("/api/gslbservice", "/api/healthmonitor") + (
    "/api/cloud", "/api/gslb", "/api/cluster", "/login", "/api/applicationpersistenceprofile", None)
# The first is off.
AVI_SWITCHES = {
    "refuse": (False, True), "reject_tls": (False, True), "hang": (False, True), "maintenance": (False, True),
    "leader": (True, False), "deny": ({}, {"gslbservice": ["*"]}, {"healthmonitor": ["admin"]}, {"*": ["blue"]}),
}

KUBE_DEEDS = [
    {"status": 400}, {"status": 401}, {"status": 403}, {"status": 429, "retry_after_s": 1}, {"status": 500},
    {"status": 503}, {"status": 504}, {"close": True}, {"delay_ms": 200, "close": True}, {"half": True},
    {"delay_ms": 20}, {"delay_ms": 200}, {"delay_ms": 1000}, {"bytes_per_second": 300}, {"bytes_per_second": 2000},
    {"status": 200, "body": {}}, {"status": 200, "body": "<html>"},
    {"status": 200, "body": {"kind": "Status", "status": "Failure"}},
]
# Of one kind of objects only: discovery must not be told that a kind does not exist.
KUBE_LIES = [{"resource_version": how} for how in ("old", "same", "text")]
LIST_DEEDS = KUBE_LIES + [{"endless": True}, {"gone": True}, {"status": 404}, {"pad_bytes": 100000},
                          {"status": 200, "body": {"kind": "IngressList", "items": []}}]
WATCH_DEEDS = KUBE_LIES + 2 * [{"gone": True}, {"gone": "event"}, {"silent": True}, {"malformed": True},
                               {"pad_bytes": 5000}]

AVI_DEEDS = [
    {"close": "before"}, {"close": "after"}, {"close": "after"}, {"delay_answer_ms": 200, "close": "after"},
    {"truncate": True}, {"status": 400}, {"status": 401}, {"status": 403}, {"status": 412}, {"status": 500},
    {"status": 502, "body": "<html>bad gateway</html>"}, {"status": 503},
    {"status": 429, "retry_after_s": 1}, {"status": 503, "retry_after_s": 1},
    {"body": "<html>"}, {"body": {}}, {"body": "[]"}, {"content_type": "text/html", "body": {"results": 1}},
    {"delay_ms": 20}, {"delay_ms": 300}, {"delay_ms": 1500}, {"delay_body_ms": 300},
    {"delay_answer_ms": 20}, {"delay_answer_ms": 300}, {"delay_answer_ms": 1500},
    {"omit": ["url"]}, {"omit": ["url", "ref_names"]}, {"omit": ["ref_names"]},
]
GET_DEEDS = [{"endless": True}, {"count": 10000}, {"count": 0}]
PUT_DEEDS = [{"status": 200, "body": {}}, {"status": 201, "body": "<html>"}, {"status": 409}, {"status": 404}]


def said(fields):
    return {key: value for key, value in fields.items() if value is not None}


def kube_rule(dice):
    cluster = dice.choice(CLUSTERS)
    resource = dice.choice(RESOURCES + (OWN_RESOURCES if cluster == OWN else ()))
    verb = dice.choice(2 * ("list", "watch") + ("get", "patch", None) if resource else ("list", "watch", None))
    deeds = KUBE_DEEDS + ({"list": LIST_DEEDS, "watch": WATCH_DEEDS}.get(verb, []) if resource else [])
    return said({"match": said({"cluster": cluster, "resource": resource, "verb": verb}),
                 "skip": dice.choice((0, 0, 0, 1, 2)), "times": dice.randint(1, 4) if dice.random() < 0.8 else None,
                 "do": dice.choice(deeds)})


def avi_rule(dice, hosts):
    method = dice.choice(("GET", "POST", "POST", "PUT", "PUT", "DELETE", "DELETE", None))
    paths = ("/api/gslbservice", "/api/healthmonitor", None) if method in ("PUT", "DELETE") else AVI_PATHS
    match = {"method": method, "path": dice.choice(paths), "tenant": dice.choice((None, None, None, "blue", "admin")),
             "name": dice.choice((None, None, "amko--*", dice.choice(hosts)))}
    deed = dice.choice(AVI_DEEDS + {"GET": GET_DEEDS, "POST": PUT_DEEDS, "PUT": PUT_DEEDS}.get(method, []))
    is_bounded = "endless" in deed or dice.random() < 0.8
    return said({"match": said(match), "skip": dice.choice((0, 0, 1, 3)),
                 "times": dice.randint(1, 5) if is_bounded else None, "do": deed})


def stays_open(rule):
    """Its watches stay what they are when the rule goes: they must be ended with it."""
    return "silent" in rule["do"] or "resource_version" in rule["do"]
