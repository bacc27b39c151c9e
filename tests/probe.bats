#!/usr/bin/env bats
# probe.bats - the probe on trial: what it records, and that it changes nothing else.
#
# The programs stand in tests/probe/. Each promise is also broken on purpose, in a copy of the probe,
# to see that its test notices. PROBE_ALL="04 07" compares all verdicts of these labs, on mutants and
# variants, with those without the probe, and not just of a sample; PROBE_ALL=all does it for all.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    shared=$BATS_FILE_TMPDIR
    export shared
    cc -std=c11 -D_GNU_SOURCE -O1 -g -Iharness/judge -o "$shared/transcript" \
        tests/probe/transcript.c "$BUILD/judge/judge.a" -lcriterion -lrt
}

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    probe=$BUILD/probe/libprobe.so
    bin=$BATS_TEST_TMPDIR/bin home=$BATS_TEST_TMPDIR/home
    mkdir -p "$bin"
}

# build COMPILER FLAGS... PROGRAM: builds one of tests/probe/.
build() { "${@:1:$#-1}" -w -g -pthread -o "$bin/${*: -1}" "tests/probe/${*: -1}.c" -lrt; }

# probed PROGRAM [ARG]...: runs it; what it printed goes to $output, its exit code to $status, its
# calls to $calls. With $probe empty it runs without the probe.
probed() {
    rm -rf "$home" "$home".probe.*
    mkdir -p "$home/files"
    status=0
    output=$(cd "$home/files" && env PLUMBLINE_PROGRAMS="$bin" PLUMBLINE_SCRATCH="$home/files" \
        ${probe:+PLUMBLINE_PROBE="$probe"} "$shared/transcript" "$@" 3>"$home/calls") || status=$?
    calls=$(cat "$home/calls")
}

