# SPDX-License-Identifier: BSD-2-Clause
# The tests on other kernels, in VMs.

VMTEST_RUN = BUILD="$(abspath $(BUILD))" KERNEL="$(KERNEL)" TEST="$(TEST)" /usr/bin/python3 -B

.PHONY: vmtest vmtest-shell vmtest-fetch
vmtest: vmtest-build ## the tests on several kernels, in VMs (KERNEL=6.12|PATH TEST=NAME VMTEST_SET=quick)
	@$(VMTEST_RUN) vmtest/run.py
vmtest-shell: vmtest-build ## a shell in a VM, on a standing lab's client (KERNEL=7 LAB="--nat ...")
	@$(VMTEST_RUN) vmtest/shell.py $(LAB)
vmtest-fetch: vmtest-deps ## fetch what `make vmtest` needs, to be offline later
	@vmtest/fetch.sh all >/dev/null

.PHONY: vmtest-build vmtest-deps
vmtest-deps:
	@packaging/deps.sh --vmtest
vmtest-build: vmtest-deps
	@$(MAKE) -s --no-print-directory -j$(shell nproc) all lab-tools build-prog
