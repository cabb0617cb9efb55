# SPDX-License-Identifier: BSD-2-Clause
"""The tests to run: rows of tests.txt."""
from pathlib import Path

from kernels import HERE, rows

ROOT = HERE.parent
SUITES = {"prog": ROOT / "tests/prog/test_*.c", "e2e": ROOT / "tests/e2e/test_*.sh",
          "vm": HERE / "tests/test_*.sh"}
KVM_SPEED = 3


class Test:
    def __init__(self, name, sets, limit=0, needs=""):
        self.name = name
        self.set = sets
        self.limit = int(limit)  # seconds, under emulation
        self.needs = needs.replace(",", " ")

    def seconds(self, accel):
        return self.limit // KVM_SPEED if accel == "kvm" else self.limit


def table():
    return [Test(*words[:2]) if words[1] == "never" else Test(*words)
            for words in rows(HERE / "tests.txt")]


def forgotten():
    """Files that tests.txt does not name, and names without a file."""
    known = {test.name.split("@")[0] for test in table()}
    there = set()
    for suite, pattern in SUITES.items():
        for path in pattern.parent.glob(pattern.name):
            there.add(f"{suite}/{path.stem.removeprefix('test_')}")
    return sorted(known ^ there)


def chosen(words, sets):
    """TEST=: names, with or without their suite; else the set: full, quick."""
    lost = forgotten()
    if lost:
        raise SystemExit(f"vmtest: tests.txt and the test files differ: {' '.join(lost)}")
    if sets not in ("full", "quick"):
        raise SystemExit(f"vmtest: VMTEST_SET={sets}: there are full and quick")
    tests = [test for test in table() if test.set != "never"]
    if not words:
        return [test for test in tests if sets == "full" or test.set == "quick"]
    found = []
    for word in words.replace(",", " ").split():
        fits = [test for test in tests if word in (test.name, test.name.split("/")[1])]
        if not fits:
            raise SystemExit(f"vmtest: no test '{word}'; there are "
                             f"{' '.join(test.name for test in tests)}")
        found += fits
    return list(dict.fromkeys(found))
