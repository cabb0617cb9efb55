# SPDX-License-Identifier: BSD-2-Clause
"""Reads what a test printed (TAP), how it ended, and what the kernel said meanwhile."""
import re

CASE = re.compile(r"^(not )?ok\b(?: +\d+)?(?: +-)? *(.*?) *(?:# *SKIP\b *(.*))?$", re.IGNORECASE)
PLAN = re.compile(r"^1\.\.(\d+)$")

# What no kernel should say.
KERNEL_COMPLAINTS = re.compile(
    r"WARNING:|\bBUG[: ]|\bOops:|Kernel panic|general protection|Call Trace|cut here|UBSAN|KASAN|KFENCE|"
    r"soft lockup|hard LOCKUP|blocked for more than|self-detected stall|detected (expedited )?stalls|"
    r"suspicious RCU|possible (recursive|circular) locking|refcount_t|scheduling while atomic|"
    r"(?i:netdev watchdog)|nobody cared|segfault at|Out of memory: Killed|page allocation failure|"
    r"Bad page|list_(add|del) corruption|failed to validate module .* BTF|BPF:.*Invalid|"
    r"unregister_netdevice: waiting")
COMMAND_LINE = "ommand line:"  # what a kernel prints of it is no complaint

NOTES = 30  # lines of what was said last


class Case:
    """One line "ok" or "not ok", with the "#" lines that follow it."""

    def __init__(self, name, outcome, reason=""):
        self.name = name
        self.outcome = outcome  # "pass", "fail", "skip"
        self.reason = reason
        self.notes = []


def cases_of(text):
    """The cases, and whether the plan fits them. A case that a test prints twice counts twice."""
    cases, planned, said = [], None, []
    for line in text.splitlines():
        case, plan = CASE.match(line), PLAN.match(line)
        if plan:
            planned = int(plan.group(1))
        elif case:
            failed, name, skip = case.groups()
            outcome = "fail" if failed else "pass" if skip is None else "skip"
            cases.append(Case(name, outcome, skip or ""))
            # cmocka says before the case why it fails.
            cases[-1].notes += said[-NOTES:] if failed else []
            said = []
        elif line.startswith("#") and cases:
            cases[-1].notes.append(line[1:].strip())
        elif line.strip():
            said.append(line.strip())
    return cases, planned == len(cases)


def complaints_of(log):
    """The lines of a kernel log that fail a run."""
    return [line.strip() for line in log.splitlines()
            if KERNEL_COMPLAINTS.search(line) and COMMAND_LINE not in line]


class Result:
    """One test on one kernel."""

    def __init__(self, test, cases=(), seconds=0):
        self.test = test
        self.cases = list(cases)
        self.seconds = seconds

    def fail(self, name, reason, notes=()):
        self.cases.append(Case(name, "fail", reason))
        self.cases[-1].notes += notes

    def count(self, outcome):
        return sum(case.outcome == outcome for case in self.cases)

    @property
    def outcome(self):
        if self.count("fail"):
            return "fail"
        return "pass" if self.count("pass") else "skip"


def result_of(test, text, status, kernel_log, seconds):
    """What became of a test that has ended with that exit status; 124 is timeout(1)'s."""
    cases, complete = cases_of(text)
    result = Result(test, cases, seconds)
    last_words = text.splitlines()[-NOTES:]
    if status in (124, 137):
        result.fail("in time", "killed by its time limit", last_words)
    elif not cases:
        result.fail("anything", f"ran no case (exit status {status})", last_words)
    elif not complete or (status != 0 and not result.count("fail")):
        result.fail("to the end", f"ended early (exit status {status})", last_words)
    complaints = complaints_of(kernel_log)
    if complaints:
        result.fail("kernel log", complaints[0], kernel_log.splitlines()[-NOTES:])
    return result
