#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A shell in a VM, on the client of a standing lab; `make vmtest-shell KERNEL=7` calls it.

The arguments are the lab's options. The VM ends with the shell.
"""
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import kernels
import vm


def main():
    chosen = kernels.chosen(os.environ.get("KERNEL", ""))[-1]
    tools = kernels.fetch("tools")
    image = chosen.run or kernels.fetch("kernel", chosen.name)
    with tempfile.TemporaryDirectory(prefix="detour-vmtest.") as folder:
        accel, why = vm.accelerator(tools, image, Path(folder))
        print(f"kernel {chosen.name} ({accel}: {why})", flush=True)
        # Without a command virtme-ng gives a shell on the console: a login shell, which reads /etc/profile.d,
        # or to root one that is none, which gets PROMPT_COMMAND from the kernel's command line.
        script = Path(folder) / "profile.d/lab.sh"
        script.parent.mkdir()
        words = [f"BUILD={kernels.build()}", f"LAB_SLOW={vm.SLOW[accel]}", f"{kernels.HERE}/guest/shell.sh"]
        script.write_text(f"#!/bin/bash\nenv -u PROMPT_COMMAND {shlex.join(words + sys.argv[1:])}\npoweroff -f\n")
        script.chmod(0o755)
        return subprocess.call(
            vm.arguments(tools, image, accel, Path(folder)) +
            [f"--rwdir=/etc/profile.d={script.parent}", "--append", "PROMPT_COMMAND=/etc/profile.d/lab.sh"],
            env=vm.environment(tools, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
