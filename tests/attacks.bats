#!/usr/bin/env bats
# attacks.bats - hostile submissions amid an honest class: contained, all of them. That each of them
# bites without protection takes minutes to show; `make attacks` does.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
}

@test "no attack and no hostile archive gets out, gets points, or harms anybody else" {
    BITES=no tests/attacks/run
}
