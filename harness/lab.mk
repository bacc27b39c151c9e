# lab.mk - what a lab's own Makefile includes: every command of the top folder, for this lab.
#
# See the top Makefile for why a check runs in make's question mode. Relative paths on the command
# line are meant from the lab's folder.

goals := $(or $(MAKECMDGOALS),check)
ifneq ($(filter check,$(goals)),)
MAKEFLAGS += -q
endif

.PHONY: $(goals) run-in-top
.DEFAULT_GOAL := check

run-in-top:
	+@LAB='$(LAB)' ../../harness/in-lab $(goals); echo $$? >"$${TMPDIR:-/tmp}/plumbline-exit.$$PPID"

$(goals): run-in-top
	$(eval file := $${TMPDIR:-/tmp}/plumbline-exit.$$$$PPID)$(eval code := $(shell \
	  cat "$(file)"; rm -f "$(file)"))$(if $(filter 0,$(code)),,$(if $(filter 1,$(code)),@:,+@exit 2))