# sabotaged FILE SED-SCRIPT: sets $probe to a probe that is broken in this way.
sabotaged() {
    local folder=$BATS_TEST_TMPDIR/sabotaged
    rm -rf "$folder"
    cp -R harness/probe "$folder"
    sed -i "$2" "$folder/$1"
    ! cmp -s "harness/probe/$1" "$folder/$1" || return 1
    probe=$folder/libprobe.so
    cc -w -std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -O1 -g -fPIC -fvisibility=hidden \
        -fno-omit-frame-pointer -shared -Wl,-z,now -o "$probe" "$folder"/*.c -ldl
}

# noticed CHECK...: the check must fail.
noticed() {
    if "$@" >/dev/null; then
        echo "not noticed"
        return 1
    fi
}

called() { grep -qE -- "$1" <<<"$calls" || { echo "no call like $1 in:" && echo "$calls" && false; }; }

# all_calls_recorded: of tests/probe/calls.c, with arguments, results, lines and data.
all_calls_recorded() {
    probed calls
    local line
    while read -r line; do called "$line" || return 1; done <<'END'
^1 calls socket\(2, 1, .* = 3 at calls.c:
^1 calls setsockopt\(3, 1, 2, 1, 4\) = 0 at
^1 calls bind\(3, .* = 0 at .* address "\\x02\\0
^1 calls listen\(3, 7, .* = 0 at
^1 calls getsockname\(3, .*, 16, .* = 0 at
^1 calls connect\(4, .* = 0 at .* address "\\x02\\0
^1 calls accept\(3, .*, 16, .* = 5 at .* address "\\x02\\0
^1 calls send\(4, .*, 4, 0, 0\) = 4 at calls.c:.* data "sent"
^1 calls recv\(5, .*, 100, .* = 4 at calls.c:.* data "sent"
^1 calls sendmsg\(4, .*, 6, .* = 6 at .* data "ve"
^1 calls read\(5, .* = 6 at .* data "vector"
^1 calls writev\(4, .*, 6, 2, .* = 6 at
^1 calls readv\(5, .*, 100, 1, .* = 6 at .* data "vector"
^1 calls shutdown\(4, 1, .* = 0 at
^1 calls recvfrom\(5, .* = 0 at
^1 calls close\(4, .* = 0 at
^1 calls pipe\(3, 4, .* = 0 at
^1 calls poll\(.*, 1, 0, .* = 0 at
^1 calls select\(4, .*, 0\) = 0 at
^1 calls epoll_ctl\(
^1 calls epoll_wait\(.* = 0 at
^1 calls dup2\(3, 50, .* = 50 at
^1 calls fork\(.* = [0-9]+ at
^2 calls _exit\(3, .* unfinished at
^1 calls wait\(-1, 768, .* = [0-9]+ at
^1 calls posix_spawnp\([0-9]+, .* = 0 at .* data "true"
^3 true start\(.* data "true\\0"
^1 calls pthread_create\(.* = 0 at
^1 calls mq_open\(.*, 2, 16, 384\) = .* data "/plumbline-probe"
^1 calls mq_send\(.*, 3, 9, .* = 0 at .* data "pmq"
^1 calls mq_receive\(.*, 16, .* = 3 at .* data "pmq"
^1 calls msgsnd\(.*, 3, 0, 4\) = 0 at .* data "svq"
^1 calls msgrcv\(.*, 3, 0, 4\) = 3 at .* data "svq"
^1 calls mkfifo\(.* = 0 at .* data "a-fifo"
^1 calls open\(.* = 3 at .* data "a-fifo"
^1 calls unlink\(.* = 0 at .* data "a-fifo"
^1 calls read\(.* unfinished at calls.c:
END
    [ "$status" -eq 142 ]
}

# as_without PROGRAM: what it prints and how it ends is the same with $probe and without any.
as_without() {
    local with status_with
    probed "$@"
    with=$output status_with=$status
    local kept=$probe
    probe=
    probed "$@"
    probe=$kept
    [ "$status" -eq "$status_with" ] && diff <(echo "$with") <(echo "$output")
}

@test "every call is recorded with its arguments, result, process, data and source line" {
    build gcc calls
    all_calls_recorded
    build gcc -O2 -D_FORTIFY_SOURCE=2 calls
    all_calls_recorded
}

@test "also under the sanitizers of gcc and clang" {
    for compiler in gcc clang; do
        build "$compiler" -O1 -fsanitize=address,undefined -fno-omit-frame-pointer calls
        all_calls_recorded
    done
    build gcc -O1 -fsanitize=address,undefined -static-libubsan -fno-omit-frame-pointer calls
    all_calls_recorded
}

@test "a program with the probe prints, finds and does what it does without" {
    build gcc unchanged
    as_without unchanged
    [ "$status" -eq 5 ]
    build clang -O1 -fsanitize=address -fno-omit-frame-pointer unchanged
    as_without unchanged
}

@test "a probe that spoils errno, keeps a descriptor or shows in the environment is noticed" {
    build gcc unchanged
    as_without unchanged
    sabotaged record.c '/^long probe_end/,/^}/s/    errno = error;/    errno = 42;/'
    noticed as_without unchanged
    sabotaged record.c '/^static bool map_file/,/^}/s/    close(fd);//'
    noticed as_without unchanged
    sabotaged record.c '/^static bool take_word/,/^}/s/!= 0/!= 999/'
    noticed as_without unchanged
    sabotaged processes.c 's/^static char \*const \*add_probe.*/&/;s/    room\[count\] = .*/    room[count] = "A=B";/'
    noticed as_without unchanged
}

@test "a probe that loses calls, data, lines or addresses is noticed" {
    build gcc calls
    sabotaged record.c '/^void probe_moved/,/^}/s/memcpy(/(void)(/'
    noticed all_calls_recorded
    sabotaged record.c 's/    record->place\[0\] = .*/    (void)caller;/'
    noticed all_calls_recorded
    sabotaged record.c '/^void probe_address/,/^}/s/probe_peek(/!probe_peek(/'
    noticed all_calls_recorded
    sabotaged descriptors.c 's/CALL_dup2, HERE/CALL_dup, HERE/'
    noticed all_calls_recorded
    sabotaged processes.c 's/    room\[count + 1\] = .*/    room[count + 1] = NULL;/' # exec not followed
    noticed all_calls_recorded
}

# faults PROGRAM: of its start with $probe, the page faults.
faults() {
    python3 -c '
import os, sys
options = "verify_asan_link_order=0:detect_leaks=0"
child = os.posix_spawn(sys.argv[2], sys.argv[2:], {"LD_PRELOAD": sys.argv[1], "ASAN_OPTIONS": options})
print(os.wait4(child, 0)[2].ru_minflt)' "$probe" "$1"
}

@test "a program with AddressSanitizer starts with three quarters of the page faults, or fewer" {
    echo 'int main(void) { return 0; }' >"$bin/empty.c"
    cc -fsanitize=address -o "$bin/empty" "$bin/empty.c"
    few=$(faults "$bin/empty")
    sabotaged record.c '1s/$/ /' # any probe that does not need libabsent.so
    [ "$((few * 4))" -le "$(($(faults "$bin/empty") * 3))" ]
}

