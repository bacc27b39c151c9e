# Plumbline: what you can type. `make` alone lists it.
#
# The work is done by scripts in harness/ and by plumb, the runner (harness/runner); this file
# passes them the settings below through the environment. Paths may hold spaces: here they stand
# only inside quotes.

BUILD ?= build
export BUILD
export DIR LAB STEP RESULT TIER JOBS
export QUICK PARTS RUNS RECORD
export PDF SUBMISSIONS OUT LABS ROSTER SHARD HIDDEN_STEPS UNSEALED THRESHOLD

# `make check` and `make trace` exit with 1 if a program failed and with 2 if it could not be done;
# `make grade` with 1 if somebody could not be judged.
# Make itself knows 1 only as the answer of `make -q`, "something is not up to date". So they run in
# this mode: lines that begin with + run all the same; any other line is not run and makes the
# answer 1.
ifneq ($(filter check trace grade,$(MAKECMDGOALS)),)
MAKEFLAGS += -q
endif
exit_file = $(BUILD)/exit.$$PPID
recall_exit = $(eval code := $(shell cat "$(exit_file)"; rm -f "$(exit_file)"))
pass_on_exit = $(recall_exit)$(if $(filter 0,$(code)),,$(if $(filter 1,$(code)),@: failed,+@exit 2))

plumb = "$$BUILD/bin/plumb"

.PHONY: help check run-check trace run-trace next hint progress watch test mutants variants ladder \
        bless bench prove grade run-grade similar attacks dist site doctor skeletons new lint clean

help:
	@harness/help

check: run-check
	$(pass_on_exit)

run-check:
	+@harness/build "$$LAB" && { $(plumb) check; echo $$? >"$(exit_file)"; }

trace: run-trace
	$(pass_on_exit)

run-trace:
	+@harness/play; echo $$? >"$(exit_file)"

next hint progress watch:
	+@harness/build "$$LAB" && $(plumb) $@

test:
	+@harness/run-tests

mutants variants ladder:
	+@harness/build "$$LAB" && tests/$@ "$$LAB"

bless:
	+@harness/build "$$LAB" && tests/mutants bless "$$LAB"

grade: run-grade
	$(pass_on_exit)

run-grade:
	+@mkdir -p "$$BUILD"; harness/grade; echo $$? >"$(exit_file)"

similar:
	+@harness/grade similar

dist:
	@harness/dist

attacks:
	+@harness/setup test && harness/build "" && tests/attacks/run

site:
	+@harness/build "" && harness/site/build

bench:
	+@harness/build "$$LAB" && tests/bench/run

prove:
	+@harness/setup prove && harness/build "" && tests/prove/run

doctor skeletons:
	@harness/$@

new:
	@harness/new-lab "$$LAB" "$${PROGRAM:-}"

lint:
	@harness/lint

clean:
	rm -rf "$$BUILD"
