#!/usr/bin/env bats
# authors.bats - the tools of those who write labs: skeleton, skeletons, new, and the runner of the
# project's tests. They work on a copy.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    copy=$BATS_TEST_TMPDIR/copy
    mkdir "$copy"
    cp -r Makefile harness "$copy/"
    mkdir -p "$copy"/{labs,solutions,tests}/01-socket
    cp solutions/01-socket/*.c "$copy/solutions/01-socket/"
    cp labs/01-socket/{*.c,Makefile} "$copy/labs/01-socket/"
    cp tests/{common.bash,mutants,screen,variants,ladder} "$copy/tests/"
    cd "$copy"
}

remember() { # commits all of the copy
    [ -d .git ] || git init -q
    git add -A
    git -c user.name=author -c user.email=author@localhost commit -q --allow-empty -m "$1"
}

# --- skeleton ---

@test "a skeleton holds what is given and the stubs, not the answers" {
    cat >given.c <<'END'
int before;
// BEGIN SOLUTION
int answer_one;
// STUB: /* TODO 1: one */
// END SOLUTION
int between;
    // BEGIN SOLUTION
    int answer_two;
    // STUB: /* TODO 2: two
    // STUB:  * and more */
    // END SOLUTION
END
    run harness/skeleton given.c
    [ "$status" -eq 0 ]
    [ "$output" = $'int before;\n/* TODO 1: one */\nint between;\n    /* TODO 2: two\n     * and more */' ]
    run harness/skeleton given.c 1
    [ "$output" = $'int before;\nint answer_one;\nint between;\n    /* TODO 2: two\n     * and more */' ]
    run harness/skeleton given.c 2
    [ "$output" = $'int before;\nint answer_one;\nint between;\n    int answer_two;' ]
}

@test "markers that do not fit are told with their line, exit 2" {
    refused() { # TEXT LINE WORDS
        printf '%b' "$1" >bad.c
        run harness/skeleton bad.c
        [ "$status" -eq 2 ]
        [[ $output == *"bad.c:$2: "*"$3"* ]]
    }
    refused '// BEGIN SOLUTION\n' 1 'without END'
    refused 'x\n// END SOLUTION\n' 2 'without BEGIN'
    refused '// BEGIN SOLUTION\n// BEGIN SOLUTION\n' 2 'inside'
    refused '// BEGIN SOLUTION\n// END SOLUTION\n' 1 'TODO'
    refused '// BEGIN SOLUTION\n// STUB: TODO 1: a\n// STUB: TODO 2: b\n// END SOLUTION\n' 3 'second'
    refused '// STUB: TODO 1: a\n' 1 'outside'
    run harness/skeleton missing.c
    [ "$status" -eq 2 ]
    run harness/skeleton bad.c one
    [ "$status" -eq 2 ]
}

# --- skeletons ---

@test "make skeletons writes what is missing and leaves what is up to date" {
    run make skeletons
    [ "$status" -eq 0 ]
    [[ $output == *"0 written, 0 kept, 2 up to date"* ]]
    rm labs/01-socket/sockinfo.c
    run make skeletons
    [ "$status" -eq 0 ]
    [[ $output == *"written  labs/01-socket/sockinfo.c"* ]]
    cmp labs/01-socket/sockinfo.c "$BATS_TEST_DIRNAME/../labs/01-socket/sockinfo.c"
}

@test "make skeletons never overwrites a student's work" {
    remember "as it was"
    echo '/* my work */' >>labs/01-socket/sockinfo.c
    cp labs/01-socket/sockinfo.c mine
    echo '/* a newer solution */' >>solutions/01-socket/sockinfo.c
    for state in uncommitted committed; do
        run make skeletons
        [ "$status" -eq 0 ]
        [[ $output == *"kept     labs/01-socket/sockinfo.c"* ]]
        cmp labs/01-socket/sockinfo.c mine
        remember "$state"
    done
}

@test "make skeletons renews a skeleton that was never worked on" {
    remember "as it was"
    sed -i '1i /* a newer solution */' solutions/01-socket/sockinfo.c
    run make skeletons
    [[ $output == *"written  labs/01-socket/sockinfo.c"* ]]
    [[ $(head -1 labs/01-socket/sockinfo.c) == "/* a newer solution */" ]]
    remember "renewed"
    sed -i '1d' solutions/01-socket/sockinfo.c
    run make skeletons
    [[ $output == *"written  labs/01-socket/sockinfo.c"* ]]
}

@test "without a history nothing that differs is overwritten" {
    sed -i '1i /* a newer solution */' solutions/01-socket/sockinfo.c
    run make skeletons
    [ "$status" -eq 0 ]
    [[ $output == *"kept     labs/01-socket/sockinfo.c"* ]]
}