# finds_all: with $probe an ordinary program looks up no name that is not there.
finds_all() {
    refute grep 'undefined symbol' <(LD_DEBUG=all LD_PRELOAD=$probe "$bin/unchanged" 2>&1)
}

@test "the probe looks up no name that is not there, which would slow down every start" {
    build gcc unchanged
    finds_all
    sabotaged record.c 's/CALL_##name != CALL_none/true/'
    noticed finds_all
}

@test "who really has one of the names that are absent elsewhere is called by it" {
    printf '#include <stdio.h>\nvoid *crypt(void) { return puts("ours") ? NULL : NULL; }\n' \
        >"$bin/library.c"
    echo 'void *crypt(void); int main(void) { crypt(); return 0; }' >"$bin/caller.c"
    cc -w -shared -fPIC -o "$bin/library.so" "$bin/library.c"
    cc -w -o "$bin/caller" "$bin/caller.c" "$bin/library.so"
    [ "$(LD_PRELOAD=$probe "$bin/caller")" = ours ]
    cc -w -o "$bin/caller" "$bin/caller.c" "$BUILD/probe/libabsent.so" "$bin/library.so"
    [ "$(LD_LIBRARY_PATH=$BUILD/probe "$bin/caller")" = "" ] # in front it would be called itself
}

@test "garbage in the file, or a file cut short or gone, ends nothing and changes no verdict" {
    build gcc garbage
    for how in noise ones short gone; do
        probed garbage "$how"
        [ "$output" = found ] && [ "$status" -eq 4 ]
        [[ $calls == *" records, "* ]]
    done
}

@test "programs that the probe cannot reach run without it" {
    build gcc -static unchanged
    as_without unchanged
    [[ $calls == "0 records, 0 lost" ]]
    build musl-gcc calls
    probed calls
    [ "$status" -eq 142 ] && [[ $calls == "0 records, 0 lost" ]]
}

# --- in a check ---

# verdicts TREE LAB: each step's status and points.
verdicts() {
    grade "$1" "$2" "$BATS_TEST_TMPDIR/result" || true
    jq -r '.labs[0].steps[] | "\(.step) \(.status) \(.points)"' "$BATS_TEST_TMPDIR/result"
}

# same_verdicts TREE LAB: with and without the probe.
same_verdicts() {
    local with without
    with=$(verdicts "$1" "$2")
    without=$(PROBE=no verdicts "$1" "$2")
    [ -n "$with" ] && diff <(echo "$with") <(echo "$without")
}

# planted LAB MUTANT: sets $tree to the lab's solution with that mistake.
planted() {
    tree=$BATS_TEST_TMPDIR/tree
    solved_tree "$tree" "$1"
    local patch=$PWD/tests/$1/mutants/$2.patch
    (cd "$tree/$1" && GIT_CEILING_DIRECTORIES=$PWD GIT_DIR=/nonexistent git apply "$patch")
}

# Mistakes that only weather shows pass without the probe.
needs_weather() {
    case $1 in
    *-is-fatal | interrupted-* | *rest-sent-once | rest-written-once | failed-fork-unseen) true ;;
    negative-time-out | feeds-too-much-again | line-before-listen | one-write) true ;;
    time-before-accept | time-of-first-client) true ;;
    *) false ;;
    esac
}

