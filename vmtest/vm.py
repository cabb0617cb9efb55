# SPDX-License-Identifier: BSD-2-Clause
"""Boots a kernel under virtme-ng with the host's files as its own, and watches it."""
import os
import shutil
import signal
import subprocess
import time

BOOT_SECONDS = {"kvm": 30, "tcg": 180}
SLOW = {"kvm": 1, "tcg": 2}  # LAB_SLOW in tests/lab/lib/lab.sh
GRACE_SECONDS = 30  # after a test's own limit, before its VM is taken for dead
PROBE_SECONDS = 25
# QEMU's emulation of two processors now and then lets one run an instruction that the kernel is just patching on
# the other, and the kernel dies of it. (-accel tcg,thread=single does not, and takes 2.5 times as long.)
EMULATION_SLIP = "Oops: int3"
GUEST_FOLDER = "/tmp/vmtest"  # where a VM sees its folder: where virtme-ng can make one


class Vm:
    """A running VM, a context: it ends with it. It writes into `folder`: progress, and each test's output."""

    def __init__(self, tools, image, folder, accel, command, console="console"):
        self.folder = folder
        self.console = folder / console
        self.began = time.monotonic()
        with open(self.console, "wb") as output:
            self.process = subprocess.Popen(
                arguments(tools, image, accel, folder) + ["--verbose", "--exec", command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=dict(environment(tools, folder), TMPDIR=str(folder)), start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """virtme-ng, its shell and qemu are one session."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for left in self.folder.glob("virtme_*"):
            left.unlink()
        shutil.rmtree(self.folder / "home", ignore_errors=True)

    def alive(self):
        return self.process.poll() is None


def environment(tools, folder):
    """virtme-ng has options of the user's from the home folder, or the host's from /etc: here it finds none."""
    home = folder / "home"
    config = home / ".config/virtme-ng/virtme-ng.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("{}\n")
    return dict(os.environ, HOME=str(home), PYTHONPATH=f"{tools}/usr/lib/python3/dist-packages",
                PATH=f"{tools}/usr/bin:{os.environ['PATH']}:/usr/sbin:/sbin")


def arguments(tools, image, accel, folder):
    """virtme-ng's command line. 9p, for virtiofs kills guests under emulation. A bug ends the VM."""
    words = [f"{tools}/usr/bin/vng", "--run", str(image), "--force-9p",
             "--cpus", os.environ.get("VMTEST_CPUS", "2"),
             "--memory", os.environ.get("VMTEST_MEMORY", "2G"),
             "--user", "root", f"--rwdir={GUEST_FOLDER}={folder}",
             "--append", "oops=panic panic=-1 log_buf_len=4M"]
    return words + ([] if accel == "kvm" else ["--disable-kvm"])


def boots_with_kvm(tools, image, folder):
    """A /dev/kvm that is there may still not work: only a boot proves it."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    # The guest says what it runs on: qemu may fall back to emulation.
    works = folder / "kvm-works"
    works.unlink(missing_ok=True)
    with Vm(tools, image, folder, "kvm", f"dmesg | grep -q 'Hypervisor detected: KVM' && "
            f"touch {GUEST_FOLDER}/kvm-works", "console-kvm") as probe:
        while probe.alive() and time.monotonic() - probe.began < PROBE_SECONDS:
            time.sleep(0.2)
    found = works.exists()
    works.unlink(missing_ok=True)
    return found


def accelerator(tools, image, folder):
    """ "kvm" or "tcg", and why. VMTEST_ACCEL= decides without a look."""
    wish = os.environ.get("VMTEST_ACCEL")
    if wish in BOOT_SECONDS:
        return wish, "as VMTEST_ACCEL says"
    if wish:
        raise SystemExit(f"VMTEST_ACCEL={wish}: there are kvm and tcg")
    if not os.path.exists("/dev/kvm"):
        return "tcg", "no /dev/kvm"
    if boots_with_kvm(tools, image, folder):
        return "kvm", "a kernel booted with it"
    return "tcg", "/dev/kvm is there, but no kernel boots with it"
