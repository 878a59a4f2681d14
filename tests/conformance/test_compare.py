"""The comparer: what must be equal is, what must differ does."""

import pytest

import compare

EQUAL = [
    ("tenant_ref, uuid and _last_modified do not count",
     {"name": "a", "tenant_ref": "x", "uuid": "1", "_last_modified": "2"}, {"name": "a", "tenant_ref": "y"}),
    ("groups are ordered by priority",
     {"groups": [{"priority": 10}, {"priority": 20}]}, {"groups": [{"priority": 20}, {"priority": 10}]}),
    ("members are ordered by address",
     {"groups": [{"members": [{"ip": {"addr": "10.0.0.2"}}, {"ip": {"addr": "10.0.0.1"}}]}]},
     {"groups": [{"members": [{"ip": {"addr": "10.0.0.1"}}, {"ip": {"addr": "10.0.0.2"}}]}]}),
    ("the parts of a description have no order", {"description": "a,b"}, {"description": "b,a"}),
    ("domain names have no order", {"domain_names": ["a", "b"]}, {"domain_names": ["b", "a"]}),
    ("response codes have no order", {"http_monitor": {"http_response_code": ["HTTP_2XX", "HTTP_3XX"]}},
     {"http_monitor": {"http_response_code": ["HTTP_3XX", "HTTP_2XX"]}}),
    ("monitor references have no order and no form",
     {"health_monitor_refs": ["/api/healthmonitor?name=a", "https://h/api/healthmonitor/hm-1#b"]},
     {"health_monitor_refs": ["https:///api/healthmonitor/?name=b", "https://localhost/api/healthmonitor/hm-2#a"]}),
    ("no monitor references are absent or empty", {"name": "a", "health_monitor_refs": []}, {"name": "a"}),
    ("other references have no form either",
     {"pki_profile_ref": "/api/pkiprofile?name=p"}, {"pki_profile_ref": "https://h/api/pkiprofile/pki-1#p"}),
]
DIFFERENT = [
    ("a name", {"name": "a"}, {"name": "b"}),
    ("a field more", {"name": "a", "ttl": 0}, {"name": "a"}),
    ("a field fewer", {"name": "a"}, {"name": "a", "ttl": 0}),
    ("a null is not an absent field", {"ttl": None}, {}),
    ("true is not 1", {"ratio": True}, {"ratio": 1}),
    ("a number is not its text", {"ttl": 1}, {"ttl": "1"}),
    ("an empty list is not an absent one elsewhere", {"markers": []}, {}),
    ("a member's weight", {"groups": [{"members": [{"ip": {"addr": "1"}, "ratio": 1}]}]},
     {"groups": [{"members": [{"ip": {"addr": "1"}, "ratio": 2}]}]}),
    ("a member twice", {"groups": [{"members": [{"ip": {"addr": "1"}}, {"ip": {"addr": "1"}}]}]},
     {"groups": [{"members": [{"ip": {"addr": "1"}}]}]}),
    ("a member in another group",
     {"groups": [{"priority": 1, "members": [{"ip": {"addr": "1"}}]}, {"priority": 2, "members": []}]},
     {"groups": [{"priority": 1, "members": []}, {"priority": 2, "members": [{"ip": {"addr": "1"}}]}]}),
    ("a group more", {"groups": [{"priority": 1}, {"priority": 2}]}, {"groups": [{"priority": 1}]}),
    ("a part of a description", {"description": "a,b"}, {"description": "a"}),
    ("a domain name", {"domain_names": ["a", "b"]}, {"domain_names": ["a"]}),
    ("a monitor reference more", {"health_monitor_refs": ["/api/healthmonitor?name=a"]}, {}),
    ("another monitor", {"health_monitor_refs": ["/api/healthmonitor?name=a"]},
     {"health_monitor_refs": ["/api/healthmonitor?name=b"]}),
    ("a reference to another type", {"pki_profile_ref": "/api/pkiprofile?name=p"},
     {"pki_profile_ref": "/api/sslprofile?name=p"}),
    ("the order of other lists", {"markers": [{"key": "a"}, {"key": "b"}]}, {"markers": [{"key": "b"}, {"key": "a"}]}),
    ("a nested uuid", {"groups": [{"members": [{"uuid": "1"}]}]}, {"groups": [{"members": [{"uuid": "2"}]}]}),
]


@pytest.mark.parametrize("got, want", [row[1:] for row in EQUAL], ids=[row[0] for row in EQUAL])
def test_equal(got, want):
    assert compare.differences("", compare.body(got), compare.body(want)) == []


@pytest.mark.parametrize("got, want", [row[1:] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT])
def test_different(got, want):
    assert compare.differences("", compare.body(got), compare.body(want)) != []


def test_a_difference_says_where_and_what():
    got = {"groups": [{"priority": 10, "members": [{"ip": {"addr": "1"}, "ratio": 1}]}], "ttl": 5}
    want = {"groups": [{"priority": 10, "members": [{"ip": {"addr": "1"}, "ratio": 2}]}]}
    assert compare.differences("", compare.body(got), compare.body(want)) == [
        "groups[0].members[0].ratio: got 1, want 2", "ttl: got 5, want nothing"]


def test_objects_are_told_apart_by_tenant_and_name():
    assert compare.objects("gslbservice", [{"tenant": "admin", "body": {"name": "a"}}],
                           [{"tenant": "bank", "body": {"name": "a"}}]) == [
        "gslbservice admin/a: should not be there", "gslbservice bank/a: missing"]


@pytest.mark.parametrize("got, want, n", [
    ({"G/a/b": {"state": "x"}}, {"G/a/b": {"state": "x", "conditions": [1]}}, 0),
    ({"G/a/b": {}}, {"G/a/b": None}, 0),
    ({"G/a/b": {"errorStatus": ""}}, {}, 0),
    ({"G/a/b": {"state": "x"}}, {"G/a/b": {"state": "y"}}, 1),
    ({"G/a/b": {"state": "x"}}, {}, 1),
    ({}, {"G/a/b": {"errorStatus": "e"}}, 1),
    ({"G/a/b": {"status": "Accepted"}}, {"G/a/b": {"status": "Rejected", "error": "e"}}, 2),
], ids=["other fields do not count", "null is no status", "empty is absent", "another text", "a text too many",
        "a text missing", "two fields of a host rule"])
def test_statuses(got, want, n):
    assert len(compare.statuses(got, want)) == n


def test_writes_are_counted_and_shown():
    assert compare.writes(["POST a"], 1) == []
    assert compare.writes(["POST a", "PUT b"], 1) == ["2 writes, at most 1 allowed:", "    POST a", "    PUT b"]
