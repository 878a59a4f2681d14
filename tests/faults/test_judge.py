"""The checks of the fault matrix, tried on stories in which something is wrong: what cannot fail proves nothing."""

import copy

import pytest

import judge
import model
import world
from plain import CONFIG, POLICY, SPACE, serves
from world import CONFIG_KEY, FURNITURE, OWNER, POLICY_KEY

SHOP = "shop.example.org"
EAST, WEST = ("cluster1", "Ingress", "web", "shop"), ("cluster2", "Ingress", "web", "shop")
SPACES = [("cluster1", "Namespace", "", "web"), ("cluster2", "Namespace", "", "web")]
BASE = "https://avisim/api"


def at(ip, **changes):
    return serves(SHOP, ip, **changes)


def quiet_world():
    """One service with a member in each of two clusters; all of it is known and carried through."""
    history = world.History()
    for key, spec in [(CONFIG_KEY, CONFIG), (POLICY_KEY, POLICY), (SPACES[0], SPACE), (SPACES[1], SPACE),
                      (EAST, at("10.1.0.1")), (WEST, at("10.2.0.1", paths=["/", "/cart"]))]:
        history.put(key, spec, 0)
    history.settled()
    watchman = judge.Watchman()
    watchman.settled([{"tenant": "admin", "name": SHOP, "object": body("10.1.0.1", "10.2.0.1")}])
    return history, watchman


def body(*addresses):
    return {"name": SHOP, "created_by": OWNER, "domain_names": [SHOP],
            "groups": [{"priority": 10, "members": [{"ip": {"addr": ip}, "ratio": 1} for ip in addresses]}]}


def request(n, method, kind="gslbservice", name=SHOP, status=200, body=None, uuid="uuid-1", tenant="admin"):
    return {"n": n, "method": method, "path": f"/api/{kind}/{uuid}", "type": kind, "name": name, "tenant": tenant,
            "status": status, "body": body}


DELETE, DROP_WEST = request(30, "DELETE", status=204), request(30, "PUT", body=body("10.1.0.1"))
DELETE_MONITOR = request(30, "DELETE", "healthmonitor", model.path_monitor("http", SHOP, "/cart"), status=204)

# What changes at number 20, what is written at number 30, and whether that had a cause.
CAUSES = [
    ("a service is deleted and nothing has changed", [], DELETE, False),
    ("a member goes and nothing has changed", [], DROP_WEST, False),
    ("a monitor goes and nothing has changed", [], DELETE_MONITOR, False),
    ("a refused deletion has no cause either", [], dict(DELETE, status=403), False),
    ("the member's object is deleted", [(WEST, None)], DROP_WEST, True),
    ("another one's object is deleted", [(EAST, None)], DROP_WEST, False),
    ("one of two objects is deleted", [(EAST, None)], DELETE, False),
    ("both objects are deleted", [(EAST, None), (WEST, None)], DELETE, True),
    ("an object that came and went", [(WEST, None), (WEST, at("10.2.0.1"))], DROP_WEST, True),
    ("its label is taken off", [(WEST, at("10.2.0.1", labels={}))], DROP_WEST, True),
    ("its address moves", [(WEST, at("10.2.0.2"))], DROP_WEST, True),
    ("its address is not there yet", [(WEST, at("10.2.0.1", is_empty=True))], DROP_WEST, True),
    ("the load balancer's annotations are missing", [(WEST, at("10.2.0.1", identity=False))], DROP_WEST, True),
    ("another field changes", [(WEST, at("10.2.0.1", port=443))], DROP_WEST, False),
    ("its namespace moves to a tenant", [(SPACES[1], dict(SPACE, tenant="blue"))], DROP_WEST, True),
    ("its namespace goes", [(SPACES[1], None)], DROP_WEST, True),
    ("another cluster's namespace moves", [(SPACES[0], dict(SPACE, tenant="blue"))], DROP_WEST, False),
    ("the policy does not match the cluster any more", [(POLICY_KEY, dict(POLICY, clusters=["cluster1"]))], DROP_WEST,
     True),
    ("the policy is edited elsewhere", [(POLICY_KEY, dict(POLICY, ttl=30))], DROP_WEST, False),
    ("the policy is refused", [(POLICY_KEY, dict(POLICY, clusters=["nowhere"]))], DELETE, False),
    ("the policy is deleted", [(POLICY_KEY, None)], DELETE, True),
    ("the cluster leaves memberClusters", [(CONFIG_KEY, dict(CONFIG, members=["cluster1"]))], DROP_WEST, True),
    ("the configuration is deleted", [(CONFIG_KEY, None)], DELETE, False),
    ("the path is taken away", [(WEST, at("10.2.0.1"))], DELETE_MONITOR, True),
    ("the other object loses a path", [(EAST, at("10.1.0.1", paths=["/cart"]))], DELETE_MONITOR, False),
    ("it becomes TLS", [(EAST, at("10.1.0.1", tls=[SHOP]))], DELETE_MONITOR, True),
    ("the policy names monitors", [(POLICY_KEY, dict(POLICY, monitor_refs=["my-hm"]))], DELETE_MONITOR, True),
    ("a member is added", [], request(30, "PUT", body=body("10.1.0.1", "10.2.0.1", "10.3.0.1")), True),
]


