# SPDX-License-Identifier: BSD-2-Clause
# The benchmark: each part measures Detour beside its peers and the physical limit, in one run.
# QUICK=1: under three minutes each; TRIALS=, ROWS=, CC= where a part knows them; RESULTS= a folder.

BENCH_PARTS = $(foreach part,table1 datapath latency failover scale,$(if $(wildcard tests/bench/$(part).sh),$(part)))
BENCHES     = $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/bench_*.c))

$(BUILD)/tests/bench/bench_%: $(BUILD)/tests/bench/bench_%.o $(LIBDETOUR)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(LIBDETOUR) $(LDLIBS_ALL)

$(BUILD)/tests/bench/%.skel.h: $(BUILD)/tests/bench/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*) > $@

$(BUILD)/tests/bench/bench_dataplane.o: | $(BUILD)/tests/bench/floor.skel.h
$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/*.c)): | $(SKELETONS)

# One measures what the prog tests load, one a program's files.
$(BUILD)/tests/bench/bench_dataplane: $(PROG_LIB)
$(BUILD)/tests/bench/bench_leases: $(TEST_OBJS)
# What those of one subject share.
$(addprefix $(BUILD)/tests/bench/bench_,asks handshakes answers frames echo conns): $(BUILD)/tests/bench/figures.o
$(addprefix $(BUILD)/tests/bench/bench_,asks handshakes): $(BUILD)/tests/bench/channels.o
$(addprefix $(BUILD)/tests/bench/bench_,echo conns): $(BUILD)/tests/bench/conns.o

.PHONY: build-bench bench bench-report $(addprefix bench-,$(BENCH_PARTS))
build-bench: $(addprefix $(BUILD)/tests/bench/,$(BENCHES)) lab-tools
bench: $(addprefix bench-,$(BENCH_PARTS)) ## measure everything, the peers too, into results/ (hours; QUICK=1: minutes; root)
$(addprefix bench-,$(BENCH_PARTS)): bench-%: all build-bench # one part
	packaging/deps.sh --bench
	LAB_BUILD=$(CURDIR)/$(BUILD) tests/bench/run.sh $*
bench-report: ## docs/RESULTS.md of what was measured
	/usr/bin/python3 tests/bench/lib/report.py $(or $(RESULTS),results) docs
