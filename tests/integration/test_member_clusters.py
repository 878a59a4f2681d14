"""What the API servers of member clusters can do to a leader: half a list, too much, old news, nonsense, nothing, for ever.

Two leaders see the same bad day, one that was running well when it began and one that starts into it; each cluster has a
trouble of its own. Whatever it is, the state stays, the condition and the log name the cluster, nothing is written but what
somebody else changed, the server is not asked more often than the back-off allows, and afterwards all is well by itself.
"""

import pytest

from bad_day import Row
from bench import ACCEPTED

MIB = 1024 * 1024


def lists(**more):
    return {"resource": "services", "verb": "list", **more}


WATCHES = {"resource": "services", "verb": "watch"}
DISCOVERY = {"path": "/apis", "verb": "GET"}
OTHER_PAGES = lists(param="continue")
NO_LIST = '{"kind": "Status", "status": "Success"}'

ROWS = [
    Row("half-page", lists(), {"half": True}, ("Unreachable", "Service: list services", "transfer closed")),
    Row("half-list", OTHER_PAGES, {"close": True}, ("Unreachable", "Service: list services", "Empty reply")),
    Row("no-list", lists(), {"status": 200, "body": NO_LIST}, ("BadAnswer", "Service: list services: HTTP 200", "no list")),
    Row("large-page", lists(), {"pad_bytes": 33 * MIB},
        ("BadAnswer", "Service: list services: HTTP 200", "over 33554432 bytes")),
    Row("large-event", WATCHES, {"pad_bytes": 3 * MIB},
        ("BadAnswer", "Service: watch services: HTTP 200", "over 3145728 bytes")),
    Row("gone-watch", WATCHES, {"gone": True}, ("BadAnswer", "Service: watch services: HTTP 410", "too old")),
    Row("gone-stream", WATCHES, {"gone": "event"}, ("BadAnswer", "Service: watch services: error 410 in the stream")),
    Row("gone-page", OTHER_PAGES, {"gone": True}, ("BadAnswer", "Service: list services: HTTP 410", "too old")),
    Row("gone-list", lists(), {"gone": True}, ("BadAnswer", "Service: list services: HTTP 410", "too old")),
    Row("old-list", lists(), {"resource_version": "old"}, ("BadAnswer", "Service: list services: HTTP 200", "of version 1")),
    Row("same-list", lists(), {"resource_version": "same"}, None),
    Row("text-list", lists(), {"resource_version": "text"}, ("BadAnswer", "Service: watch services: HTTP 400")),
    Row("old-events", WATCHES, {"resource_version": "old"},
        ("BadAnswer", "Service: watch services: HTTP 200", "an event of version 1 after version")),
    Row("same-events", WATCHES, {"resource_version": "same"}, None),
    Row("text-events", WATCHES, {"resource_version": "text"}, None),
    Row("endless", lists(), {"endless": True}, ("BadAnswer", "Service: list services: HTTP 200", "runs in a circle")),
    Row("silent", WATCHES, {"silent": True}, None),
    Row("nonsense", WATCHES, {"malformed": True}, ("BadAnswer", "Service: watch services: HTTP 200", "not JSON")),
    Row("slow-list", lists(), {"bytes_per_second": 1},
        ("Unreachable", "Service: ", "services: "), ("Unreachable", "Service: list services", "no")),
    Row("slow-watch", WATCHES, {"bytes_per_second": 1}, ("Unreachable", "Service: watch services"),
        ("Unreachable", "Service: watch services: an event is not whole")),
    Row("late-watch", WATCHES, {"delay_ms": 600000}, ("Unreachable", "Service: watch services")),
    Row("no-namespaces", {"resource": "namespaces"}, {"status": 403, "reason": "Forbidden", "message": "not you"},
        ("Forbidden", "Namespace: ", "HTTP 403: not you")),
    Row("large-groups", DISCOVERY, {"pad_bytes": 33 * MIB}, None,
        ("BadAnswer", "discover API groups: HTTP 200", "over 33554432 bytes")),
    Row("slow-groups", DISCOVERY, {"bytes_per_second": 1}, None,
        ("Unreachable", "discover API groups", "no whole answer within 30000 ms")),
]
# In the half minute until all is told: seven attempts, 1, 2, 4, ... 32 s apart or half of that, each with two pages and a watch or
# with two pages twice; discovery, and the other kinds once or twice.
MOST_REQUESTS = 45

WHEN = pytest.mark.parametrize("when", ["boot", "running"])
EACH = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])


@WHEN
@EACH
def test_it_is_told_and_costs_little(bad_day, when, row):
    seen = bad_day.during(when)
    told, message = row.told_when(when), seen.told[row.id]
    if told:
        assert [word for word in told[1:] if word not in message] == [], message
        assert told[0] in seen.reasons[row.id]
    else:
        assert (message, seen.reasons[row.id]) == ("", [])
    assert seen.n_requests[row.id] <= MOST_REQUESTS


@WHEN
def test_the_others_go_on_and_nothing_else_is_written(bad_day, when):
    seen = bad_day.during(when)
    assert seen.state == ACCEPTED
    assert len(seen.writes) == 2 and all(text.startswith("PUT ") for text in seen.writes), seen.writes


@WHEN
def test_all_is_well_by_itself_and_only_changes_are_written(bad_day, when):
    seen = bad_day.afterwards(when)
    assert seen.unwell == []
    assert seen.late == []
    assert len(seen.moved) == 2 * len(ROWS) and all(text.startswith("PUT ") for text in seen.moved)