@test "a solution with bad markers stops make skeletons, exit 2, and writes nothing" {
    echo '// BEGIN SOLUTION' >>solutions/01-socket/sockinfo.c
    rm labs/01-socket/sockinfo.c
    run make skeletons
    [ "$status" -eq 2 ]
    [ ! -e labs/01-socket/sockinfo.c ]
}

# --- new ---

@test "a new lab works at once: solution, skeleton, ladder, mutant, variant" {
    run make new LAB=16-word PROGRAM=say_it
    [ "$status" -eq 0 ]
    make check LAB=16 DIR=solutions
    run make check LAB=16
    [ "$status" -eq 1 ]
    make ladder LAB=16
    make mutants LAB=16
    make variants LAB=16
    harness/skeleton solutions/16-word/say_it.c | cmp - labs/16-word/say_it.c
    run grep -r @LAB@ labs solutions tests
    [ "$status" -eq 1 ]
    make -C labs/16-word check DIR="$PWD/solutions"
}

@test "a lab's name that does not fit, or is taken, is refused with exit 2 and nothing made" {
    for name in "" 16 x-16 16-Word 16-a/b 01-again "16-a b"; do
        run make new LAB="$name"
        [ "$status" -eq 2 ]
        [[ $output == *"new: "* ]]
    done
    run make new LAB=16-word PROGRAM=../x
    [ "$status" -eq 2 ]
    [ "$(ls labs)" = 01-socket ]
}

@test "the instructor's guide: its example of a lab is made, passes all that is asked of labs, and goes" {
    rm -r {labs,solutions,tests}/01-socket
    cp "$BATS_TEST_DIRNAME"/{labs.bats,in-python} tests/
    cp "$BATS_TEST_DIRNAME/../.clang-format" .
    remember before
    export BUILD=$copy/build
    echo /build/ >.git/info/exclude
    sed -n '/^### An example/,$s/^    //p' "$BATS_TEST_DIRNAME/../docs/instructors.md" >example
    sed '/^rm /,$d' example >make-it
    sed -n '/^rm /,$p' example >remove-it
    rm example
    run bash make-it
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = "2 mutants, 2 caught, 0 not" ]
    grep -q '99-demo *step 4  failure-is-success *caught' <<<"$output"
    remember "the lab" # skeletons are told apart by the history
    bats tests/labs.bats
    bash remove-it
    rm make-it remove-it
    git add -A
    git diff --cached --quiet HEAD~1 # as it was before
}

# --- run-tests ---

# a_test FILE STATUS...: a file of tests, each of which says its number and ends with its STATUS, or is
# skipped.
a_test() {
    local file=$1 number=0 status
    shift
    for status; do
        number=$((number + 1))
        printf '@test "%s of %s" {\n    echo "here %s, in $BUILD"\n    %s\n}\n' \
            "$number" "$file" "$number" "$([ "$status" = skip ] && echo skip || echo "return $status")"
    done >"tests/$file"
}

# run_tests: the two rows, with a machine that lacks nothing and a judge that is built.
run_tests() {
    printf '#!/bin/sh\nmkdir -p "$BUILD"\n' >harness/build
    printf '#!/bin/sh\n' >harness/setup
    printf '#!/bin/sh\necho 2\n' >nproc
    chmod +x nproc
    PATH=$PWD:$PATH BUILD=$PWD/build run harness/run-tests
}

@test "make test: the labs' tests run beside the others, and all count, numbered through" {
    a_test labs.bats 0 0
    a_test other.bats 0
    run_tests
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == "ok 1 1 of other.bats"* ]]
    [[ ${lines[1]} == "ok 2 1 of labs.bats"* ]]
    [[ ${lines[2]} == "ok 3 2 of labs.bats"* ]]
    [ "${lines[3]}" = "1..3" ]
    [ "${lines[4]}" = "3 passed, 0 failed" ]
}

@test "make test fails if a test of either row fails, is skipped or does not report" {
    a_test labs.bats 0 1
    a_test other.bats 0
    run_tests
    [ "$status" -eq 1 ]
    [[ $output == *"# here 2, in $PWD/build/beside"*"failed, with the last lines"*"here 2"*"2 passed, 1 failed" ]]
    a_test labs.bats 0
    a_test other.bats 1 0
    run_tests
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "2 passed, 1 failed" ]
    a_test other.bats skip
    run_tests
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "1 passed, 1 failed" ]
    a_test other.bats 0
    echo '@test "unfinished" {' >tests/labs.bats
    run_tests
    [ "$status" -eq 1 ]
    rm tests/labs.bats
    run_tests
    [ "${lines[-1]}" = "1 passed, 0 failed" ]
}
