"""Network namespaces of one run: one with the servers, one for each instance, joined by a bridge; cuts between them.

The process that makes them lives in the servers' one. They have no names: the kernel removes them, with all that is in
them, when the last process goes, however it ends. Nothing outside is touched.
"""

import ctypes
import multiprocessing
import os
import subprocess

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
SERVER = "10.77.0.1"
TMP = "/dev/shm"                       # of this process and its children alone: goes with them
LIBC = ctypes.CDLL(None, use_errno=True)


def call(what, *args):
    if LIBC[what](*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)


def run(*argv, text=None):
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")


def why_not():
    """Why this process may not make namespaces and cut them; "" where it may. Tried in a child."""
    def try_it():
        try:
            enter_own()
            Wire(0)
        except (OSError, RuntimeError) as e:
            say.send(str(e))
        else:
            say.send("")

    hear, say = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=try_it)
    child.start()
    why = hear.recv() if hear.poll(30) else "no answer"
    child.join()
    return why


def enter_own():
    """This process leaves the machine's network and its /dev/shm for ones of its own."""
    call("unshare", CLONE_NEWNET | CLONE_NEWNS)
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "takeover", TMP)      # libfaketime leaves files there when it is killed
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "name", "bridge0", "type", "bridge")
    run("ip", "address", "add", f"{SERVER}/24", "dev", "bridge0")
    run("ip", "link", "set", "bridge0", "up")


class Wire:
    """An instance's namespace and its way to the servers."""

    def __init__(self, i):
        self.address, self.peer = f"10.77.0.{11 + i}", f"peer{i}"
        self.cuts = []                 # [(ports, way)]
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        call("unshare", CLONE_NEWNET)
        self.fd = os.open("/proc/self/ns/net", os.O_RDONLY)
        call("setns", home, CLONE_NEWNET)
        os.close(home)
        self.path = f"/proc/{os.getpid()}/fd/{self.fd}"
        run("ip", "link", "add", "name", self.peer, "type", "veth", "peer", "name", "eth0", "netns", self.path)
        run("ip", "link", "set", self.peer, "master", "bridge0", "up")
        self.inside("ip", "-batch", "-",
                    text=f"link set lo up\naddress add {self.address}/24 dev eth0\nlink set eth0 up\n")
        self.inside("nft", "-f", "-", text=self.rules())

    def enter(self):
        """The beginning of a command line that runs the rest of it inside."""
        return ["nsenter", f"--net={self.path}"]

    def inside(self, *argv, text=None):
        run(*self.enter(), *argv, text=text)

    def cut(self, ports, way):
        self.cuts.append((tuple(ports), way))
        self.apply()

    def heal(self, ports, way):
        self.cuts.remove((tuple(ports), way))
        self.apply()

    def heal_all(self):
        if self.cuts:
            self.cuts = []
            self.apply()

    def apply(self):
        self.inside("nft", "-f", "-", text=self.rules())
        is_down = any(way == "link" for _, way in self.cuts)
        run("ip", "link", "set", self.peer, "down" if is_down else "up")

    def rules(self):
        out, into = [], []
        for ports, way in self.cuts:
            text = "{ " + ", ".join(str(p) for p in ports) + " }"
            if way == "reset":
                out.append(f"tcp dport {text} reject with tcp reset")
            elif way == "hole":
                out.append(f"tcp dport {text} drop")
            if way in ("hole", "deaf"):
                into.append(f"tcp sport {text} drop")
        return "\n".join(["table inet cuts", "delete table inet cuts", "table inet cuts {",
                          "chain out { type filter hook output priority 0;", *out, "}",
                          "chain into { type filter hook input priority 0;", *into, "}", "}"]) + "\n"
