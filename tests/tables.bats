#!/usr/bin/env bats
# tables.bats - what is looked up in the kernel's tables is found, whatever comes and goes meanwhile.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
}

@test "a UDP socket is found among others that come and go, and none where there is none" {
    cc -std=c11 -D_GNU_SOURCE -O1 -Iharness/judge -o "$BATS_TEST_TMPDIR/look" \
        tests/tables/look.c "$BUILD/judge/judge.a" -lcriterion -lrt
    run "$BATS_TEST_TMPDIR/look"
    [ "$output" = "0 missed, 0 invented" ]
}