@pytest.mark.parametrize("name, changes, entry, has_cause", CAUSES, ids=[c[0] for c in CAUSES])
def test_a_cause(name, changes, entry, has_cause):
    history, watchman = quiet_world()
    for key, spec in changes:
        history.put(key, spec, 20)
    assert (watchman.read([entry], history) == []) == has_cause


def test_a_change_is_no_cause_for_what_came_before_it():
    history, watchman = quiet_world()
    history.put(WEST, None, 30)
    assert watchman.read([DROP_WEST], history)


def test_streams_of_events_do_not_wait_for_each_other():
    # The east's object goes before the west's comes, if the west is slow to tell.
    history, watchman = quiet_world()
    history.put(WEST, None, 1)
    history.settled()
    watchman.settled([{"tenant": "admin", "name": SHOP, "object": body("10.1.0.1")}])
    history.put(WEST, at("10.2.0.1"), 20)
    history.put(EAST, None, 20)
    assert watchman.read([DELETE], history) == []


def test_what_was_carried_through_is_a_cause_no_more():
    history, watchman = quiet_world()
    history.put(WEST, None, 5)
    history.put(WEST, at("10.2.0.1"), 5)
    history.settled()
    assert watchman.read([DROP_WEST], history)


def test_a_server_that_tells_of_before_makes_old_versions_a_cause():
    history, watchman = quiet_world()
    history.put(WEST, None, 5)
    history.put(WEST, at("10.2.0.1"), 5)
    history.settled()
    history.lied.add("cluster2")
    assert watchman.read([DROP_WEST], history) == []


def test_what_others_changed_is_not_held_against_the_leader():
    history, watchman = quiet_world()
    watchman.tamper(SHOP)
    assert watchman.read([DROP_WEST], history) == []


def test_a_write_that_was_cut_is_believed_neither_way():
    history, watchman = quiet_world()
    cut = request(29, "PUT", status=0, body=body("10.1.0.1", "10.2.0.1", "10.3.0.1"))
    assert watchman.read([cut, DROP_WEST], history) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_object_of_another_owner_is_written_to(method):
    history, watchman = quiet_world()
    watchman.foreign.add("uuid-9")
    assert watchman.read([request(30, method, uuid="uuid-9", status=403)], history)
    assert watchman.read([request(31, "GET", uuid="uuid-9")], history) == []


# ---- when all is quiet


def settled_controller():
    monitor = {"name": model.path_monitor("http", SHOP, "/"), "uuid": "healthmonitor-1",
               "markers": [{"key": "created-by", "values": [OWNER]}]}
    service = dict(body("10.1.0.1", "10.2.0.1"), uuid="gslbservice-1", url=f"{BASE}/gslbservice/gslbservice-1",
                   num_dns_ip=0, health_monitor_refs=[f"{BASE}/healthmonitor/healthmonitor-1#{monitor['name']}"])
    return {"gslbservice": [found(service)], "healthmonitor": [found(monitor)]}


def found(obj, tenant="admin"):
    return {"tenant": tenant, "name": obj["name"], "object": obj}


