"""What happens in a run, made from its number alone: the same number gives the same script, as long as this file and
rules.py stay as they are.

A script is a list of rounds. Each round changes objects, policy and configuration, lets the servers fail and ends the
leader, in a random order; then everything that fails is taken away, and the leader must come to rest. Steps are values;
stage.py carries them out.
"""

import json
import random
from collections import namedtuple

import rules
from model import is_acceptable
from world import CLUSTERS, OWN, UUID

HOSTS = [f"{name}.example.org" for name in ("shop", "cart", "news", "pay", "api", "db")]
SPACES = ("web", "shop", "lab")
TENANTS = (None, None, "blue", "red")
PATHS = ("/", "/cart", "/pay", "/v1", "/v2", "")
OTHER_OWNER = "amko-" + UUID.replace("3f0c7c1e", "99999999")


class Step(namedtuple("Step", "verb args")):
    """What to do, in words that fit on a line."""

    def __str__(self):
        return " ".join([self.verb] + [in_words(arg) for arg in self.args])


def in_words(arg):
    return arg if isinstance(arg, str) else "/".join(arg) if isinstance(arg, tuple) else json.dumps(arg)


def step(verb, *args):
    return Step(verb, args)


class Script:
    def __init__(self, seed):
        self.seed = seed
        maker = Maker(random.Random(seed))
        self.rounds = [maker.round(i) for i in range(maker.n_rounds)]
        self.ending = [maker.end_leader()]

    def __str__(self):
        lines = [f"seed {self.seed}"]
        for i, steps in enumerate(self.rounds):
            lines += [f"---- round {i + 1}"] + [f"  {s}" for s in steps]
        return "\n".join(lines + ["---- a restart"] + [f"  {s}" for s in self.ending])


