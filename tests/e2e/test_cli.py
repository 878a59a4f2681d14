"""amko-leader on the command line: what it says and how it ends. Needs no server."""

import json
import socket
import subprocess

import pytest
import yaml

from programs import built

FLAGS = ("--kubeconfig", "--context", "--members-kubeconfig", "--namespace", "--listen", "--dry-run", "--log-level",
         "--log-format")


def run(*options, env=None):
    """(exit status, stdout, stderr); it must end by itself."""
    done = subprocess.run([built("amko-leader"), *options], capture_output=True, text=True, timeout=20, env=env or {})
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def kubeconfig(tmp_path):
    """A sound one, of an API server that does not exist."""
    def write(change=lambda config: None):
        cluster = {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "here",
                  "clusters": [{"name": "c", "cluster": cluster}],
                  "users": [{"name": "u", "user": {"token": "top-secret-token"}}],
                  "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}]}
        change(config)
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(config))
        return str(path)
    return write


def test_help_names_every_flag_on_stdout():
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    assert out.startswith("usage: amko-leader ")
    assert [flag for flag in FLAGS if f"  {flag}" not in out] == []


def test_version_is_one_line_on_stdout():
    code, out, err = run("--version")
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert out.startswith("amko-leader ")


@pytest.mark.parametrize("options, says", [
    (["--no-such-flag"], "--no-such-flag"),
    (["--kubeconfig"], "--kubeconfig"),
    (["something"], 'unexpected argument "something"'),
    (["--log-level", "loud"], '--log-level: "loud" is none of debug, info, warn, error'),
    (["--log-format", "xml"], '--log-format: "xml" is neither logfmt nor json'),
], ids=["unknown flag", "flag without its value", "argument", "log level", "log format"])
def test_a_mistake_on_the_command_line_ends_with_2_and_names_it(options, says):
    code, out, err = run(*options)
    assert (code, out) == (2, "")
    assert says in err


def fails(*options, says):
    code, out, err = run("--listen", "127.0.0.1:0", *options, env={"PATH": "/bin"})
    assert (code, out) == (1, "")
    last = err.splitlines()[-1]
    assert last.startswith("amko-leader: ")
    for text in says:
        assert text in last
    assert "top-secret-token" not in err


def test_a_missing_kubeconfig_is_named(tmp_path):
    path = str(tmp_path / "nowhere")
    fails("--kubeconfig", path, says=["--kubeconfig", path, "No such file or directory"])


def test_a_malformed_kubeconfig_is_named_with_its_line(tmp_path):
    path = tmp_path / "config"
    path.write_text("apiVersion: v1\nkind: Config\nusers: [{name: u, user: {token: top-secret-token]\n")
    fails("--kubeconfig", str(path), says=["--kubeconfig", str(path), "line 3"])


def test_an_empty_kubeconfig_is_named(tmp_path):
    path = tmp_path / "config"
    path.write_text("")
    fails("--kubeconfig", str(path), says=[str(path), "empty"])


def test_a_kubeconfig_that_is_a_folder_is_named(tmp_path):
    fails("--kubeconfig", str(tmp_path), says=[str(tmp_path), "Is a directory"])


def test_an_unknown_context_is_named(kubeconfig):
    path = kubeconfig()
    fails("--kubeconfig", path, "--context", "there", says=["--context there is not in", path])


def test_a_kubeconfig_without_current_context_asks_for_one(kubeconfig):
    def change(config):
        del config["current-context"]
    fails("--kubeconfig", kubeconfig(change), says=["no current-context", "--context"])


def test_an_unusable_context_is_named_with_the_field(kubeconfig):
    def change(config):
        config["contexts"][0]["context"]["user"] = "nobody-here"
    fails("--kubeconfig", kubeconfig(change), says=["context here", 'contexts[0].context.user: no user "nobody-here"'])


def test_without_a_kubeconfig_outside_a_cluster_it_says_so():
    fails(says=["no --kubeconfig, and not in a cluster", "KUBERNETES_SERVICE_HOST"])


def test_a_port_in_use_is_named(kubeconfig):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        address = f"127.0.0.1:{s.getsockname()[1]}"
        code, out, err = run("--kubeconfig", kubeconfig(), "--listen", address)
    assert (code, out) == (1, "")
    assert "--listen" in err and address in err and "in use" in err


@pytest.mark.parametrize("address", ["127.0.0.1:70000", "127.0.0.1:http", "not an address"])
def test_an_address_that_cannot_be_is_named(kubeconfig, address):
    code, out, err = run("--kubeconfig", kubeconfig(), "--listen", address)
    assert (code, out) == (1, "")
    assert "--listen" in err and address in err


def test_the_log_can_be_json_from_the_first_line(kubeconfig, tmp_path):
    """Ended by SIGTERM while its API server cannot be reached: a clean end all the same."""
    child = subprocess.Popen([built("amko-leader"), "--kubeconfig", kubeconfig(), "--listen", "127.0.0.1:0",
                              "--members-kubeconfig", str(tmp_path / "nowhere"), "--log-format", "json"],
                             stderr=subprocess.PIPE, text=True)
    lines = []
    for line in child.stderr:
        lines.append(json.loads(line))
        if lines[-1]["event"] == "listening":
            child.terminate()
    assert child.wait(10) == 0
    events = [line["event"] for line in lines]
    assert {"members_kubeconfig_unreadable", "listening", "stopping"} <= set(events)
    assert "top-secret-token" not in json.dumps(lines)
