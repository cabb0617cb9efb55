#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs Detour's tests in VMs, one kernel after the other; `make vmtest` calls it.

KERNEL=  names of kernels.txt, or paths of images or kernel trees; all of the matrix without it.
         NAME:quick runs the quick set of tests there, NAME:full the full one
TEST=    names of tests.txt; the set VMTEST_SET= (full, quick) without it
RESULTS= folder for logs, matrix.txt and junit.xml; build/vmtest without it
"""
import fcntl
import os
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path

import kernels
import report
import tap
import tests
import vm

BOOTS_MAX = 5  # of one kernel, when VMs die
SLIPS_MAX = 2  # deaths that are taken for the emulation's fault


class Run:
    """One kernel: boots it as often as its VMs die, until each test has a result."""

    def __init__(self, kernel, todo, tools, accel, folder):
        self.kernel, self.todo, self.tools = kernel, list(todo), tools
        self.accel, self.folder = accel, folder
        self.boots = 0
        self.slips = 0  # of the emulation
        self.results = {}
        self.judged = set()  # complaints that are some test's already

    def all(self, stream):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for _ in range(BOOTS_MAX):
            if not self.todo or not self.boot(stream):
                break
        if "boot" in self.results and self.results["boot"].outcome == "pass":
            for test in self.todo:
                self.add(tap.Result(test.name), stream, "not run", "no VM lived long enough")
        self.tidy()
        return self.results

    def add(self, result, stream, name=None, reason=None):
        if reason:
            result.fail(name, reason)
        self.results[result.test] = result
        stream.result(result)

    def boot(self, stream):
        """Runs what is left. False: it is no use to boot again."""
        (self.folder / "todo").write_text(
            "".join(f"{test.name} {test.seconds(self.accel)} {test.needs}\n" for test in self.todo))
        (self.folder / "progress").unlink(missing_ok=True)
        self.boots += 1
        command = shlex.join(["env", *self.variables(), f"{kernels.HERE}/guest/init.sh", vm.GUEST_FOLDER])
        with vm.Vm(self.tools, self.kernel.run, self.folder, self.accel, command,
                   f"console-{self.boots}") as machine:
            return self.watch(machine, stream)

    def variables(self):
        """What the tests inside are told."""
        expected = self.kernel.expected
        return [f"BUILD={kernels.build()}", f"LAB_SLOW={vm.SLOW[self.accel]}"] + \
            ([] if expected is None else [f"VMTEST_EXPECTED={' '.join(expected)}"])

    def watch(self, machine, stream):
        """Until the VM ends or hangs; what it has finished is taken meanwhile."""
        progress, since = None, time.monotonic()
        while machine.alive():
            time.sleep(0.2)
            words = self.progress()
            if words != progress:
                progress, since = words, time.monotonic()
                if "boot" not in self.results:
                    self.booted(machine, stream)
            self.take_finished(stream)
            allowed = int(words[2]) + vm.GRACE_SECONDS if words and words[0] == "start" else \
                vm.BOOT_SECONDS[self.accel] if not words else vm.GRACE_SECONDS
            if time.monotonic() - since > allowed:
                break
        hung = machine.alive()
        self.take_finished(stream)
        return self.ended(machine, hung, progress, stream)

    def progress(self):
        try:
            return (self.folder / "progress").read_text().split()
        except OSError:
            return None

    def booted(self, machine, stream):
        self.kernel.release = (self.folder / "release").read_text().strip()
        result = tap.Result("boot", [tap.Case(f"Linux {self.kernel.release}", "pass")],
                            round(time.monotonic() - machine.began))
        self.add(result, stream)

    def take_finished(self, stream):
        while self.todo:
            stem = self.folder / self.todo[0].name.replace("/", "-")
            try:
                status, seconds = Path(f"{stem}.status").read_text().split()
            except (OSError, ValueError):
                return
            name = self.todo.pop(0).name
            log = text(f"{stem}.dmesg")
            self.judged.update(tap.complaints_of(log))
            self.add(tap.result_of(name, text(f"{stem}.tap"), int(status), log, int(seconds)), stream)

    def ended(self, machine, hung, progress, stream):
        """The VM is gone, or is about to be: why, and is it worth another one?"""
        complaints = tap.complaints_of(text(machine.console))
        last_line = text(machine.console).strip().splitlines()[-1:]
        how = "hung and was killed" if hung else \
            "ended: " + "; ".join(dict.fromkeys(complaints[:1] + last_line))[:300]
        if self.accel == "tcg" and vm.EMULATION_SLIP in how and self.slips < SLIPS_MAX:
            self.slips += 1
            self.add(tap.Result(f"emulation slip {self.slips}",
                                [tap.Case("once more", "pass", f"the VM {how}")]), stream)
            return True
        if "boot" not in self.results:
            self.add(tap.Result("boot"), stream, "boot", f"the VM {how}")
            return False
        if progress and progress[0] == "end":
            self.judge_rest(complaints, hung, stream)
            return False
        if progress and self.todo and progress[1:2] == [self.todo[0].name]:
            self.add(tap.Result(self.todo.pop(0).name), stream, "to the end", f"the VM {how}")
        else:
            self.add(tap.Result(f"boot {self.boots}"), stream, "between tests", f"the VM {how}")
        return bool(self.todo)

    def judge_rest(self, complaints, hung, stream):
        """What the kernel said while it booted, between the tests and at its end."""
        new = [line for line in complaints if line not in self.judged]
        if new or hung:
            self.add(tap.Result("outside tests"), stream, "kernel log",
                     new[0] if new else "the VM hung at its end and was killed")

    def tidy(self):
        """Logs stay of what failed, with the kernel's words and the console."""
        for name, result in self.results.items():
            if result.outcome != "fail":
                for path in self.folder.glob(f"{name.replace('/', '-')}.*"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def text(path):
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def lock_folder(folder):
    lock = open(folder / "lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit(f"vmtest: another run writes to {folder}; give this one a folder by RESULTS=") from None
    return lock


def main():
    folder = Path(os.environ.get("RESULTS") or f"{kernels.build()}/vmtest").resolve()
    chosen = kernels.chosen(os.environ.get("KERNEL", ""))
    default = os.environ.get("VMTEST_SET") or "full"
    todo = {kernel: tests.chosen(os.environ.get("TEST", ""), kernel.set or default)
            for kernel in chosen}
    began = time.monotonic()
    tools = kernels.fetch("tools")
    for kernel in chosen:
        kernel.run = kernel.run or kernels.fetch("kernel", kernel.name)
    folder.mkdir(parents=True, exist_ok=True)
    lock = lock_folder(folder)  # held until the process ends
    accel, why = vm.accelerator(tools, chosen[0].run, folder)
    results = {}
    for kernel in chosen:
        stream = report.Tap(kernel, accel, why)
        results[kernel.name] = Run(kernel, todo[kernel], tools, accel, folder / kernel.folder).all(stream)
        stream.end()
    return close(chosen, results, folder, round(time.monotonic() - began))


def close(chosen, results, folder, seconds):
    passed, failed, skipped = report.totals(results)
    matrix = report.matrix(chosen, results)
    (folder / "matrix.txt").write_text(matrix + "\n")
    report.junit(chosen, results, folder / "junit.xml")
    print(f"\n{matrix}\n\nmatrix.txt, junit.xml and the logs of what failed are in {folder}")
    skips_fail = skipped and os.environ.get("ALLOW_SKIP") != "1"
    if skips_fail:
        print("skipped tests fail the run; ALLOW_SKIP=1 lets them pass")
    print(f"# {seconds} s in all\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or not passed or skips_fail else 0


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    sys.exit(main())
