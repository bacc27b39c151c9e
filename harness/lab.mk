# lab.mk - what a lab's own Makefile includes: every command of the top folder, for this lab.
#
# See the top Makefile for why check and trace run in make's question mode. Relative paths on the command
# line are meant from the lab's folder.

LAB := $(lastword $(subst /, ,$(CURDIR)))
goals := $(or $(MAKECMDGOALS),check)
exit_file := $(shell mktemp)
ifneq ($(filter check trace,$(goals)),)
MAKEFLAGS += -q
endif
recall_exit = $(eval code := $(shell cat "$(exit_file)"; rm -f "$(exit_file)"))
pass_on_exit = $(recall_exit)$(if $(filter 0,$(code)),,$(if $(filter 1,$(code)),@: failed,+@exit 2))

.PHONY: $(goals) run-in-top
.DEFAULT_GOAL := $(firstword $(goals))

$(firstword $(goals)): run-in-top
	$(pass_on_exit)

run-in-top:
	+@LAB='$(LAB)' ../../harness/in-lab $(goals); echo $$? >"$(exit_file)"

# All goals are handed on together; the first one speaks for them.
$(wordlist 2,$(words $(goals)),$(goals)):
	@:
