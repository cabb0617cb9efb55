# SPDX-License-Identifier: BSD-2-Clause
# Detour. `make help` lists the targets.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build

# CC=bbr is the benchmark's: a congestion control (tests/bench/table1.sh).
ifneq ($(filter $(CC),bbr cubic reno bic cdg dctcp highspeed htcp hybla illinois lp nv scalable vegas veno westwood yeah),)
BENCH_CC    := $(CC)
override CC := gcc
endif
CC           ?= gcc
CLANG        ?= clang
# Ubuntu keeps the real one beside each kernel; its /usr/sbin/bpftool wants the running kernel's.
BPFTOOL      ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
CLANG_FORMAT ?= clang-format

LIBS_PC  := libbpf libelf libmnl libuv openssl json-c libsystemd libcap-ng
WARNINGS := -Wall -Wextra -Wshadow -Wenum-conversion -Wmissing-prototypes -Wstrict-prototypes
ifneq ($(WERROR),)
WARNINGS += -Werror
endif

CPPFLAGS_ALL = -I. -Iinclude -I$(BUILD) -D_GNU_SOURCE -DDETOUR_VERSION='"$(VERSION)"' $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu11 -O2 -g $(WARNINGS) $(HARDENING) $(SANITIZE) -MMD -MP \
	       $(shell pkg-config --cflags $(LIBS_PC) 2>/dev/null) $(CFLAGS)
LDLIBS_ALL   = $(shell pkg-config --libs $(LIBS_PC) 2>/dev/null) $(LDLIBS)

# `make SAN=1 ...` builds the same under ASan and UBSan, in a folder of its own.
ifneq ($(SAN),)
BUILD    := $(BUILD)-san
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now
endif
LDFLAGS_ALL += $(SANITIZE) $(LDFLAGS)

# Libraries, lowest first; a program links with all of them. Dependencies run one way
# (tests/lint/layers.sh checks).
LIB_DIRS := user/base user/net user/conf user/control user/dataplane user/pm
LIB_OBJS  = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(addsuffix /*.c,$(LIB_DIRS))))
LIBDETOUR = $(BUILD)/libdetour.a
PROGRAMS  = $(BUILD)/detour-fwd $(BUILD)/detour-agent $(BUILD)/detour-pki

BPF_SRCS  = $(wildcard bpf/*.bpf.c)
BPF_OBJS  = $(BPF_SRCS:bpf/%.c=$(BUILD)/bpf/%.o)
SKELETONS = $(BPF_SRCS:bpf/%.bpf.c=$(BUILD)/bpf/%.skel.h)
MULTIARCH := $(shell $(CC) -print-multiarch)
BPF_CFLAGS = -target bpf -mcpu=v3 -O2 -g -std=gnu11 $(WARNINGS) -Wno-missing-prototypes -I. -Iinclude \
	     -I/usr/include/$(MULTIARCH) -MMD -MP

# `make V=1` prints the commands.
ifeq ($(V),)
Q   := @
say  = @printf '  %-5s %s\n' "$(1)" "$(2)"
endif

.PHONY: all
all: $(PROGRAMS) ## build everything
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PRECIOUS: $(BUILD)/bpf/%.bpf.o $(BUILD)/%.o

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*) > $@

# Only the data path includes skeletons.
$(patsubst %.c,$(BUILD)/%.o,$(wildcard user/dataplane/*.c)): | $(SKELETONS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c $< -o $@

$(LIBDETOUR): $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/detour-%: $(LIBDETOUR)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(LIBDETOUR) $(LDLIBS_ALL)

$(BUILD)/detour-fwd: $(patsubst %.c,$(BUILD)/%.o,$(wildcard user/fwd/*.c))
$(BUILD)/detour-agent: $(patsubst %.c,$(BUILD)/%.o,$(wildcard user/agent/*.c))
$(BUILD)/detour-pki: user/pki/detour-pki
	@mkdir -p $(@D)
	sed 's/^VERSION=.*/VERSION=$(VERSION)/' $< >$@
	chmod 755 $@

include tests/tests.mk
include vmtest/vmtest.mk
include tests/lint/lint.mk
include packaging/install.mk

.PHONY: deps
deps: ## install what building, testing and the demo need (apt, as root)
	packaging/deps.sh

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD) $(BUILD)-san

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | sort | \
		awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
