# SPDX-License-Identifier: BSD-2-Clause
# Tests: unit (cmocka, sanitizers), prog (BPF_PROG_TEST_RUN), fuzz (libFuzzer), lab and e2e.

CMOCKA_LIBS = $(shell pkg-config --libs cmocka)
UNIT_TESTS  = $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
PROG_TESTS  = $(patsubst tests/prog/%.c,%,$(wildcard tests/prog/test_*.c))
FUZZERS     = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 20

# A test is one file and links with all libraries, and with the files of the programs that have no
# main(): tests reach anything.
TEST_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard user/fwd/*.c user/agent/*.c)))
UNIT_LIB  = $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/unit/test_%.c,$(wildcard tests/unit/*.c)))
PROG_LIB  = $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/prog/test_%.c,$(wildcard tests/prog/*.c)))

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_LIB) $(TEST_OBJS) $(LIBDETOUR)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL) $(CMOCKA_LIBS)

# This one is the rest of the agent itself.
$(BUILD)/tests/unit/test_round: $(patsubst %,$(BUILD)/%.o,tests/unit/test_round user/agent/round user/agent/conn user/agent/backoff) $(LIBDETOUR)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL) $(CMOCKA_LIBS)

$(BUILD)/tests/prog/test_%: $(BUILD)/tests/prog/test_%.o $(PROG_LIB) $(LIBDETOUR)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL) $(CMOCKA_LIBS)

# The programs that the data path is measured against, and the lab's own.
$(BUILD)/tests/%.bpf.o: tests/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(PROG_LIB) $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/prog/*.c)): | $(SKELETONS)

.PHONY: build-tests test-unit
build-tests: $(addprefix $(BUILD)/tests/unit/,$(UNIT_TESTS)) ## build the unit tests
test-unit: ## unit tests, under ASan and UBSan
	$(MAKE) SAN=1 run-unit
.PHONY: run-unit
run-unit: $(addprefix $(BUILD)/tests/unit/,$(UNIT_TESTS)) $(wildcard tests/unit/test_*.sh tests/unit/test_*.py)
	@set -e; for t in $^; do echo "# $$t"; $$t; done

.PHONY: test-prog
test-prog: $(addprefix $(BUILD)/tests/prog/,$(PROG_TESTS)) ## data path tests by BPF_PROG_TEST_RUN (root)
	@set -e; for t in $^; do echo "# $$t"; $$t; done

# The fuzzers compile the library again, with clang's instrumentation; without user/dataplane, and so without what uses it.
FUZZ_BUILD  = $(BUILD)/fuzzing
FUZZ_CFLAGS = -g -O1 -std=gnu11 -fsanitize=fuzzer-no-link,address,undefined
FUZZ_SRCS   = $(filter-out user/dataplane/%,$(wildcard $(addsuffix /*.c,$(LIB_DIRS)))) \
	      $(filter-out %/main.c %/cmd_run.c %/report.c,$(wildcard user/agent/*.c))

$(FUZZ_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) $(CPPFLAGS_ALL) $(FUZZ_CFLAGS) -MMD -MP $(shell pkg-config --cflags $(LIBS_PC)) -c $< -o $@

.PRECIOUS: $(FUZZ_BUILD)/%.o
$(FUZZ_BUILD)/fuzz_%: $(FUZZ_BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_SRCS:%.c=$(FUZZ_BUILD)/%.o)
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDLIBS_ALL)

.PHONY: build-prog build-fuzz test-fuzz fuzz
build-prog: $(addprefix $(BUILD)/tests/prog/,$(PROG_TESTS))
build-fuzz: $(addprefix $(FUZZ_BUILD)/,$(FUZZERS))
test-fuzz: $(addprefix $(FUZZ_BUILD)/,$(FUZZERS)) ## each fuzzer for 20 s, from its seeds
	tests/fuzz/run.sh $(FUZZ_SECONDS) $^
fuzz: ## each fuzzer for 10 minutes (FUZZ_SECONDS=)
	$(MAKE) test-fuzz FUZZ_SECONDS=600

# The lab: network namespaces joined by emulated links.
LINKEM_LIB = $(patsubst %,$(BUILD)/tests/lab/linkem/%.o,shaper options link control)
XFER_OBJS  = $(patsubst %,$(BUILD)/tests/lab/xfer/%.o,main common upload download series subflows progress)
LAB_TOOLS  = $(BUILD)/linkem $(BUILD)/xfer $(BUILD)/tests/lab/pass.bpf.o

$(BUILD)/linkem: $(BUILD)/tests/lab/linkem/main.o $(LINKEM_LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^
$(BUILD)/xfer: $(XFER_OBJS) $(LIBDETOUR)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)
$(BUILD)/tests/unit/test_linkem: $(LINKEM_LIB)

.PHONY: lab lab-tools demo
lab-tools: $(LAB_TOOLS)
demo: ## a file over MPTCP, directly and with a detour, between namespaces (root)
	@LAB_BUILD=$(CURDIR)/$(BUILD) tests/lab/demo.sh
lab: all lab-tools ## a shell in a standing lab with relay and agent running (LAB="--nat ...")
	LAB_BUILD=$(CURDIR)/$(BUILD) tests/lab/lab.sh shell $(LAB)

.PHONY: test-e2e check
test-e2e: all lab-tools ## end-to-end tests in the lab (root; E2E="NAME ..." for some)
	LAB_BUILD=$(CURDIR)/$(BUILD) tests/e2e/run.sh $(E2E)
check: ## all tests, and a line that sums them up (root)
	@BUILD=$(BUILD) tests/check.sh

include tests/bench/bench.mk
