#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How `make vmtest` judges: what a test printed, how it ended, what the kernel said; and the matrix of it."""
import json
import sys
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "vmtest"))
import kernels  # noqa: E402
import report  # noqa: E402
import tap  # noqa: E402
import tests  # noqa: E402
import vm  # noqa: E402

# name, TAP, exit status, kernel log, outcome, what the last case says
JUDGED = [
    ("all well", "ok 1 - a\nok 2 - b\n1..2\n", 0, "", "pass", "b"),
    ("one fails", "ok 1 - a\nnot ok 2 - b\n# why\n1..2\n", 1, "", "fail", "b"),
    ("cmocka's output among it", "# verifier: x\nok 1 - a\n1..1\n# ok - tests\n", 0, "", "pass", "a"),
    ("a skip with its reason", "ok 1 - all # SKIP no netem\n1..1\n", 0, "", "skip", "all"),
    ("a skip without a dash", "ok 1 # SKIP name\n1..1\n", 0, "", "skip", ""),
    ("a command line with oops=panic", "ok 1 - a\n1..1\n", 0, "[0] Kernel command line: debug oops=panic\n",
     "pass", "a"),
    ("a daemon's crash", "ok 1 - a\n1..1\n", 0, "x[7]: segfault at 0 ip 1 sp 2\n", "fail", "kernel log"),
    ("no plan", "ok 1 - a\n", 0, "", "fail", "to the end"),
    ("a plan for more", "ok 1 - a\n1..2\n", 0, "", "fail", "to the end"),
    ("a status that the cases do not explain", "ok 1 - a\n1..1\n", 3, "", "fail", "to the end"),
    ("nothing", "", 0, "", "fail", "anything"),
    ("a plan of nothing", "1..0\n", 0, "", "fail", "anything"),
    ("not found", "no such file\n", 127, "", "fail", "anything"),
    ("its time limit", "ok 1 - a\n", 124, "", "fail", "in time"),
    ("killed", "ok 1 - a\n", 137, "", "fail", "in time"),
    ("a kernel's harmless words", "ok 1 - a\n1..1\n", 0, "[1] device x entered promiscuous mode\n", "pass", "a"),
    ("a warning", "ok 1 - a\n1..1\n", 0, "[1] x\n[2] WARNING: CPU: 0 PID: 1 at a.c:7\n", "fail", "kernel log"),
    ("an oops", "ok 1 - a\n1..1\n", 0, "[2] BUG: kernel NULL pointer dereference\n", "fail", "kernel log"),
    ("a stall", "ok 1 - a\n1..1\n", 0, "rcu: INFO: rcu_preempt self-detected stall\n", "fail", "kernel log"),
]

# KERNEL=, the names and sets that come of it
CHOSEN = [
    ("", [(kernel.name, None) for kernel in kernels.matrix()]),
    ("6.12", [("6.12", None)]),
    ("6.1:full 7:quick", [("6.1", "full"), ("7", "quick")]),
    ("6.1,7", [("6.1", None), ("7", None)]),
]

REFUSED = [
    ("a kernel that is not there", lambda: kernels.chosen("5.10")),
    ("a path that is no image", lambda: kernels.chosen("/nonexistent/bzImage")),
    ("a tree without a kernel", lambda: kernels.chosen(tempfile.gettempdir())),
    ("a test that is not there", lambda: tests.chosen("nothing", "full")),
    ("a set that is not there", lambda: tests.chosen("", "all")),
]

count, failed = 0, False


def check(name, good):
    global count, failed
    count += 1
    failed |= not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}")


def refuses(call):
    try:
        call()
    except SystemExit as end:
        return str(end.code).startswith("vmtest: ")
    return False


def results():
    """Three tests on two kernels: passed and failed, skipped and missing."""
    one, two = kernels.Kernel("one", None), kernels.Kernel("two", None)
    good = tap.result_of("e2e/a", "ok 1 - x\n1..1\n", 0, "", 2)
    bad = tap.result_of("e2e/a", "not ok 1 - x <&>\n# a note\n1..1\n", 1, "", 2)
    skip = tap.result_of("vm/b", "ok 1 - all # SKIP no netem\n1..1\n", 0, "", 0)
    return [one, two], {"one": {"e2e/a": good, "vm/b": skip}, "two": {"e2e/a": bad}}


def check_report():
    each, found = results()
    lines = report.matrix(each, found).splitlines()
    check("matrix: a column a kernel", lines[0].split() == ["test", "one", "two"])
    check("matrix: passed, failed", lines[1].split() == ["e2e/a", "ok", "1", "FAIL", "1/1"])
    check("matrix: skipped, missing", lines[2].split() == ["vm/b", "skip", "-"])
    check("matrix: reasons", lines[3:] == ["one: vm/b: all: skip: no netem", "two: e2e/a: x <&>: FAIL: a note"])
    check("sums", report.totals(found) == (1, 1, 1))
    with tempfile.TemporaryDirectory() as folder:
        report.junit(each, found, f"{folder}/junit.xml")
        top = xml.parse(f"{folder}/junit.xml").getroot()
    check("JUnit: suites", [suite.get("name") for suite in top] == ["one", "two"])
    check("JUnit: a failure with its notes", top[1][0].get("name") == "x <&>" and top[1][0][0].text == "a note")
    check("JUnit: a skip with its reason", top[0][1][0].get("message") == "no netem")


def home_options():
    with tempfile.TemporaryDirectory() as folder:
        home = Path(vm.environment("/tools", Path(folder))["HOME"])
        return json.loads((home / ".config/virtme-ng/virtme-ng.conf").read_text())


for name, text, status, log, outcome, last in JUDGED:
    result = tap.result_of("e2e/x", text, status, log, 1)
    check(f"{name}: {outcome}", (result.outcome, result.cases[-1].name) == (outcome, last))
for words, expected in CHOSEN:
    check(f"KERNEL={words}", [(kernel.name, kernel.set) for kernel in kernels.chosen(words)] == expected)
for name, call in REFUSED:
    check(f"refused by name: {name}", refuses(call))
check("tests.txt names every test file", tests.forgotten() == [])
check("the quick set is part of the full one",
      {test.name for test in tests.chosen("", "quick")} < {test.name for test in tests.chosen("", "full")})
check("a test by its short name", [test.name for test in tests.chosen("relay_cut", "full")] == ["e2e/relay_cut"])
check_report()
check("virtme-ng's home has no options", home_options() == {})
print(f"1..{count}")
sys.exit(failed)
