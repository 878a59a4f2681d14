"""No secret is ever told: not in the log at its finest, not in metrics, statuses or answers, whatever goes wrong."""

import base64
import http.client
import json
import re
import ssl

import pytest

import pki
from ground import ADMIN_TOKEN, NOBODY_TOKEN
from manifests import member, secret
from trouble import same

# As the simulated controller makes session ids and CSRF tokens.
COOKIE = re.compile(r"(?<![A-Z2-7])[A-Z2-7]{32}(?![A-Z2-7])")
RIGHT, WRONG, CHANGED = "right-pa55phrase", "wrong-pa55phrase", 'changed-"pa55phrase'
UNKNOWN_TOKEN = "unknown-token-0815"
FALSE_KEY = "false-key-4711"
PATHS = ("/healthz", "/readyz", "/metrics", "/api/status", "/api/sync")


@pytest.fixture
def site(site):
    yield site
    site.avisim.toggle(password=site.avisim.password)


def forms(text):
    """How it could be written: as it is, in JSON, in base64."""
    return {text, json.dumps(text)[1:-1], base64.b64encode(text.encode()).decode()}


def secrets(site):
    with open(site.ground.client_key, encoding="ascii") as f:
        key_lines = [line for line in f.read().splitlines() if line and "-----" not in line]
    all_forms = {pki.read_base64(site.ground.client_key), *key_lines, "PRIVATE KEY"}
    for text in (RIGHT, WRONG, CHANGED, ADMIN_TOKEN, NOBODY_TOKEN, UNKNOWN_TOKEN, FALSE_KEY):
        all_forms |= forms(text)
    return all_forms


def told(site, text):
    """The secrets in a text that everybody may read."""
    return [s for s in secrets(site) if s in text] + COOKIE.findall(text) + re.findall("(?:sessionid|csrftoken)=", text)


class Listener:
    """Collects all that our leader says; what it says at a moment is asked for at many moments."""

    def __init__(self, site):
        self.site, self.texts = site, {}

    def listen(self):
        for path in PATHS:
            self.texts[path] = self.texts.get(path, "") + self.site.leader.text(path)
        for kind in ("GSLBConfig", "GlobalDeploymentPolicy"):
            self.texts[kind] = self.texts.get(kind, "") + json.dumps(self.site.rig.own.list(kind))

    def check(self):
        self.texts["log"] = self.site.leader.read_log()
        for where, text in self.texts.items():
            assert text, where
            same((where, told(self.site, text)), (where, []))


def set_password(site, password):
    site.put(secret(username="admin", password=password))


def go_through_passwords(site, listener):
    set_password(site, WRONG)
    site.start("--log-level", "debug", *listener.options)
    site.is_condition("ControllerReachable", "False", "Unauthorized")
    listener.listen()
    set_password(site, RIGHT)
    site.is_accepted()
    site.works()
    site.avisim.toggle(expire_sessions=True)
    site.rig.apply("cluster1", member("cluster1", ip="10.20.1.200"))
    site.rig.settle()
    site.avisim.toggle(password=CHANGED)
    site.rig.apply("cluster1", member("cluster1", ip="10.20.1.201"))
    site.is_condition("ControllerReachable", "False", "Unauthorized")
    listener.listen()
    set_password(site, CHANGED)
    site.is_condition("ControllerReachable", "True", "Reachable")
    site.rig.settle()


def change_user(index, **user):
    def change(config):
        config["users"][index]["user"] = user
    return change


def change_key(site, key):
    crt = pki.read_base64(site.ground.client_crt)
    return change_user(2, **{"client-certificate-data": crt, "client-key-data": key})


def go_through_kubeconfigs(site, listener):
    false_key = f"-----BEGIN PRIVATE KEY-----\n{FALSE_KEY}\n-----END PRIVATE KEY-----\n"
    for change, *shown in [
            (change_user(2, token=UNKNOWN_TOKEN), "ClustersSynced", "False", "Unauthorized"),
            (change_user(2, token=UNKNOWN_TOKEN + "\n"), "ClustersSynced", "False"),
            (change_user(2, token=NOBODY_TOKEN), "ClustersSynced", "False", "Forbidden"),
            (change_key(site, base64.b64encode(false_key.encode()).decode()), "ClustersSynced", "False"),
            (change_key(site, FALSE_KEY + "%"), "Accepted", "False", "BadKubeconfig")]:
        site.write_members(change=change)
        wait_for_condition(site, *shown)
        listener.listen()
    site.write_members_text(f"users: [{{name: u, user: {{token: {UNKNOWN_TOKEN}]\n")
    site.is_condition("Accepted", "False", "BadKubeconfig", "line 1")
    listener.listen()
    site.write_members()
    site.is_condition("Accepted", "True", "Accepted")
    site.is_condition("ClustersSynced", "True", "Synced", timeout_s=30)
    site.rig.settle()
    listener.listen()


def wait_for_condition(site, kind, status, reason=None):
    def probe():
        c = site.condition(kind)
        return c.get("status") == status and reason in (None, c.get("reason"))
    site.waits(f"{kind}={status}/{reason}", probe, 15)


@pytest.mark.parametrize("options", [(), ("--log-format", "json")], ids=["logfmt", "json"])
def test_no_secret_is_told(site, options):
    listener = Listener(site)
    listener.options = options
    site.begin()
    site.avisim.toggle(password=RIGHT)
    go_through_passwords(site, listener)
    if not options:                    # what these say does not depend on the format
        go_through_kubeconfigs(site, listener)
    site.rig.stop()
    listener.check()


def test_a_secret_would_have_been_found(site):
    """The check itself: real cookies look as it expects, and each secret is recognised in a line of a log."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(site.avisim.address, context=tls, timeout=10)
    connection.request("POST", "/login", json.dumps({"username": "admin", "password": site.avisim.password}),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    values = {c.split("=", 1)[0]: c.split("=", 1)[1].split(";")[0] for c in answer.headers.get_all("Set-Cookie")}
    connection.close()
    assert answer.status == 200 and {"sessionid", "csrftoken"} <= set(values)
    for value in [*values.values(), RIGHT, ADMIN_TOKEN, pki.read_base64(site.ground.client_key)]:
        same(told(site, f'event=x text="{value}"'), [value])
