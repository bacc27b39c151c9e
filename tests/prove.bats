#!/usr/bin/env bats
# prove.bats - `make prove` on trial: it fails for each thing that it is there to find.
#
# The mistakes, variants and figures are planted in copies of the repository with one lab, or made by a
# part of the test's own.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    copy=$BATS_TEST_TMPDIR/copy
    mkdir -p "$copy/tests/prove" "$copy/solutions" "$copy/docs"
    cp -R harness "$copy/"
    cp -R solutions/02-bind "$copy/solutions/"
    cp -R tests/prove "$copy/tests/"
    cp tests/common.bash tests/mutants tests/variants "$copy/tests/"
    mkdir -p "$copy/tests/02-bind/mutants" "$copy/tests/02-bind/variants/other"
    cp tests/02-bind/steps.c "$copy/tests/02-bind/"
    cp solutions/02-bind/bindto.c "$copy/tests/02-bind/variants/other/"
    (cd "$copy" && git init -q .)
    # Copies, not links: who is sealed does not see where a link out of the build folder leads.
    mkdir -p "$BATS_TEST_TMPDIR/build"
    for part in bin judge probe runner steps solutions; do cp -a "$BUILD/$part" "$BATS_TEST_TMPDIR/build/"; done
    ln -s "$copy" "$BATS_TEST_TMPDIR/build/src"
    export QUICK=1
}

prove() { (cd "$copy" && BUILD=$BATS_TEST_TMPDIR/build PARTS=$1 tests/prove/run); }

# a_part NAME: a part of the test's own, from standard input.
a_part() {
    mkdir -p "$BATS_TEST_TMPDIR/parts"
    export PROVE_PARTS=$BATS_TEST_TMPDIR/parts
    { printf '#!/bin/bash\n# %s - a part for the test\n# jobs: 1\n' "$1" && cat; } >"$PROVE_PARTS/$1"
    chmod +x "$PROVE_PARTS/$1"
}

verdicts() { jq -r '.rows[] | "\(.part) n=\(.n) bad=\(.bad)"' "$BATS_TEST_TMPDIR/build/prove/proof.json"; }

@test "a planted mistake that its step misses fails the proof, and is named" {
    mistake=$copy/tests/02-bind/mutants/none.patch
    printf 'what: nothing at all\nstep: 1\nsays: .\n\n' >"$mistake"
    (cd solutions/02-bind && sed '1s|$|*|; 1s|/\*\*|/* |' bindto.c | diff -u --label a/bindto.c --label b/bindto.c bindto.c - || :) >>"$mistake"
    run prove planted
    [ "$status" -eq 1 ]
    [[ $output == *"NOT SO"*none.patch* ]]
    [ "$(verdicts)" = "planted n=1 bad=1" ]
}

@test "a variant that loses a point fails the proof; a right one does not" {
    unset QUICK
    run prove variants
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(verdicts | sort -u)" = $'variants n=1 bad=0\nvariants n=3 bad=0' ]
    echo 'int main(void) { return 0; }' >"$copy/tests/02-bind/variants/other/bindto.c"
    run prove variants
    [ "$status" -eq 1 ]
    [[ $output == *"NOT SO"*variants/other* ]]
}

@test "a figure that got worse, and a count that rose, fail the proof" {
    a_part figures <<'END'
case $1 in items) echo "02-bind sealed one" ;; try) echo "figure: ratio $RATIO" && exit "$BAD" ;; esac
END
    cat >"$copy/docs/proof.json" <<'END'
{"date": "2026-01-01", "figures": {"ratio": 2.0},
 "rows": [{"part": "figures", "lab": "02-bind", "tier": "sealed", "n": 1, "bad": 0}]}
END
    RATIO=2.9 BAD=0 run prove figures
    [ "$status" -eq 0 ]
    RATIO=3.1 BAD=0 run prove figures
    [ "$status" -eq 1 ]
    [[ $output == *"WORSE: ratio is 3.1"* ]]
    RATIO=2 BAD=1 run prove figures
    [ "$status" -eq 1 ]
    [[ $output == *"WORSE: figures 02-bind"* ]]
}

@test "what cannot be tried is no proof: exit 2, and tried anew by the next run" {
    a_part broken <<'END'
case $1 in items) echo "02-bind sealed one" ;; try) exit 3 ;; esac
END
    run prove broken
    [ "$status" -eq 2 ]
    [[ $output == *"1 could not be tried"* ]]
}

@test "an interrupted run goes on where it was" {
    a_part slow <<'END'
case $1 in
items) printf '02-bind sealed %s\n' one two ;;
try)
    echo "$2" >>"$TRIED"
    case $2 in *two) [ -e "$TRIED.again" ] || { touch "$TRIED.again" && kill -9 "$PPID"; } ;; esac
    ;;
esac
END
    export TRIED=$BATS_TEST_TMPDIR/tried
    run prove slow
    [ "$status" -ne 0 ]
    run prove slow
    [ "$status" -eq 0 ]
    [[ $output == *"1 already tried"* ]]
    [ "$(sort "$TRIED" | uniq -c | awk '{print $1, $NF}' | paste -sd' ')" = "1 one 2 two" ]
    [ "$(verdicts)" = "slow n=2 bad=0" ]
}

@test "a quick run tries a sample that its seed chooses, and says so; what is recorded says it, too" {
    a_part sampled <<'END'
case $1 in items) printf '02-bind sealed %s\n' {a..z} | tests/prove/sample 3 1 ;; try) echo "$2" ;; esac
END
    page=$copy/docs/proof.md
    chosen() { jq -r .item <(sed 1d "$BATS_TEST_TMPDIR/build/prove/journal.last"); }
    RECORD=yes run prove ''
    [ "$status" -eq 0 ]
    echo "$output"
    [[ $output == *"chance with SEED=1"*"3 to try of 26"*"3 as it should be"* ]]
    grep -F 'A quick run, 3 trials' "$page"
    grep -F 'A sample: 3 of 26.' "$page"
    cmp "$page" "$BATS_TEST_TMPDIR/build/prove/proof.md"
    first=$(chosen | sort)
    SEED=1 run prove ''
    [ "$(chosen | sort)" = "$first" ]
    SEED=2 run prove ''
    [ "$(chosen | sort)" != "$first" ]
    QUICK='' run prove ''
    [[ $output == *$'\n  26 to try\n'* ]]
    refute grep -q 'A quick run' "$BATS_TEST_TMPDIR/build/prove/proof.md"
    grep -F 'A quick run' "$page"
}

@test "wrong settings are refused with exit 2 and what would be right" {
    QUICK=yes run prove planted
    [ "$status" -eq 2 ]
    [[ $output == *"QUICK is 1"* ]]
    run prove velvet
    [ "$status" -eq 2 ]
    [[ $output == *"there are: "* ]]
    LAB=77 run prove planted
    [ "$status" -eq 2 ]
    RUNS=many run prove planted
    [ "$status" -eq 2 ]
    SEED=some run prove planted
    [ "$status" -eq 2 ]
    RECORD=yes run prove planted # a part is not the proof
    [ "$status" -eq 2 ]
    [[ $output == *"all labs and all parts"* ]]
}
