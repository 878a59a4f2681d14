"""docs/disaster-recovery.md as something to run: its drills, their steps, and when an answer is the one that is written there.

A drill begins with `<!-- drill: NAME key=value ... -->` and lasts until the next. Its steps are `<!-- do: ... -->`, what happens
to the site, and the blocks of `console`: a line that begins with "$ " is a command, what follows it is the answer.
"""

import os
import re

from programs import repository

PAGE = os.path.join(repository(), "docs/disaster-recovery.md")


class Drill:
    def __init__(self, name, settings):
        self.name, self.settings = name, settings
        self.steps = []                # ("do", words) or ("run", command, [answer's lines])
        self.either = None             # (a name, the one that stands for it)

    def __repr__(self):
        return self.name


def commands_of(block):
    found = []
    for line in block:
        if line.startswith("$ "):
            found.append(("run", line[2:], []))
        else:
            found[-1][2].append(line)
    for command in found:
        while command[2] and not command[2][-1]:
            command[2].pop()
    return found


def drills():
    """All of the page, in its order."""
    with open(PAGE, encoding="utf-8") as f:
        lines = f.read().splitlines()
    found, block = [], None
    for line in lines:
        remark = re.fullmatch(r"<!-- (\w+): (.*) -->", line)
        if block is not None:
            if line == "```":
                if found:
                    found[-1].steps += commands_of(block)
                block = None
            else:
                block.append(line)
        elif line == "```console":
            block = []
        elif remark and remark[1] == "drill":
            name, *settings = remark[2].split()
            found.append(Drill(name, dict(setting.split("=") for setting in settings)))
        elif remark and remark[1] == "do":
            found[-1].steps.append(("do", *remark[2].split(None, 1)))
        elif remark and remark[1] == "either":
            found[-1].either = remark[2].split(" or ")
    return found


def plain(lines, either=None):
    """What two answers have in common where they say the same: no ages, generations, addresses, widths, and of an epoch only
    the promotion that it is under: an attempt that somebody was faster with costs a number."""
    text = "\n".join(lines)
    text = re.sub(r"(?<![\w-])(\d+m\d+s|\d+[ms])(?![\w-])", "Ns", text)
    text = re.sub(r"\b(\d+)0{5}[1-9]\b", r"\g<1>00000N", text)
    text = re.sub(r"\(generation \d+\)", "(generation N)", text)
    text = re.sub(r"connect to \S+: Connection refused", "connect to ADDRESS: Connection refused", text)
    text = re.sub(r" {2,}", "  ", text)
    if either:
        text = text.replace(either[0], either[1])
    return text.splitlines()


def contains_in_order(lines, wanted):
    """Progress: what is written there, in that order, and more in between."""
    rest = iter(lines)
    return all(line in rest for line in wanted)


def is_progress(command):
    return re.match(r"kubectl amko (promote|demote)", command) is not None
