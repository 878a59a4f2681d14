"""What stays of a run: its complaints, its story, and a folder for a human to read."""

import http.client
import json
import os
import shutil


class Unsettled(Exception):
    """What should have become so did not, in time."""


class Record:
    """lines: complaints; notes: what is worth knowing and no complaint; story: what was done, in order."""

    def __init__(self, folder):
        self.folder = folder
        self.lines, self.notes, self.story = [], [], []

    def keep_all(self, text, **answers):
        """The story, and what each of the functions answers, as JSON; or why it does not."""
        self.write("story", "\n".join([text, ""] + self.story + [""] + self.notes + self.lines))
        for name, ask in answers.items():
            try:
                self.write(name.replace("_", "-") + ".json", "[\n" + ",\n".join(json.dumps(entry) for entry in ask()) + "\n]")
            except (RuntimeError, OSError, http.client.HTTPException) as e:
                self.write(name.replace("_", "-") + ".json", str(e))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text + "\n")

    def forget(self):
        shutil.rmtree(self.folder, ignore_errors=True)
