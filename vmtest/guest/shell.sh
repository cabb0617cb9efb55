#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Inside a VM, as root: a shell on the client of a standing lab. Arguments: the lab's options.
set -u

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
export LAB_BUILD=${BUILD:-$ROOT/build} PATH=$PATH:/usr/sbin:/sbin LANG=C.UTF-8 HOME=/root TMPDIR=/tmp

# shellcheck source=vmtest/guest/prepare.sh
. "$ROOT/vmtest/guest/prepare.sh"

trap power_off EXIT
prepare || exit 1
echo "Making the lab; under emulation that takes a minute."
"$ROOT/tests/lab/lab.sh" shell "$@"
