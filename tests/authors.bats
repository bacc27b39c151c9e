#!/usr/bin/env bats
# authors.bats - the tools of those who write labs: skeleton, skeletons, new. They work on a copy.

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
