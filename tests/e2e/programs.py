"""Programs that tests start, watch and end: a base with bounded waits, the simulated controller and our leader.

Every program writes to a log file and dies with the test run, however that ends.
"""

import ctypes
import http.client
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def repository():
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def built(program):
    """Path of a program of ours; BUILD names another build tree."""
    tree = os.environ.get("BUILD", "build")
    path = os.path.join(repository(), tree, program)
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path} is missing: run make")
    return path


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(what, probe, timeout_s, pause_s=0.02):
    """The first true value of probe(); TimeoutError with `what` when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} after {timeout_s} s")
        time.sleep(pause_s)


def http_text(address, method, path, body=None, timeout_s=10):
    """One request to a plain HTTP server: (status, body)."""
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout_s)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def http_json(address, method, path, body=None, timeout_s=10):
    """One request to a plain HTTP server: (status, parsed body or None)."""
    status, text = http_text(address, method, path, body, timeout_s)
    return status, json.loads(text) if text.strip() else None


class Program:
    """One child process. Its output goes to `log`; starting again appends."""

    def __init__(self, name, log):
        self.name = name
        self.log = log
        self.child = None

    def spawn(self, argv, env=None, stdout=None, pass_fds=()):
        assert not self.is_running(), f"{self.name} runs already"
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=stdout or out, stderr=out,
                env=dict(os.environ, **(env or {})), preexec_fn=die_with_parent, pass_fds=pass_fds,
                start_new_session=True)        # a terminal's Ctrl-C is for us, who end them in order

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def check(self):
        """Raises when the program has ended by itself."""
        if not self.is_running():
            code = self.child.returncode if self.child else None
            raise RuntimeError(f"{self.name} ended with {code}:\n{self.tail()}")

    def kill(self):
        if self.is_running():
            self.child.kill()
            self.child.wait()

    def stop(self, timeout_s=15):
        """Asks it to end; the exit status, or None where it had to be killed. One that does not run: its last status."""
        if self.child is None:
            return None
        if self.is_running():
            self.child.terminate()
            try:
                self.child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
                return None
        return self.child.returncode

    def read_log(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def tail(self, lines=40):
        return "\n".join(self.read_log().splitlines()[-lines:])


class Avisim(Program):
    """The simulated controller, and what its control port knows."""

    def __init__(self, log, user="admin", password="secret"):
        super().__init__("avisim", log)
        self.user, self.password = user, password
        self.address = self.control = None

    def start(self, *options):
        self.spawn([built("avisim"), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0",
                    "--user", self.user, "--password", self.password, *options], stdout=subprocess.PIPE)
        line = self.child.stdout.readline()
        if not line:
            self.child.wait()
            self.check()
        ports = json.loads(line)
        self.address, self.control = ports["listen"], ports["control"]
        return self

    def ask(self, method, path, body=None):
        status, answer = http_json(self.control, method, path, body)
        if status >= 300:
            raise RuntimeError(f"avisim: {method} {path}: {status} {answer}")
        return answer

    def reset(self, state):
        """Forgets everything, the log too; state has the form of the cases' controller.json."""
        self.ask("POST", "/_sim/reset", state)

    def toggle(self, **switches):
        self.ask("POST", "/_sim/toggle", switches)

    def fault(self, match, times=1, skip=0, **do):
        """A rule of what goes wrong; times None: until it is cleared."""
        often = {} if times is None else {"times": times}
        self.ask("POST", "/_sim/faults", {"match": match, "skip": skip, "do": do, **often})

    def faults(self):
        return self.ask("GET", "/_sim/faults")

    def end_faults(self):
        self.ask("DELETE", "/_sim/faults")

    def log_since(self, n=0):
        """Entries with a number above n, in order."""
        entries = self.ask("GET", f"/_sim/log?since={n}")
        return [e for e in entries if e["n"] > n]

    def last_n(self):
        return max((e["n"] for e in self.log_since(0)), default=0)

    def writes_since(self, n=0):
        """Every attempt to change something, refused ones too; logins are none."""
        return [e for e in self.log_since(n)
                if e["method"] not in ("GET", "HEAD", "OPTIONS") and re.match(r"/+api/+(?!login|logout)", e["path"])]

    def objects(self, kind, written=False):
        """{tenant, uuid, name, body, seeded, object} of each; written: only those a client wrote, with the last body."""
        return self.ask("GET", f"/_sim/objects/{kind}" + ("?written=1" if written else ""))

    def seed(self, kind, objects):
        self.ask("PUT", f"/_sim/objects/{kind}", objects)

    def patch(self, kind, uuid, change):
        """An edit behind the clients' backs."""
        self.ask("PATCH", f"/_sim/objects/{kind}/{urllib.parse.quote(uuid)}", change)

    def delete(self, kind, uuid):
        self.ask("DELETE", f"/_sim/objects/{kind}/{urllib.parse.quote(uuid)}")


class Leader(Program):
    """amko-leader on a kubeconfig."""

    def __init__(self, log, kubeconfig, context, members=None):
        super().__init__("amko-leader", log)
        self.argv = ["--kubeconfig", kubeconfig, "--context", context,
                     "--members-kubeconfig", members or kubeconfig, "--listen", "127.0.0.1:0"]
        self.port = None

    def start(self, *options, env=None, timeout_s=20, pass_fds=(), pause_s=0.02):
        size = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.spawn([built("amko-leader"), *self.argv, *options], env=env, pass_fds=pass_fds)
        self.port = wait_for("event=listening of amko-leader", lambda: self.listening_port(size), timeout_s, pause_s)
        return self

    def listening_port(self, offset):
        with open(self.log, "rb") as f:
            f.seek(offset)
            found = re.search(rb"""event"?[=:]"?listening\b[^\n]*\bport"?[=:](\d+)""", f.read())
        if not found:
            self.check()
        return int(found[1]) if found else None

    def get(self, path):
        return http_json(f"127.0.0.1:{self.port}", "GET", path)

    def text(self, path):
        """The body of an answer, whatever its status."""
        return http_text(f"127.0.0.1:{self.port}", "GET", path)[1]

    def sync(self):
        """What /api/sync says; None while it does not answer."""
        self.check()
        try:
            status, answer = self.get("/api/sync")
        except (OSError, http.client.HTTPException):
            return None
        return answer if status == 200 else None

    def stop_cleanly(self):
        """Ends it and insists on exit status 0: a sanitizer's or a leak's complaint is another one."""
        was_running = self.is_running()
        code = self.stop()
        if not was_running and code is None:
            return
        if code != 0:
            raise RuntimeError(f"amko-leader ended with {code}:\n{self.tail(80)}")