class Maker:
    """Rolls the dice, and remembers what is there by now."""

    def __init__(self, dice):
        self.dice = dice
        self.n_rounds = dice.choice((2, 2, 3))
        self.has_tenants = dice.random() < 0.4
        self.tampers = dice.random() < 0.3         # then everything is read anew every other second
        self.weights = self.mood()
        self.objects = {}              # key -> spec
        self.config, self.policy = None, None
        self.password = "secret"
        self.is_running = False
        self.down, self.switched_on = set(), set()
        self.blockers = []             # (kind, uuid) of foreign objects that take a name of ours
        self.n_foreign = 0
        self.steps = []

    # ---- rolling

    def chance(self, p):
        return self.dice.random() < p

    def some(self, population, least=0, most=None):
        n = self.dice.randint(least, len(population) if most is None else min(most, len(population)))
        return self.dice.sample(list(population), n)

    def weighted(self, table):
        """One of {thing: weight}."""
        return self.dice.choices(list(table), list(table.values()))[0]

    def add(self, verb, *args):
        self.steps.append(step(verb, *args))

    # ---- objects

    def address(self, cluster, host):
        """Of this cluster and host; sometimes one that others have too, here or elsewhere."""
        if self.chance(0.06):
            return self.dice.choice((f"10.{1 + CLUSTERS.index(cluster)}.9.9", "10.9.9.9"))
        return f"10.{1 + CLUSTERS.index(cluster)}.{HOSTS.index(host)}.{self.dice.randint(1, 3)}"

    def new_spec(self, key):
        cluster, kind, _, _ = key
        hosts = self.some(HOSTS, 1, 3) if kind == "Ingress" else self.some(HOSTS, 1, 1)
        return {
            "hosts": {host: self.address(cluster, host) for host in hosts},
            "paths": self.some(PATHS, 0, 3) if kind == "Ingress" else [],
            "tls": self.some(hosts, 1) if kind == "Ingress" and self.chance(0.3) else [],
            "labels": self.labels(),
            "tenant": self.dice.choice(TENANTS) if self.has_tenants else None,
            "identity": not self.chance(0.1),
            "is_empty": self.chance(0.05),
            "type": "LoadBalancer" if self.chance(0.95) else "ClusterIP",
            "port": self.dice.choice((80, 443, 5432)),
            "protocol": self.dice.choice(("TCP", "TCP", "UDP")),
        }

    def labels(self):
        return self.dice.choice(({"app": "gslb"}, {"app": "gslb"}, {"app": "gslb", "tier": "front"}, {"app": "other"}))

    def space_spec(self):
        return {"labels": self.dice.choice(({"ns": "gslb"}, {"ns": "other"})),
                "tenant": self.dice.choice(TENANTS) if self.has_tenants else None}

    def edited(self, key, spec):
        fresh = self.new_spec(key)
        changes = self.some(list(fresh), 1, 3)
        spec = dict(spec, **{field: fresh[field] for field in changes})
        if "hosts" not in changes and self.chance(0.3):        # an address moves
            host = self.dice.choice(list(spec["hosts"]))
            spec["hosts"] = dict(spec["hosts"], **{host: self.address(key[0], host)})
        spec["tls"] = [host for host in spec["tls"] if host in spec["hosts"]]
        return spec

    def put(self, key, spec):
        self.objects[key] = spec
        self.add("put", key, spec)

    def take(self, key):
        del self.objects[key]
        self.add("delete", key)

    def things(self, *kinds):
        return [key for key in self.objects if key[1] in kinds]

    def put_something(self):
        key = (self.dice.choice(CLUSTERS), self.dice.choice(("Ingress", "Ingress", "Service")),
               self.dice.choice(SPACES), f"o{self.dice.randint(0, 4)}")
        if (key[0], "Namespace", "", key[2]) not in self.objects:
            self.put((key[0], "Namespace", "", key[2]), self.space_spec())
        self.put(key, self.edited(key, self.objects[key]) if key in self.objects else self.new_spec(key))

    def edit_something(self):
        keys = self.things("Ingress", "Service")
        if keys:
            key = self.dice.choice(keys)
            self.put(key, self.edited(key, self.objects[key]))

    def delete_something(self):
        keys = self.things("Ingress", "Service")
        if keys:
            self.take(self.dice.choice(keys))

    def edit_space(self):
        keys = self.things("Namespace")
        if keys:
            self.put(self.dice.choice(keys), self.space_spec())

    def delete_space(self):
        keys = self.things("Namespace")
        if keys:
            gone = self.dice.choice(keys)
            for key in [k for k in self.objects if k[0] == gone[0] and k[2] == gone[3]]:
                self.take(key)
            self.take(gone)

    # ---- policy and configuration

    def good_policy(self, clusters):
        """One that a configuration with these members accepts."""
        is_plain = self.chance(0.6)
        matched = list(clusters) if self.chance(0.7) else self.some(clusters, 1)
        persistence = "gap-1" if not is_plain and self.chance(0.2) else None
        monitors = self.weighted({"ours": 7, "template": 2, "refs": 1, "control plane": 1}) if not is_plain else "ours"
        return {
            "app": self.dice.choice(({"app": "gslb"}, {"app": "gslb"}, {"app": "gslb", "tier": "front"})),
            "namespaces": {"ns": "gslb"} if self.chance(0.3) else None,
            "clusters": matched,
            # The controller refuses persistence for members without a virtual service.
            "vip_only": self.some(matched, 1) if self.chance(0.15) and not persistence else [],
            "split": {c: (self.dice.randint(1, 20), self.dice.choice((10, 10, 20))) for c in self.some(clusters)},
            "ttl": self.dice.choice((None, 0, 30, 60)),
            "monitor_refs": ["my-hm"] if monitors == "refs" else [],
            "template": "tpl" if monitors == "template" else None,
            "control_plane_only": monitors == "control plane",
            "persistence": persistence,
            "algorithm": self.dice.choice((None, ("GSLB_ALGORITHM_CONSISTENT_HASH", 24),
                                           ("GSLB_ALGORITHM_TOPOLOGY", None))),
            "fallback_ip": "10.99.0.1" if not is_plain and self.chance(0.2) else None,
        }

    def bad_policy(self):
        policy = self.good_policy(self.config["members"] if self.config else CLUSTERS)
        return dict(policy, **self.dice.choice((
            {"clusters": policy["clusters"] + ["nowhere"]}, {"split": {OWN: (30, 10)}}, {"persistence": "missing"},
            {"template": "missing", "monitor_refs": []}, {"monitor_refs": ["missing"], "template": None})))

    def put_policy(self, policy):
        self.policy = policy
        self.add("policy", policy)

    def change_policy(self):
        what = self.weighted({"good": 8, "bad": 3, "gone": 1})
        members = self.config["members"] if self.config else CLUSTERS
        policies = {"good": lambda: self.good_policy(members), "bad": self.bad_policy, "gone": lambda: None}
        self.put_policy(policies[what]())

    def good_config(self):
        members = self.some(CLUSTERS, 3, 3) if self.chance(0.8) else self.some(CLUSTERS, 1, 2)
        return {"members": members, "tenant": self.dice.choice(("admin",) * 9 + ("blue",)),
                "refresh_s": 1 if self.tampers else self.dice.choice((600, 1800, 3)),
                "log_level": self.dice.choice(("INFO", "INFO", "DEBUG", "WARN"))}

    def put_config(self, config):
        self.config = config
        self.add("config", config)

    def change_config(self):
        self.put_config(self.good_config() if self.chance(0.85) else None)

    # ---- trouble

    def kube_fault(self):
        """A rule; most of the time whoever has a watch there must come again, and meets it."""
        rule = rules.kube_rule(self.dice)
        self.add("kube_fault", rule)
        if self.chance(0.7):
            is_lost = rule["match"].get("verb") != "watch" and self.chance(0.7)
            self.add("kube_switch", {"cluster": rule["match"]["cluster"], "end_watches": True, "compact": is_lost})

    def kube_switch(self):
        cluster = self.dice.choice(CLUSTERS)
        how = self.weighted({"down": 4, "up": 3, "compact": 1, "end_watches": 1, "lose": 2})
        if how == "up" and self.down:
            cluster = self.dice.choice(sorted(self.down))
        if how == "lose":              # the watch breaks, and what it missed cannot be told any more
            self.add("kube_switch", {"cluster": cluster, "compact": True, "end_watches": True})
        elif how in ("down", "up"):
            self.add("kube_switch", {"cluster": cluster, "down": how == "down"})
            (self.down.add if how == "down" else self.down.discard)(cluster)
        else:
            self.add("kube_switch", {"cluster": cluster, how: True})

    def avi_fault(self):
        self.add("avi_fault", rules.avi_rule(self.dice, HOSTS))
        self.stir()

    def avi_switch(self):
        """What is on goes off again before long, so that other things can happen too."""
        if self.switched_on and self.chance(0.6):
            name = self.dice.choice(sorted(self.switched_on))
            self.switched_on.discard(name)
            self.add("avi_switch", {name: rules.AVI_SWITCHES[name][0]})
        elif self.chance(0.2):
            self.add("avi_switch", {"expire_sessions": True})
        else:
            name = self.dice.choice(sorted(rules.AVI_SWITCHES))
            self.switched_on.add(name)
            self.add("avi_switch", {name: self.dice.choice(rules.AVI_SWITCHES[name][1:])})
            self.stir()

    def stir(self):
        """Something for the leader to write now."""
        for _ in range(self.dice.choice((0, 1, 2, 5))):
            self.dice.choice((self.put_something, self.edit_something, self.edit_something, self.delete_something))()
        self.pause()

    def rotate_password(self):
        self.password = f"secret{self.dice.randint(1, 9)}"
        both = [step("password", self.password), step("secret", self.password)]
        self.steps += self.dice.sample(both, self.dice.choice((1, 2, 2)))

    def tamper(self):
        if not self.tampers:
            return
        tenant = self.dice.choice(("admin", "admin", "blue")) if self.has_tenants else "admin"
        if self.chance(0.6):
            change = self.dice.choice((None, None, {"ttl": 777}, {"enabled": False}, {"groups": []},
                                       {"health_monitor_refs": None}, {"domain_names": ["elsewhere.example.org"]}))
            self.add("tamper", "gslbservice", tenant, self.dice.choice(HOSTS), change)
        else:
            # Not deleted: a controller keeps what is referred to.
            change = self.dice.choice(({"monitor_port": 81}, {"send_interval": 30}))
            self.add("tamper", "healthmonitor", tenant, self.dice.choice(HOSTS), change)

    def foreign(self):
        """Somebody else's: either out of our way, or until the round ends under a name that we may want."""
        self.n_foreign += 1
        host, is_blocker = self.dice.choice(HOSTS), self.chance(0.4)
        kind = self.dice.choice(("gslbservice", "healthmonitor"))
        uuid = f"{kind}-foreign-{self.n_foreign}"
        if kind == "gslbservice":
            name = host if is_blocker else f"other-{self.n_foreign}.example.org"
            obj = {"name": name, "created_by": self.dice.choice(("somebody", OTHER_OWNER)), "domain_names": [name],
                   "groups": []}
        else:
            obj = {"name": f"amko--foreign-{self.n_foreign}", "type": "HEALTH_MONITOR_PING", "is_federated": True,
                   "markers": [{"key": "created-by", "values": [OTHER_OWNER]}],
                   "description": f"created by: amko, gsname: {host}, path: /, protocol: http"}
        if kind == "gslbservice" and is_blocker:
            self.blockers.append((kind, uuid))
        self.add("foreign", kind, dict(obj, uuid=uuid))

    # ---- the leader

    def end_leader(self):
        return step("kill") if self.chance(0.5) else step("stop")

    def leader_down(self):
        if self.is_running:
            self.is_running = False
            in_the_middle = step("kill_after", self.dice.randint(1, 6))
            self.steps.append(self.weighted({step("kill"): 2, step("stop"): 1, in_the_middle: 3}))

    def leader_up(self):
        if not self.is_running:
            self.is_running = True
            self.add("start")

    def leader_again(self):
        """Often it comes back to less than it left: a cluster does not answer."""
        if self.is_running and self.chance(0.4):
            cluster = self.weighted({c: 1 if c == OWN else 3 for c in CLUSTERS})
            self.down.add(cluster)
            self.add("kube_switch", {"cluster": cluster, "down": True})
        self.leader_down()
        if self.chance(0.5):
            self.stir()
        if self.chance(0.8):
            self.leader_up()
            self.add("pause", self.dice.choice((20, 200, 600, 1200)))

    def pause(self):
        least, most = self.dice.choice(4 * [(1, 30)] + 3 * [(30, 300)] + 2 * [(300, 2000)])
        self.add("pause", self.dice.randint(least, most))

    # ---- rounds

    WEIGHTS = {"put_something": 6, "edit_something": 10, "delete_something": 8, "edit_space": 4, "delete_space": 0.5,
               "change_policy": 3, "change_config": 1.5, "kube_fault": 9, "kube_switch": 5, "avi_fault": 8,
               "avi_switch": 4, "rotate_password": 0.4, "tamper": 3, "foreign": 1, "leader_again": 3}
    ALWAYS = {"leader_up": 1, "pause": 14}

    def mood(self):
        """What this run is about: some things happen often, some never. With a little of everything in each, whatever
        takes a while to go wrong would be disturbed by something else first."""
        rolled = {name: weight * self.dice.choice((0, 0.3, 1, 2)) for name, weight in self.WEIGHTS.items()}
        return dict(self.ALWAYS, **rolled)

    def found(self):
        """The first state: clusters with something in them, a policy and a configuration."""
        for cluster in CLUSTERS:
            for name in SPACES:
                self.put((cluster, "Namespace", "", name), self.space_spec())
        for _ in range(self.dice.randint(4, 14)):
            self.put_something()
        self.put_config(dict(self.good_config(), members=self.some(CLUSTERS, 3, 3)))
        self.put_policy(self.good_policy(CLUSTERS))

    def round(self, i):
        self.steps = []
        if i == 0:
            self.found()
            if self.chance(0.7):
                self.leader_up()
                self.add("pause", 300)
        for _ in range(self.dice.randint(10, 50)):
            getattr(self, self.weighted(self.weights))()
        self.make_peace()
        for _ in range(self.dice.choice((0, 0, 1, 2))):
            self.dice.choice((self.edit_something, self.delete_something, self.edit_space))()
        return self.steps

    def make_peace(self):
        """Takes away what fails, mends what is refused, and nothing else: what is right is found out without help."""
        self.add("calm", any(s.verb == "kube_fault" and rules.stays_open(s.args[0]) for s in self.steps))
        self.down.clear()
        self.switched_on.clear()
        if any(s.verb in ("password", "secret") for s in self.steps):
            self.add("password", self.password)
            self.add("secret", self.password)
        for kind, uuid in self.blockers:
            self.add("foreign_gone", kind, uuid)
        self.blockers = []
        if self.config is None:
            self.put_config(self.good_config())
        if self.policy is None or not is_acceptable(self.policy, self.config):
            self.put_policy(self.good_policy(self.config["members"]))
        self.forget_tampering()

    def forget_tampering(self):
        """What others did at the controller is found when it is read anew: at a start, or after a while."""
        was_tampered = any(s.verb == "tamper" for s in self.steps)
        if was_tampered and self.chance(0.3):
            self.leader_down()
        is_read_by_start = not self.is_running
        self.leader_up()
        if was_tampered and not is_read_by_start:
            self.add("relisted")
