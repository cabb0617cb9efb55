# SPDX-License-Identifier: BSD-2-Clause
# `make install` and `make uninstall`. DESTDIR= for packages, PREFIX= for another place. What stands
# in /etc/detour is the owner's: it is never overwritten and never removed.

SBINDIR       ?= $(PREFIX)/sbin
MANDIR        ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR       ?= $(PREFIX)/lib/systemd/system
DOCDIR        ?= $(PREFIX)/share/doc/detour
SYSCONFDIR    ?= /etc/detour

INSTALLED_PROGRAMS = $(notdir $(PROGRAMS))
INSTALLED_UNITS    = detour-fwd.service detour-agent.service
INSTALLED_MAN      = $(notdir $(wildcard man/*.[58]))
INSTALLED_DOCS     = README.md LICENSE $(wildcard docs/*.md)
MAN_SECTION        = $(subst .,,$(suffix $(1)))

$(BUILD)/%.service: packaging/systemd/%.service.in
	@mkdir -p $(@D)
	sed -e 's|@sbindir@|$(SBINDIR)|' -e 's|@sysconfdir@|$(SYSCONFDIR)|' $< > $@

.PHONY: install install-conf uninstall
install: $(PROGRAMS) $(INSTALLED_UNITS:%=$(BUILD)/%) install-conf ## install (PREFIX=/usr/local, DESTDIR=)
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(COMPLETIONDIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(DOCDIR)/examples
	install -m 755 $(PROGRAMS) $(DESTDIR)$(SBINDIR)
	install -m 644 $(INSTALLED_UNITS:%=$(BUILD)/%) $(DESTDIR)$(UNITDIR)
	install -m 644 $(INSTALLED_DOCS) $(DESTDIR)$(DOCDIR)
	install -m 644 packaging/examples/*.conf $(DESTDIR)$(DOCDIR)/examples
	$(foreach page,$(INSTALLED_MAN),install -m 644 man/$(page) \
		$(DESTDIR)$(MANDIR)/man$(call MAN_SECTION,$(page)) &&) true
	$(foreach program,$(INSTALLED_PROGRAMS),install -m 644 completion/detour \
		$(DESTDIR)$(COMPLETIONDIR)/$(program) &&) true

install-conf:
	install -d $(DESTDIR)$(SYSCONFDIR)
	$(foreach conf,fwd.conf agent.conf,{ test -e $(DESTDIR)$(SYSCONFDIR)/$(conf) || \
		install -m 644 packaging/examples/$(conf) $(DESTDIR)$(SYSCONFDIR); } &&) true

uninstall: ## remove what `make install` put there, but not /etc/detour
	rm -f $(INSTALLED_PROGRAMS:%=$(DESTDIR)$(SBINDIR)/%) \
		$(INSTALLED_PROGRAMS:%=$(DESTDIR)$(COMPLETIONDIR)/%) \
		$(INSTALLED_UNITS:%=$(DESTDIR)$(UNITDIR)/%) \
		$(foreach page,$(INSTALLED_MAN),$(DESTDIR)$(MANDIR)/man$(call MAN_SECTION,$(page))/$(page))
	rm -rf $(DESTDIR)$(DOCDIR)
