#!/usr/bin/env bats
# queues.bats - what the judge does where queues are scarce or absent, and that it leaves none.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    tree=$BATS_TEST_TMPDIR/tree
    result=$BATS_TEST_TMPDIR/result.json
    solved_tree "$tree" 08-queues
    export RESULT=$result DIR=$tree LAB=08
}

# statuses: of the graded steps, in order.
statuses() { jq -r '[.labs[0].steps[].status] | join(" ")' "$result"; }
message() { jq -r --argjson step "$1" '.labs[0].steps[] | select(.step == $step).message' "$result"; }

@test "no room for a POSIX queue is an error that says why, in both tiers, and no failure" {
    for tier in sealed cooperative; do
        if [ "$tier" = sealed ] && ! unshare -Urnpimf true 2>/dev/null; then continue; fi
        run env TIER=$tier bash -c 'ulimit -q 1000; exec "$BUILD/bin/plumb" check'
        [ "$status" -eq 2 ]
        [ "$(statuses)" = "error blocked blocked blocked blocked pass pass pass" ]
        [[ $(message 1) == *RLIMIT_MSGQUEUE* ]]
    done
}

@test "no room for a System V queue is an error that says why" {
    if ! unshare -Uri true 2>/dev/null; then return 0; fi
    run env TIER=cooperative unshare -Uri bash -c \
        'echo 0 >/proc/sys/kernel/msgmni && exec "$BUILD/bin/plumb" check'
    [ "$status" -eq 2 ]
    [ "$(statuses)" = "pass pass pass pass pass error blocked blocked" ]
    [[ $(message 6) == *msgmni* ]]
}

@test "a machine that allows only smaller queues is an error that says why" {
    if ! unshare -Uri true 2>/dev/null; then return 0; fi
    run env TIER=cooperative unshare -Uri bash -c \
        'echo 4 >/proc/sys/fs/mqueue/msg_max && exec "$BUILD/bin/plumb" check'
    [ "$(statuses)" = "error blocked blocked blocked blocked pass pass pass" ]
    [[ $(message 1) == *msg_max* ]]
}

# spoil PROGRAM VERB: makes a program go on for ever when one verb has done its work. It handles
# alarms, so that the judge cannot tell that nothing will wake it.
spoil() {
    sed -i 's/^int main(/static int work(/; s/^#include <errno.h>/&\n#include <signal.h>\n#include <unistd.h>/' \
        "$tree/08-queues/$1.c"
    cat >>"$tree/08-queues/$1.c" <<END

static void ignore(int number)
{
    (void)number;
}

int main(int argc, char *argv[])
{
    int code = work(argc, argv);
    signal(SIGALRM, ignore);
    while (code == 0 && strcmp(argv[1], "$2") == 0)
        pause();
    return code;
}
END
}

# made LIST: the queues that there are of those that the steps have noted in this file.
made() {
    python3 - "$1" <<'END'
import ctypes, sys
try:
    mq_open = ctypes.CDLL(None).mq_open
except AttributeError:
    mq_open = ctypes.CDLL("librt.so.1").mq_open
keys = {line.split()[0] for line in open("/proc/sysvipc/msg")}
for line in open(sys.argv[1]):
    kind, what = line.split()
    if what in keys if kind == "sysv" else mq_open(what.encode(), 0) != -1:
        print(kind, what)
END
}

# await COMMAND...: until it succeeds, at most a minute.
await() {
    local end=$((SECONDS + 60))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
    done
}

# descendants PID: all processes below it.
descendants() {
    local child
    for child in $(cat "/proc/$1/task"/*/children 2>/dev/null); do
        echo "$child"
        descendants "$child"
    done
}

has_made_both() {
    cat "$BUILD/scratch"/*/08-queues-*/queues >"$noted" 2>/dev/null || :
    [[ $(made "$noted") == *posix*sysv* || $(made "$noted") == *sysv*posix* ]]
}
all_gone() { [ -z "$(made "$noted")" ]; }
is_free() { flock -n "$1" true; }

# begin_check: starts a check whose steps 1 and 6 stand still while queues of both kinds exist.
begin_check() {
    noted=$BATS_TEST_TMPDIR/noted
    export BUILD=$BATS_TEST_TMPDIR/build
    harness/build 08
    spoil pmq put
    spoil svq put
    TIER=cooperative "$BUILD/bin/plumb" check >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    runner=$!
    await has_made_both
}

@test "a test process that is killed leaves no queue" {
    begin_check
    local killed=0
    for process in $(descendants "$runner"); do # one that ends meanwhile is none
        if [ "$(readlink "/proc/$process/exe")" = "$BUILD/steps/08-queues" ] &&
            kill -KILL "$process" 2>/dev/null; then
            killed=$((killed + 1))
        fi
    done
    [ "$killed" -ge 1 ]
    wait "$runner" || :
    all_gone
    [ ! -e "$BUILD/scratch/$runner" ]
}

@test "a runner that is killed leaves no queue" {
    begin_check
    kill -KILL "$runner"
    wait "$runner" || :
    await all_gone
}

@test "what a runner killed with all below it has left is removed by the next check" {
    begin_check
    mapfile -t all < <(descendants "$runner")
    kill -STOP "$runner" "${all[@]}"
    kill -KILL "$runner" "${all[@]}"
    wait "$runner" || :
    await is_free "$BUILD/scratch/$runner/mark"
    run all_gone
    [ "$status" -eq 1 ]
    DIR=solutions TIER=cooperative "$BUILD/bin/plumb" check >/dev/null
    all_gone
    [ ! -e "$BUILD/scratch/$runner" ]
}
