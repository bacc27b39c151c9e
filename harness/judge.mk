# judge.mk - builds the runner, the judge and the labs' steps; run by harness/build in the build
# folder, where src leads to the checkout. LAB, if given, limits the steps to one lab.
#
# The judge is built by this machine's own compiler, whichever one the students' programs are
# built with (CC). What runs is built under another name and moved into place, so that a check that
# is under way goes on with what it began with.

JUDGE_CC ?= cc
JUDGE_CFLAGS := -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wshadow -Wconversion -MMD -MP

judge := $(patsubst src/harness/judge/%.c,judge/%.o,$(wildcard src/harness/judge/*.c))
runner := $(patsubst src/harness/runner/%.c,runner/%.o,$(wildcard src/harness/runner/*.c))
all_labs := $(notdir $(patsubst %/steps.c,%,$(wildcard src/tests/[0-9][0-9]-*/steps.c)))
labs := $(if $(LAB),$(filter $(LAB) $(LAB)-%,$(all_labs)),$(all_labs))

# The name under which Criterion asks for libgit2, if it does: see harness/judge/light/libgit2.c.
criterion := $(shell $(JUDGE_CC) -print-file-name=libcriterion.so)
libgit2 := $(shell readelf -d "$(criterion)" 2>/dev/null | sed -n 's/.*NEEDED.*\[\(libgit2[^]]*\)\].*/\1/p')

grader := $(patsubst src/harness/grader/%.c,grader/%.o,$(wildcard src/harness/grader/*.c)) \
    runner/text.o runner/escape.o

drawing := $(patsubst src/harness/trace/%.c,draw/%.o,$(wildcard src/harness/trace/*.c)) \
    runner/text.o runner/escape.o

# The probe wraps libc's own functions, so it is built with the types that POSIX gives them.
PROBE_CFLAGS := -std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -U_FORTIFY_SOURCE -O2 -g -fPIC \
    -fvisibility=hidden -fno-omit-frame-pointer -Wall -Wextra -Wshadow -Wconversion -MMD -MP
story_probe := $(patsubst src/harness/probe/%.c,probe/%.o,$(wildcard src/harness/probe/*.c))
probe := $(filter-out probe/stdio.o,$(story_probe))

.PHONY: all grader draw
all: bin/plumb probe/libprobe.so $(labs:%=steps/%.list)

bin/plumb: $(runner)
	$(JUDGE_CC) -o $@.new $^
	mv $@.new $@

grader: bin/grade
bin/grade: $(grader)
	$(JUDGE_CC) -o $@.new $^
	mv $@.new $@

# What makes pictures for `make trace`.
draw: bin/draw probe/libstory.so
bin/draw: $(drawing)
	$(JUDGE_CC) -o $@.new $^
	mv $@.new $@

# What the runner knows about a lab: its programs, and what its steps say of themselves.
steps/%.list: steps/% src/solutions/%
	for source in src/solutions/$*/*.c; do echo "program $$(basename "$$source" .c)"; done >$@.new
	$< list >>$@.new
	mv $@.new $@

.SECONDARY:
steps/%: steps/%.o judge/judge.a $(libgit2:%=judge/light/%)
	$(JUDGE_CC) -o $@.new $< judge/judge.a -lcriterion -lrt \
	    -Wl,--disable-new-dtags,-rpath,'$$ORIGIN/../judge/light'
	mv $@.new $@

judge/light/libgit2%: src/harness/judge/light/libgit2.c
	mkdir -p judge/light
	$(JUDGE_CC) $(JUDGE_CFLAGS) -shared -fPIC -Wl,-soname,$(@F) -o $@.new $<
	mv $@.new $@

# Both need the library of absent names, which lies beside them.
needs_absent := -Wl,--no-as-needed -Lprobe -labsent -Wl,-rpath,'$$ORIGIN'

probe/libprobe.so: $(probe) probe/libabsent.so
	$(JUDGE_CC) -shared -Wl,-z,now -o $@.new $(probe) -ldl $(needs_absent)
	mv $@.new $@

probe/libstory.so: $(story_probe) probe/libabsent.so
	$(JUDGE_CC) -shared -Wl,-z,now -o $@.new $(story_probe) -ldl $(needs_absent)
	mv $@.new $@

absent := src/harness/probe/absent
probe/libabsent.so: $(absent)/absent.c $(absent)/absent.map
	mkdir -p probe
	$(JUDGE_CC) $(PROBE_CFLAGS) -nostdlib -shared -Wl,-soname,$(@F) \
	    -Wl,--version-script,$(absent)/absent.map -o $@.new $<
	mv $@.new $@

probe/%.o: src/harness/probe/%.c src/harness/judge.mk
	mkdir -p probe
	$(JUDGE_CC) $(PROBE_CFLAGS) -c -o $@ $<

judge/judge.a: $(judge)
	rm -f $@
	ar rcs $@ $^

judge/%.o: src/harness/judge/%.c src/harness/judge.mk
	$(JUDGE_CC) $(JUDGE_CFLAGS) -c -o $@ $<

runner/%.o: src/harness/runner/%.c src/harness/judge.mk
	$(JUDGE_CC) $(JUDGE_CFLAGS) -c -o $@ $<

grader/%.o: src/harness/grader/%.c src/harness/judge.mk
	mkdir -p grader
	$(JUDGE_CC) $(JUDGE_CFLAGS) -c -o $@ $<

draw/%.o: src/harness/trace/%.c src/harness/judge.mk
	mkdir -p draw
	$(JUDGE_CC) $(JUDGE_CFLAGS) -c -o $@ $<

steps/%.o: src/tests/%/steps.c src/harness/judge.mk
	$(JUDGE_CC) $(JUDGE_CFLAGS) -Isrc/harness/judge -c -o $@ $<

-include $(judge:.o=.d) $(drawing:.o=.d) $(story_probe:.o=.d) $(runner:.o=.d) $(grader:.o=.d) $(labs:%=steps/%.d)
