# SPDX-License-Identifier: BSD-2-Clause
"""The kernels to test: rows of kernels.txt, or one of the user's own."""
import os
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Kernel:
    """`run` is what virtme-ng is to run: an image or a kernel tree."""

    def __init__(self, name, expected, run=None):
        self.name = name
        self.set = None  # of tests: full, quick; None: as VMTEST_SET says
        self.expected = expected  # words "+FEATURE", "-FEATURE"; None: nothing is known of it
        self.run = run
        self.release = name  # until it has booted

    @property
    def folder(self):
        return re.sub(r"[^A-Za-z0-9._-]", "-", self.name).strip("-.")


def build():
    """Where the host has built what the guest runs."""
    return Path(os.environ.get("BUILD") or HERE.parent / "build")


def rows(path):
    """The lines of a table without comments, in words."""
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            yield words


def matrix():
    return [Kernel(words[0], words[3:]) for words in rows(HERE / "kernels.txt")]


def own(path):
    """A user's kernel: an image or a tree in which one was built."""
    tree = path / "arch/x86/boot/bzImage"
    if path.is_dir() and not tree.exists():
        raise SystemExit(f"vmtest: {path} is no built kernel tree: no arch/x86/boot/bzImage in it")
    if not path.exists():
        raise SystemExit(f"vmtest: no kernel '{path}'; there are "
                         f"{', '.join(kernel.name for kernel in matrix())}, or a path")
    return Kernel(str(path), None, path)


def chosen(words):
    """KERNEL=: names of the matrix, or paths, each with :SET or not; nothing means all of the matrix."""
    known = {kernel.name: kernel for kernel in matrix()}
    found = []
    for word in words.replace(",", " ").split():
        name, colon, sets = word.rpartition(":")
        with_set = colon and sets in ("full", "quick")
        name = name if with_set else word
        kernel = known.get(name) or own(Path(name).expanduser().resolve())
        if kernel.folder in [other.folder for other in found]:
            raise SystemExit(f"vmtest: kernel {name} is named twice")
        kernel.set = sets if with_set else None
        found.append(kernel)
    return found or list(known.values())


def fetch(*words):
    """What fetch.sh prints; it says itself what went wrong."""
    done = subprocess.run([HERE / "fetch.sh", *words], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout.strip()
