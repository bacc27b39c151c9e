#!/usr/bin/env bats
# labs.bats - every lab is complete, its parts fit together, and its grader is proven.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    strict=(-std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -pthread -O1
        -Wall -Wextra -Wshadow -Wconversion -Werror)
}

# none "what": succeeds if nothing was found amiss on standard input.
none() {
    local found
    found=$(cat)
    [ -z "$found" ] || { printf '%s:\n%s\n' "$1" "$found" && return 1; }
}

grade_all() {
    local lab
    for lab in $(labs); do
        DIR=solutions LAB=$lab "$BUILD/bin/plumb" check >"$BATS_TEST_TMPDIR/screen" || {
            echo "$lab:"
            cat "$BATS_TEST_TMPDIR/screen"
            return 1
        }
    done
}

@test "every lab has its handout, Makefile, skeletons, solutions, steps, mutants and variants" {
    for lab in $(labs); do
        for part in labs/$lab/README.md labs/$lab/Makefile tests/$lab/steps.c; do
            [ -s "$part" ] || echo "$part is missing"
        done
        for source in solutions/"$lab"/*.c; do
            [ -s "labs/$lab/$(basename "$source")" ] || echo "labs/$lab/$(basename "$source")"
        done
        for folder in mutants variants; do
            [ -n "$(ls "tests/$lab/$folder")" ] || echo "tests/$lab/$folder is empty"
        done
        [ "$(wc -l <"labs/$lab/Makefile")" -eq 2 ] || echo "labs/$lab/Makefile is not two lines"
    done | none "missing"
}

@test "no folder of a lab stands without the others" {
    for folder in labs/*/ solutions/*/; do
        name=$(basename "$folder")
        [ -d "labs/$name" ] && [ -d "solutions/$name" ] && [ -d "tests/$name" ] || echo "$name"
    done | none "incomplete"
}

@test "where screens are kept, each mutant has one, and no screen is left without its mutant" {
    for folder in tests/*/screens; do
        diff <(cd "$folder/../mutants" && printf '%s\n' *.patch | sed 's/\.patch$//' | sort) \
            <(cd "$folder" && printf '%s\n' * | sort) | sed -n "s|^[<>]|$folder:|p"
    done | none "without the other"
}

@test "skeletons are what is cut from the solutions" {
    for source in solutions/*/*.c; do
        harness/skeleton "$source" | cmp -s - "labs/${source#solutions/}" ||
            echo "labs/${source#solutions/} differs (make skeletons)"
    done | none "drifted"
}

@test "skeletons and solutions compile without a warning, with gcc and clang" {
    for source in labs/*/*.c solutions/*/*.c tests/*/variants/*/*.c; do
        for compiler in gcc clang; do
            case $source in
            labs/* | solutions/*) flags=("${strict[@]}") ;;
            *) flags=(-std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -pthread) ;;
            esac
            "$compiler" "${flags[@]}" -fsyntax-only "$source" 2>&1 || echo "$compiler $source"
        done
    done | none "warnings"
}

@test "every lab has 4 to 8 steps, 100 points, titles, three hints and a section in its handout" {
    for lab in $(labs); do
        list=$BUILD/steps/$lab.list
        steps=$(grep -c '^step ' "$list")
        [ "$steps" -ge 4 ] && [ "$steps" -le 8 ] || echo "$lab has $steps steps"
        [ "$(awk '/^points /{sum += $2} END {print sum}' "$list")" -eq 100 ] ||
            echo "$lab: the points are not 100"
        [ "$(grep -c '^title .' "$list")" -eq "$steps" ] || echo "$lab: a title is missing"
        [ "$(grep -c '^hint .' "$list")" -eq $((3 * steps)) ] || echo "$lab: a hint is missing"
        [ "$(grep '^step ' "$list" | sort -k2n | tr -dc '0-9\n' | paste -sd' ')" = \
            "$(seq -s' ' "$steps")" ] || echo "$lab: the steps are not 1 to $steps"
        sed -n 's/^see //p' "$list" | while read -r see; do
            grep -qxF -e "## $see" -e "### $see" "labs/$lab/README.md" ||
                echo "$lab: the handout has no section \"$see\""
        done
        for ((k = 1; k <= steps; k++)); do
            grep -q "TODO $k:" "labs/$lab"/*.c solutions/"$lab"/*.c || echo "$lab: no TODO $k"
            grep -q "^##* Step $k\b" "labs/$lab/README.md" || echo "$lab: no section Step $k"
        done
        grep -oh 'TODO [0-9]*' solutions/"$lab"/*.c | sort -u | while read -r _ k; do
            [ "$k" -le "$steps" ] || echo "$lab: TODO $k belongs to no step"
        done
    done | none "inconsistent"
}

@test "the references earn every point, sealed and cooperative" {
    ACCUSE=1 TIER=cooperative grade_all # and the table of causes accuses none of anything
    if unshare -Urnpimf true 2>/dev/null; then TIER=sealed grade_all; fi
}

@test "the references earn every point when built with clang" {
    CC=clang grade_all
}

@test "the references earn every point when built with musl-gcc" {
    CC=musl-gcc grade_all
}

@test "right programs of other styles earn every point, in both tiers" {
    ACCUSE=1 tests/variants # and the table of causes accuses none of anything
    ACCUSE=1 TIER=cooperative tests/variants
}

@test "every planted mistake is caught by the step that teaches it, and named" {
    tests/mutants
}

@test "a student who does the steps in order sees each pass before the next" {
    tests/ladder
}
