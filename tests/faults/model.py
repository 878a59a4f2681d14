"""A second opinion on what is wanted, written again from the rules and not from the code: who is a member of which
service, and which monitors there are, by names and addresses. And what of it is firm: so in every mix of the states
that may have been seen.

The oracle knows every field but asks the very stages that the program runs; this knows less and shares nothing with it.
"""

import hashlib
import itertools
from collections import namedtuple

from world import CONFIG_KEY, FURNITURE, KINDS, POLICY_KEY

MAX_MONITORS = 6
# What one object gives to one service. `order` decides between two with one address.
Share = namedtuple("Share", "tenant host ip ratio priority is_tls paths port order")


def is_acceptable(policy, config):
    members = set(config["members"])
    return (set(policy["clusters"]) <= members and set(policy["split"]) <= members
            and all(1 <= weight <= 20 and 0 <= priority <= 100 for weight, priority in policy["split"].values())
            and not (policy["template"] and policy["monitor_refs"])
            and is_there("healthmonitor", policy["template"])
            and all(is_there("healthmonitor", name) for name in policy["monitor_refs"])
            and is_there("applicationpersistenceprofile", policy["persistence"]))


def is_there(kind, name):
    """Whatever is not named is there."""
    return name is None or any(obj["name"] == name for obj in FURNITURE[kind])


def has_labels(spec, labels):
    return all(spec["labels"].get(key) == value for key, value in (labels or {}).items())


def tenant_of(spec, namespace, config):
    """The namespace decides, and an object of a namespace with a tenant must agree. None: it does not."""
    if not namespace["tenant"]:
        return config["tenant"]
    said = config["tenant"] if spec["tenant"] is None else spec["tenant"]
    return namespace["tenant"] if said == namespace["tenant"] else None


def is_selected(key, spec, namespace, policy, config):
    cluster = key[0]
    return (cluster in config["members"] and cluster in policy["clusters"] and namespace is not None
            and (policy["app"] or policy["namespaces"])
            and has_labels(namespace, policy["namespaces"]) and has_labels(spec, policy["app"])
            and (spec["identity"] or cluster in policy["vip_only"]))


def shares(key, spec, namespace, policy, config):
    """What this object gives, under this policy and configuration."""
    if spec is None or policy is None or not is_selected(key, spec, namespace, policy, config):
        return []
    if spec["is_empty"] or (key[1] == "Service" and spec["type"] != "LoadBalancer"):
        return []
    tenant = tenant_of(spec, namespace, config)
    ratio, priority = policy["split"].get(key[0], (1, 10))
    order = (config["members"].index(key[0]), KINDS.index(key[1]), key[2], key[3])
    paths = tuple(dict.fromkeys(path or "/" for path in spec["paths"])) or ("/",)
    return [Share(tenant, host, ip, ratio, priority, host in spec["tls"], paths if key[1] == "Ingress" else (),
                  spec["port"], order)
            for host, ip in spec["hosts"].items()] if tenant else []


def namespace_key(key):
    return (key[0], "Namespace", "", key[2])


def monitor_names(host, found, policy):
    """The monitors that we make for a service of these shares."""
    if policy["control_plane_only"] or policy["monitor_refs"]:
        return set()
    paths = list(dict.fromkeys(path for share in found for path in share.paths))
    scheme = "https" if any(share.is_tls for share in found) else "http"
    if not paths:
        return {port_monitor(host)}
    if len(paths) > MAX_MONITORS:
        paths = sorted(paths)[:MAX_MONITORS]
    return {path_monitor(scheme, host, path) for path in paths}


def path_monitor(scheme, host, path):
    return "amko--" + hashlib.sha1(f"{scheme}--{host}--{path}".encode()).hexdigest()


def port_monitor(host):
    return "amko--" + hashlib.sha1(host.encode()).hexdigest()


def expect(history):
    """(tenant, host) -> ({address: (ratio, priority)}, names of our monitors), of what is there now."""
    policy, config, objects = history.now(POLICY_KEY), history.now(CONFIG_KEY), history.objects()
    found = {}
    for key, spec in objects.items():
        if key[1] in KINDS:
            for share in shares(key, spec, objects.get(namespace_key(key)), policy, config):
                found.setdefault((share.tenant, share.host), []).append(share)
    services = {}
    for (tenant, host), given in found.items():
        given.sort(key=lambda share: share.order)
        members = {}
        for share in given:
            members.setdefault(share.ip, (share.ratio, share.priority))
        services[tenant, host] = members, monitor_names(host, given, policy)
    return services


# ---- what may have been seen


class Seen:
    """What a request of number n may follow from: every mix of versions. Streams of events do not wait for each other.
    """

    def __init__(self, history, n):
        self.history, self.n = history, n
        self.configs = [c for c in history.versions(CONFIG_KEY, n) if c is not None]      # deleted: it stays in force
        # Refused: the one before it stays in force. Deleted: nothing is selected.
        self.policies = [p for p in history.versions(POLICY_KEY, n)
                         if p is None or any(is_acceptable(p, c) for c in self.configs)]
        self.by_object = {}

    def mixes(self, key):
        """For each mix the shares of this object."""
        if key not in self.by_object:
            specs = self.history.versions(key, self.n)
            spaces = self.history.versions(namespace_key(key), self.n)
            mixes = itertools.product(specs, spaces, self.policies, self.configs)
            self.by_object[key] = [shares(key, *mix) for mix in mixes]
        return self.by_object[key]

    def of_host(self, host):
        return [key for key in self.history.keys() if key[1] in KINDS
                and any(spec and host in spec["hosts"] for spec in self.history.versions(key, self.n))]

    def firm(self, tenant, host):
        """Of each object that gave the service a share in every mix: all the shares that it may have given."""
        found = []
        for key in self.of_host(host):
            given = [[s for s in mix if (s.tenant, s.host) == (tenant, host)] for mix in self.mixes(key)]
            if given and all(given):
                found.append([s for mix in given for s in mix])
        return found

    def firm_addresses(self, tenant, host):
        return {one[0].ip for one in self.firm(tenant, host) if len({share.ip for share in one}) == 1}

    def firm_monitors(self, tenant, host):
        """Names of monitors that the service had in every mix, as far as that is easily told."""
        firm = self.firm(tenant, host)
        possible = [s for key in self.of_host(host) for mix in self.mixes(key) for s in mix if s.host == host]
        if not firm or any(p is None or p["control_plane_only"] or p["monitor_refs"] for p in self.policies):
            return set()
        if not any(share.paths for share in possible):
            return {port_monitor(host)}
        if len({path for share in possible for path in share.paths}) > MAX_MONITORS:
            return set()
        if any(all(share.is_tls for share in one) for one in firm):
            scheme = "https"
        elif not any(share.is_tls for share in possible):
            scheme = "http"
        else:
            return set()
        paths = [set.intersection(*(set(share.paths) for share in one)) for one in firm]
        return {path_monitor(scheme, host, path) for path in set().union(*paths)}