@test "the verdicts are the same without the probe" {
    local every count=0
    for lab in $(labs); do
        case " ${PROBE_ALL:-} " in *" all "* | *" ${lab%%-*} "*) every=1 ;; *) every='' ;; esac
        solved_tree "$BATS_TEST_TMPDIR/solved" "$lab"
        case $lab in 04-* | 07-*) sampled=1 ;; *) sampled=$every ;; esac
        [ -z "$sampled" ] || same_verdicts "$BATS_TEST_TMPDIR/solved" "$lab" || echo "$lab"
        for patch in tests/"$lab"/mutants/*.patch; do
            count=$((count + 1))
            mutant=$(basename "$patch" .patch)
            [ -n "$every" ] || [ $((count % 60)) -eq 7 ] || continue
            ! needs_weather "$mutant" || continue
            planted "$lab" "$mutant"
            same_verdicts "$tree" "$lab" || echo "$lab $mutant"
        done
        for variant in tests/"$lab"/variants/*; do
            [ -n "$every" ] || [ "$variant" = tests/05-stream/variants/threads-and-vectors ] ||
                continue
            solved_tree "$BATS_TEST_TMPDIR/solved" "$lab"
            add_variant "$variant" "$BATS_TEST_TMPDIR/solved" "$lab"
            same_verdicts "$BATS_TEST_TMPDIR/solved" "$lab" || echo "$variant"
        done
    done >"$BATS_TEST_TMPDIR/differ"
    [ ! -s "$BATS_TEST_TMPDIR/differ" ] || { cat "$BATS_TEST_TMPDIR/differ" && false; }
}

@test "a program that writes garbage into the probe's file passes and fails as it would" {
    tree=$BATS_TEST_TMPDIR/tree
    solved_tree "$tree" 01-socket
    { # the program with a constructor that does it
        echo '#define main scribble'
        grep -v '^#define _GNU_SOURCE' tests/probe/garbage.c
        echo '#undef main'
        echo '__attribute__((constructor)) static void begin(void)'
        echo '{ if (freopen("/dev/null", "w", stdout)) scribble(2, (char *[]){"", "noise"});'
        echo '  if (!freopen("/dev/fd/1", "w", stdout)) return; }'
    } >"$tree/01-socket/garbage.h"
    sed -i '1i #include "garbage.h"' "$tree/01-socket/sockcount.c"
    same_verdicts "$tree" 01-socket
}

@test "weather comes to the call that it is meant for, once, and is told" {
    planted 04-accept aborted-is-fatal
    grade "$tree" 04-accept "$BATS_TEST_TMPDIR/result" && return 1
    jq -e '.labs[0].steps[5] | .status == "fail" and
        any(.calls[]; test("accept.*ECONNABORTED.*made to fail by the test"))' \
        "$BATS_TEST_TMPDIR/result"
    PROBE=no grade "$tree" 04-accept "$BATS_TEST_TMPDIR/result" # no weather without the probe
    planted 05-stream rest-sent-once
    grade "$tree" 05-stream "$BATS_TEST_TMPDIR/result" && return 1
    jq -e '.labs[0].steps[1] | .status == "fail" and
        any(.calls[]; test("send.*= 1000 .*made short by the test"))' "$BATS_TEST_TMPDIR/result"
}

@test "a failure shows its calls with source lines, and fits on a screen of 24 lines" {
    planted 05-stream rest-dropped
    LC_ALL=C.UTF-8 grade "$tree" 05-stream "$BATS_TEST_TMPDIR/result" && return 1
    screen=$BATS_TEST_TMPDIR/result.screen
    grep -q 'echoserver.c:[0-9]* .*send(4.* ← [0-9]* bytes were left over' "$screen"
    [ "$(wc -l <"$screen")" -le 25 ]
    [ "$(LC_ALL=C.UTF-8 wc -L <"$screen")" -le 100 ]
    planted 05-stream never-half-closes
    LC_ALL=C grade "$tree" 05-stream "$BATS_TEST_TMPDIR/result" && return 1
    jq -e '.labs[0].steps[3].message | test("echoclient is waiting in poll at echoclient.c:[0-9]")' \
        "$BATS_TEST_TMPDIR/result"
    grep -q 'calls .*echoclient.c:[0-9]' "$screen"
    grep -q '<- waits for the connection to the server' "$screen"
    run ! env LC_ALL=C grep -n '[^ -~]' "$screen"
}

@test "descriptors are named by what they are" {
    planted 07-pipes parent-keeps-write-end
    grade "$tree" 07-pipes "$BATS_TEST_TMPDIR/result" && return 1
    jq -e '[.labs[0].steps[].calls // [] | .[]] |
        any(test("[(]cat[)].*read[(]0[)].*waits here: the read end of the pipe from `echo`"))' \
        "$BATS_TEST_TMPDIR/result"
}

@test "of several programs the one that was asked is told of, and files of the step by their names" {
    planted 07-pipes child-goes-on
    STEP=1 grade "$tree" 07-pipes "$BATS_TEST_TMPDIR/result" && return 1
    jq -e '.labs[0].steps[0] | (.message | test("no-such-program")) and
        any(.calls[]; test("no-such-program.*ENOENT"))' "$BATS_TEST_TMPDIR/result"
    planted 07-pipes replaces-what-is-there
    STEP=7 grade "$tree" 07-pipes "$BATS_TEST_TMPDIR/result" && return 1
    jq -e '[.labs[0].steps[] | select(.step == 7)][0] | (.message | test("the file existing")) and
        any(.calls[]; test("unlink[(]\"existing\"[)]"))' "$BATS_TEST_TMPDIR/result"
}
