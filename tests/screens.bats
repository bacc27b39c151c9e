#!/usr/bin/env bats
# screens.bats - the comparison of kept screens (tests/mutants, tests/screen) notices what it has to.

setup_file() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    export copy=$BATS_FILE_TMPDIR/copy lab=01-socket mutant=closed-at-once
    mkdir -p "$copy/tests/$lab/mutants" "$copy/solutions"
    cp -r tests/common.bash tests/mutants tests/screen "$copy/tests"
    cp "tests/$lab/mutants/$mutant.patch" "$copy/tests/$lab/mutants"
    cp -r "solutions/$lab" "$copy/solutions"
    cd "$copy"
    BLESS=yes tests/mutants try "$lab" "tests/$lab/mutants/$mutant.patch"
}

setup() {
    cd "$copy"
    kept=tests/$lab/screens/$mutant
    cp "$kept" "$BATS_TEST_TMPDIR/kept"
}

teardown() { cp "$BATS_TEST_TMPDIR/kept" "$copy/$kept"; }

# told LABEL: the screen is kept with another word in that part; then the mutant is tried. Succeeds
# if the table tells of the change.
told() {
    grep -q "^  $1 " "$kept" || return 2
    sed -i "s/^  $1 .*/& otherwise/" "$kept"
    local table
    table=$(tests/mutants try "$lab" "tests/$lab/mutants/$mutant.patch")
    case $table in
    *" CHANGED "*otherwise*) true ;;
    *" caught "*) false ;;
    *) echo "$table" && return 2 ;;
    esac
}

@test "a kept screen with another cause is told" { told cause; }

@test "a kept screen of another try is told" { told tried; }

@test "a kept screen in which only a call differs is as good, unless the whole one counts" {
    run told calls
    [ "$status" -eq 1 ]
    SCREENS=whole run told calls
    [ "$status" -eq 0 ]
}
