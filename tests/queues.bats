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

