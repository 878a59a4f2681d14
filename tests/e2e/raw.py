"""The raw replay: requests that a controller got, sent again as fast as it takes them (tests/bench/replay.c)."""

import json
import subprocess

from programs import built

LANES = 8


def record(entries, path):
    """Entries of the controller's log as a file for replay: one lane for all requests of one service. How many they are."""
    with open(path, "w", encoding="utf-8") as f:
        for entry in entries:
            body = entry["body"] or {}
            text = body.get("description", "")
            service = text.split("gsname: ")[1].split(",")[0] if "gsname: " in text else body.get("name", "")
            lane = sum(service.encode()) % LANES
            f.write("\t".join([str(lane), entry["method"], entry["target"], entry["tenant"], json.dumps(body)]) + "\n")
    return len(entries)


def replay(avisim, path):
    """Seconds."""
    done = subprocess.run([built("bench/replay"), f"https://{avisim.address}", avisim.user, avisim.password, path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"replay: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["seconds"]
