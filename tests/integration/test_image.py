"""The image without a container engine: its file system is laid out as the Dockerfile does it, and the programs run in it."""

import os
import re
import subprocess

import pytest
import yaml

from manifests import CONTROLLER, gslb_config, member, namespace, policy
from programs import Avisim, Program, built, repository, wait_for
from sim_ground import SimGround

PROGRAMS = ["amko", "amko-leader", "amko-follower", "kubectl-amko"]
AS_IN_THE_POD = ["/usr/sbin/chroot", "--userspec=65532:65532", "--groups="]
MANIFESTS = os.path.join(repository(), "deploy/manifests")


def existing():
    tree = os.path.join(repository(), os.environ.get("BUILD", "build"))
    return [name for name in PROGRAMS if os.path.exists(os.path.join(tree, name))]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = str(tmp_path_factory.mktemp("image"))
    subprocess.run([os.path.join(repository(), "deploy/image-root.sh"), root, *(built(name) for name in existing())], check=True)
    return root


def files(root):
    return sorted(os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names)


def elf_field(path, pattern):
    text = subprocess.run(["readelf", "-Wdl", path], check=True, capture_output=True, text=True).stdout
    return re.findall(pattern, text)


def dockerfile():
    with open(os.path.join(repository(), "deploy/Dockerfile"), encoding="utf-8") as f:
        return [line.split(None, 1) for line in f.read().splitlines() if line and not line.startswith("#")]


def test_it_has_the_programs_their_libraries_and_nothing_else(root):
    libraries = re.compile(r"(usr/)?lib(64)?/([\w-]+/)?[\w.+-]+\.so[\w.]*")
    rest = [name for name in files(root) if not libraries.fullmatch(name)]
    assert rest == sorted([f"usr/local/bin/{name}" for name in existing()] +
                          ["etc/group", "etc/passwd", "etc/ssl/certs/ca-certificates.crt"])


def test_every_library_that_is_needed_is_there(root):
    elf = [name for name in files(root) if not name.startswith("etc/")]
    there = {os.path.basename(name) for name in elf}
    needed = {library: name for name in elf for library in elf_field(os.path.join(root, name), r"NEEDED.*\[(.*)\]")}
    assert {library: name for library, name in needed.items() if library not in there} == {}
    unneeded = there - set(needed) - set(existing())
    assert all(name.startswith("ld-linux") for name in unneeded), unneeded
    for program in existing():
        loader, = elf_field(os.path.join(root, "usr/local/bin", program), r"program interpreter: (.*)\]")
        assert os.path.exists(root + loader)


def test_programs_start_with_these_libraries_alone(root):
    paths = ":".join(sorted({os.path.dirname(os.path.join(root, name)) for name in files(root) if ".so" in name}))
    for program in existing():
        path = os.path.join(root, "usr/local/bin", program)
        loader, = elf_field(path, r"program interpreter: (.*)\]")
        done = subprocess.run([root + loader, "--inhibit-cache", "--library-path", paths, path, "--version"], env={},
                              capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stdout.split()[0]) == (0, program), done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root may change the root directory")
def test_programs_run_in_it_as_its_user(root):
    for program in existing():
        done = subprocess.run([*AS_IN_THE_POD, root, f"/usr/local/bin/{program}", "--version"], env={}, capture_output=True,
                              text=True, timeout=30)
        assert (done.returncode, done.stdout.split()[0]) == (0, program), done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root may change the root directory")
def test_the_leader_works_in_it(root, tmp_path):
    ground, avisim = SimGround(str(tmp_path), 2), Avisim(str(tmp_path / "avisim.log"))
    leader = Program("amko-leader", str(tmp_path / "leader.log"))
    try:
        ground.start_all().reset()
        avisim.start().reset(CONTROLLER)
        avisim.toggle(check_domains=False)
        for obj in (gslb_config(avisim.address, clusters=("cluster1", "cluster2")), policy(clusters=("cluster1", "cluster2")),
                    namespace(), member("cluster1")):
            ground.clusters["cluster1"].apply(obj)
        os.chmod(ground.write_kubeconfig(os.path.join(root, "tmp/members")), 0o444)
        leader.spawn([*AS_IN_THE_POD, root, "/usr/local/bin/amko-leader", "--kubeconfig", "/tmp/members", "--context", "cluster1",
                      "--members-kubeconfig", "/tmp/members", "--listen", "127.0.0.1:0"])
        wait_for("a service at the controller", lambda: leader.check() or avisim.objects("gslbservice"), 30)
        assert leader.stop() == 0, leader.tail()
    finally:
        leader.kill()
        avisim.kill()
        ground.stop_all()
        os.unlink(os.path.join(root, "tmp/members"))


def test_the_dockerfile_ends_with_this_file_system():
    last = max(i for i, line in enumerate(dockerfile()) if line[0] == "FROM")
    assert dockerfile()[last:] == [
        ["FROM", "scratch"], ["COPY", "--from=build /image/ /"], ["USER", "65532:65532"], ["EXPOSE", "8080 5580"],
        ["ENTRYPOINT", f'["/usr/local/bin/{existing()[0]}"]']]
    build = " ".join(line[1] for line in dockerfile()[:last])
    assert "./deploy/image-root.sh /image $(make -s list-programs)" in build


def test_make_lists_the_programs():
    told = subprocess.run(["make", "-s", "list-programs"], cwd=repository(), check=True, capture_output=True, text=True).stdout
    assert [os.path.basename(path) for path in told.split()] == existing()


# ---- what the manifests say about it

def manifest(name):
    with open(os.path.join(MANIFESTS, name), encoding="utf-8") as f:
        return [obj for obj in yaml.safe_load_all(f) if obj]


def container():
    pod = manifest("statefulset.yaml")[0]["spec"]["template"]["spec"]
    return pod, pod["containers"][0]


def test_the_pod_may_nothing_that_it_need_not():
    pod, amko = container()
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 65532
    assert amko["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                       "capabilities": {"drop": ["ALL"]}}
    with open(os.path.join(repository(), "VERSION"), encoding="ascii") as f:
        assert amko["image"] == "amko:" + f.read().strip()


def test_the_program_understands_its_arguments():
    _, amko = container()
    done = subprocess.run([built(existing()[0]), *amko["args"], "--help"], capture_output=True, text=True, timeout=10)
    assert (done.returncode, done.stderr) == (0, "")


def test_everything_is_applied():
    listed = manifest("kustomization.yaml")[0]["resources"]
    assert sorted(listed) == sorted(name for name in os.listdir(MANIFESTS)
                                    if name.endswith(".yaml") and name != "kustomization.yaml")


def test_names_belong_together():
    pod, amko = container()
    labels = manifest("statefulset.yaml")[0]["spec"]["template"]["metadata"]["labels"]
    for service in manifest("services.yaml"):
        assert service["spec"]["selector"].items() <= labels.items()
        assert {p["targetPort"] for p in service["spec"]["ports"]} <= {p["name"] for p in amko["ports"]}
    assert manifest("disruption.yaml")[0]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert pod["serviceAccountName"] in [o["metadata"]["name"] for o in manifest("rbac-own.yaml") if o["kind"] == "ServiceAccount"]
    assert {m["name"] for m in amko["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
