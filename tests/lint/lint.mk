# SPDX-License-Identifier: BSD-2-Clause
# Style and static checks. Everything here reads the source; nothing needs root.

CLANG_TIDY ?= clang-tidy
CPPCHECK   ?= cppcheck
SHELLCHECK ?= shellcheck
MANDOC     ?= mandoc

LINT_C    = $(shell find $(wildcard bpf include user tests kernel-pm) -name '*.[ch]')
LINT_SH   = $(shell find $(wildcard .ci packaging tests user vmtest) -type f -print0 | \
	      xargs -0 awk 'FNR == 1 && /^\#!.*sh$$/ { print FILENAME } { nextfile }') \
	    $(wildcard completion/detour)
LINT_MAN  = $(wildcard man/*.[0-9])
LINT_TIDY = $(wildcard $(addsuffix /*.c,$(LIB_DIRS) user/fwd user/agent)) $(BPF_SRCS)

.PHONY: format format-check
format: ## rewrite all C files in the project's format (clang-format 14)
	$(CLANG_FORMAT) -i $(LINT_C)
format-check: ## fail if `make format` would change a file
	@CLANG_FORMAT=$(CLANG_FORMAT) tests/lint/format.sh $(LINT_C)

.PHONY: lint lint-layers lint-sizes lint-tidy lint-cppcheck lint-shell lint-man
lint: format-check lint-layers lint-sizes lint-shell lint-man lint-cppcheck lint-tidy ## all static checks

lint-layers: ## who may include whom
	tests/lint/layers_test.sh
	tests/lint/layers.sh .

lint-sizes: ## no file over 400 lines, no function over 70
	@tests/lint/sizes.sh $(LINT_C)

lint-shell: ## shellcheck on every script
	@$(SHELLCHECK) -x $(sort $(LINT_SH))

lint-man: ## mandoc on every manual page
	$(if $(LINT_MAN),$(MANDOC) -T lint -W warning $(LINT_MAN))

# The object is made first: it knows the headers, so that a change in one is looked at again.
lint-tidy: $(LINT_TIDY:%.c=$(BUILD)/lint/%.tidy) ## clang-tidy on programs, libraries and BPF
$(BUILD)/lint/%.tidy: TIDY_FLAGS = $(filter-out -Werror,$(CPPFLAGS_ALL) $(CFLAGS_ALL))
$(BUILD)/lint/bpf/%.tidy: TIDY_FLAGS = $(filter-out -Werror,$(BPF_CFLAGS))
# Unset variables and null pointers are the kernel's verifier's work there, and it sees every path.
$(BUILD)/lint/bpf/%.tidy: TIDY_CHECKS = --checks=-clang-analyzer-*
$(BUILD)/lint/%.tidy: %.c $(BUILD)/%.o .clang-tidy
	@mkdir -p $(@D)
	@echo "clang-tidy $<"
	@$(CLANG_TIDY) --quiet $(TIDY_CHECKS) $< -- $(TIDY_FLAGS) > $@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@

lint-cppcheck: ## cppcheck on everything
	@mkdir -p $(BUILD)/lint/cppcheck
	@$(CPPCHECK) --quiet --std=c11 --error-exitcode=1 --inline-suppr -j2 \
		--enable=warning,performance,portability --cppcheck-build-dir=$(BUILD)/lint/cppcheck \
		--suppressions-list=tests/lint/cppcheck.txt --include=tests/lint/cppcheck.h -I. -Iinclude -D_GNU_SOURCE -D__x86_64__ \
		$(wildcard bpf include user tests kernel-pm)
