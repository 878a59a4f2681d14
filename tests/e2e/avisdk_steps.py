"""What the vendor's SDK does to a controller; run by test_avisdk.py in the SDK's own virtual environment.

Arguments: the step's name, the controller's address, the control port's address. A failed assertion is the result.
"""

import json
import sys
import urllib.request

from avi.sdk.avi_api import APIError, ApiSession, ObjectNotFound

MONITOR = {"name": "sdk-hm", "type": "HEALTH_MONITOR_HTTP", "is_federated": True, "monitor_port": 80,
           "http_monitor": {"http_request": "HEAD / HTTP/1.0", "http_response_code": ["HTTP_2XX"]}}


def service(name, **fields):
    member = {"ip": {"addr": "10.20.0.11", "type": "V4"}, "enabled": True, "ratio": 1}
    return dict({"name": name, "domain_names": [name], "is_federated": True, "created_by": "sdk",
                 "groups": [{"name": "pool", "priority": 10, "members": [member]}]}, **fields)


def session(controller, password="secret"):
    host, port = controller.rsplit(":", 1)
    return ApiSession(host, "admin", password, tenant="admin", port=int(port), api_version="22.1.3", timeout=10,
                      max_api_retries=1)


def login(controller, control):
    api = session(controller)
    assert api.connected and api.session_id
    assert api.remote_api_version["Version"] == "22.1.3", api.remote_api_version


def refused_login(controller, control):
    try:
        session(controller, "wrong")
    except APIError as e:
        assert e.rsp.status_code == 401 and "Invalid credentials" in e.rsp.text, e
    else:
        raise AssertionError("the login was accepted")


def objects(controller, control):
    api = session(controller)
    made = api.post("healthmonitor", data=MONITOR)
    assert made.status_code == 201 and made.json()["uuid"].startswith("healthmonitor-"), made.text
    made = api.post("gslbservice", data=service("sdk.example.org", health_monitor_refs=["/api/healthmonitor?name=sdk-hm"]))
    assert made.status_code == 201, made.text
    refs = made.json()["health_monitor_refs"]
    assert len(refs) == 1 and refs[0].endswith("#sdk-hm"), refs

    found = api.get_object_by_name("gslbservice", "sdk.example.org")
    assert api.get_obj_uuid(found) == api.get_obj_uuid(made)
    assert api.get_object_by_name("gslbservice", "no-such.example.org") is None

    changed = api.put("gslbservice/" + found["uuid"], data=dict(found, ttl=30))
    assert changed.status_code == 200 and changed.json()["ttl"] == 30, changed.text
    stale = api.put("gslbservice/" + found["uuid"], data=dict(found, ttl=60))
    assert stale.status_code == 412, stale.text

    refused = api.delete_by_name("healthmonitor", "sdk-hm")
    assert refused.status_code == 403, "a monitor in use was deleted"
    assert api.delete_by_name("gslbservice", "sdk.example.org").status_code == 204
    assert api.delete_by_name("healthmonitor", "sdk-hm").status_code == 204
    try:
        api.get("gslbservice/" + found["uuid"]).json()
    except ObjectNotFound:
        pass
    else:
        raise AssertionError("a deleted service is still there")


def paging(controller, control):
    api = session(controller)
    names = {f"page-{i:02}.example.org" for i in range(23)}
    for name in sorted(names):
        assert api.post("gslbservice", data=service(name)).status_code == 201
    for size in (5, 23, 100):
        seen = [o["name"] for o in api.get_objects_iter("gslbservice", params={"created_by": "sdk", "page_size": size})]
        assert len(seen) == 23 and set(seen) == names, (size, seen)


def expired_session(controller, control):
    api = session(controller)
    before = api.session_id
    request = urllib.request.Request(f"http://{control}/_sim/toggle", json.dumps({"expire_sessions": True}).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()
    made = api.post("healthmonitor", data=MONITOR)
    assert made.status_code == 201, made.text
    assert api.session_id != before


if __name__ == "__main__":
    {f.__name__: f for f in (login, refused_login, objects, paging, expired_session)}[sys.argv[1]](*sys.argv[2:])
