#!/usr/bin/env bats
# scale.bats - the trials of tests/scale, small: what they show with hundreds of submissions and kills
# takes minutes, and is run by hand.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
}

@test "a grader that is killed with kill -9 at random moments loses, doubles and changes nothing" {
    tests/scale/kills 6 5
}

@test "a mixed class gets the same grades from 1, 2 and 8 jobs, and from make check" {
    HOSTILE=no tests/scale/class 10 01 7
}
