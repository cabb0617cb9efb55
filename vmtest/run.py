#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs Detour's tests in VMs, one kernel after the other; `make vmtest` calls it.

KERNEL=  names of kernels.txt, or paths of images or kernel trees; all of the matrix without it.
         NAME:quick runs the quick set of tests there, NAME:full the full one
TEST=    names of tests.txt; the set VMTEST_SET= (full, quick) without it
RESULTS= folder for logs, matrix.txt and junit.xml; build/vmtest without it
"""
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
        self.slips = 0  # of the emulation
        self.results = {}

    def all(self, stream):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for _ in range(BOOTS_MAX):
            if not self.todo or not self.boot(stream):
                break
        if self.results["boot"].outcome == "pass":
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
        machine = vm.Vm(self.tools, self.kernel.run, self.folder, self.accel,
                        shlex.join(["env", *self.variables(), f"{kernels.HERE}/guest/init.sh", vm.GUEST_FOLDER]))
        try:
            return self.watch(machine, stream)
        finally:
            machine.kill()

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
        return self.ended(hung, progress, stream)

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
            self.add(tap.result_of(name, text(f"{stem}.tap"), int(status), text(f"{stem}.dmesg"),
                                   int(seconds)), stream)

    def ended(self, hung, progress, stream):
        """The VM is gone, or is about to be: why, and is it worth another one?"""
        if progress and progress[0] == "end":
            return False
        how = "hung and was killed" if hung else f"ended: {self.last_words()}"
        if self.accel == "tcg" and vm.EMULATION_SLIP in how and self.slips < SLIPS_MAX:
            self.slips += 1
            print(f"# the VM {how}: the emulation's fault, not the kernel's; once more", flush=True)
            return True
        if "boot" not in self.results:
            self.add(tap.Result("boot"), stream, "boot", f"the VM {how}")
            return False
        # Else it died in a boot after others that lived, or between two tests.
        if progress and self.todo and progress[1:2] == [self.todo[0].name]:
            self.add(tap.Result(self.todo.pop(0).name), stream, "to the end", f"the VM {how}")
        return bool(self.todo)

    def last_words(self):
        """Of the console: the first complaint since the last boot, and the last line."""
        lines = [line.strip() for line in text(self.folder / "console").splitlines() if line.strip()]
        boots = [i for i, line in enumerate(lines) if "Linux version" in line]
        lines = lines[boots[-1] if boots else 0:]
        said = tap.complaints_of("\n".join(lines))[:1] + lines[-1:]
        return "; ".join(dict.fromkeys(said))[:300]

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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