def what_is_wrong(controller):
    monitor = dict(settled_controller()["healthmonitor"][0]["object"])
    del monitor["uuid"]
    service = dict(body("10.1.0.1", "10.2.0.1"), health_monitor_refs=[f"/api/healthmonitor?name={monitor['name']}"])
    want = {"gslbservice": [{"tenant": "admin", "body": service}],
            "healthmonitor": [{"tenant": "admin", "body": monitor}]}
    lines = [line for kind in judge.TYPES for line in judge.objects(kind, controller[kind], want[kind])]
    lines += judge.orphans(controller["healthmonitor"], controller["gslbservice"])
    return lines + judge.duplicates(controller["gslbservice"])


def add_service(controller, tenant="admin", **changes):
    controller["gslbservice"].append(found(dict(service_of(controller), uuid="gslbservice-2", **changes), tenant))


def add_monitor(controller, name):
    controller["healthmonitor"].append(found(dict(controller["healthmonitor"][0]["object"], name=name)))


def service_of(controller):
    return controller["gslbservice"][0]["object"]


FLAWS = [
    ("a service is missing", lambda c: c["gslbservice"].clear()),
    ("a monitor is missing", lambda c: c["healthmonitor"].clear()),
    ("a service too many", lambda c: add_service(c, name="old.example.org", domain_names=["old.example.org"])),
    ("the same in another tenant", lambda c: add_service(c, "blue")),
    ("a monitor too many", lambda c: add_monitor(c, "amko--old")),
    ("a member is missing", lambda c: service_of(c)["groups"][0]["members"].pop()),
    ("a member too many", lambda c: service_of(c).update(groups=body("10.1.0.1", "10.2.0.1", "10.3.0.1")["groups"])),
    ("another weight", lambda c: service_of(c)["groups"][0]["members"][0].update(ratio=2)),
    ("another field", lambda c: service_of(c).update(ttl=30)),
    ("a default that is none any more", lambda c: service_of(c).update(num_dns_ip=1)),
    ("no reference to the monitor", lambda c: service_of(c).pop("health_monitor_refs")),
    ("two services of one domain", lambda c: add_service(c, name="copy.example.org")),
]


def test_nothing_is_wrong():
    assert what_is_wrong(settled_controller()) == []


def test_others_objects_are_nobodys_business():
    controller = settled_controller()
    add_service(controller, name="theirs.example.org", created_by="somebody")
    controller["healthmonitor"].append(found({
        "name": "amko--theirs", "markers": [{"key": "created-by", "values": ["amko-x"]}]}))
    assert what_is_wrong(controller) == []


@pytest.mark.parametrize("name, spoil", FLAWS, ids=[f[0] for f in FLAWS])
def test_a_flaw_is_seen(name, spoil):
    controller = copy.deepcopy(settled_controller())
    spoil(controller)
    assert what_is_wrong(controller)


def test_a_change_of_others_objects_is_seen():
    theirs = {"name": "theirs", "uuid": "gslbservice-9", "ttl": 3}
    assert judge.strangers("gslbservice", [found(theirs)], {"gslbservice-9": theirs}) == []
    assert judge.strangers("gslbservice", [found(dict(theirs, ttl=4))], {"gslbservice-9": theirs})
    assert judge.strangers("gslbservice", [], {"gslbservice-9": theirs})


def test_oracle_and_model_must_agree():
    history, _ = quiet_world()
    expected = model.expect(history)
    names = [model.path_monitor("http", SHOP, path) for path in ("/", "/cart")]
    want = {"gslbservice": [{"tenant": "admin", "body": body("10.1.0.1", "10.2.0.1")}],
            "healthmonitor": [{"tenant": "admin", "body": {"name": name}} for name in names]}
    assert judge.second_opinion(want, expected) == []
    for spoil in (lambda w: w["gslbservice"].clear(), lambda w: w["healthmonitor"].pop(),
                  lambda w: w["gslbservice"][0]["body"]["groups"][0]["members"].pop(),
                  lambda w: w["gslbservice"].append({"tenant": "blue", "body": body("10.1.0.1")})):
        spoiled = copy.deepcopy(want)
        spoil(spoiled)
        assert judge.second_opinion(spoiled, expected)


def test_policies_are_judged_alike():
    assert model.is_acceptable(POLICY, CONFIG)
    assert all(model.is_there(kind, obj["name"]) for kind, objects in FURNITURE.items() for obj in objects)
