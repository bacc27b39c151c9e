#!/usr/bin/env bats
# prove.bats - `make prove` on trial: it fails for each thing that it is there to find.
#
# The first test is the proof itself, a quick one. For the others, the mistakes, variants and figures are
# planted in copies of the repository with one lab, or made by a part of the test's own.

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

verdicts() { jq -r '.parts[] | .part as $part | .rows[] | "\($part) n=\(.n) bad=\(.bad)"' "$BATS_TEST_TMPDIR/build/prove/proof.json"; }

@test "a quick proof of the graders holds, and no count or ratio is worse than what docs/proof.json records" {
    # The planted mistakes, variants and the ladder are tried in full by labs.bats; wall times are nobody's test.
    PARTS='cost mutants places steadiness together' tests/prove/run
}

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
# its figures: ratio: of two things,
#   in words; count: of a third.
case $1 in
items) echo "02-bind sealed one" ;;
try)
    printf 'figure: ratio %s\nfigure: count %s\n' "${RATIO:-2}" "${COUNT:-100}"
    echo "figure: gain ${GAIN:-6.0} at least 5"
    exit "${BAD:-0}"
    ;;
esac
END
    cat >"$copy/docs/proof.json" <<'END'
{"parts": [{"part": "figures", "dates": ["2026-01-01"], "machine": {"cpu": "another"},
 "figures": {"ratio": {"value": "2.0"}, "count": {"value": "100"},
 "gain": {"value": "6.0", "kind": "at least", "bar": "5"}},
 "rows": [{"lab": "02-bind", "tier": "sealed", "n": 1, "bad": 0}]}]}
END
    RATIO=9.0 run prove figures # recorded on another machine
    [ "$status" -eq 0 ]
    [[ $output == *"2 figures not compared: "* ]]
    COUNT=111 run prove figures # counts are the same on all
    [ "$status" -eq 1 ]
    [[ $output == *"WORSE: count is 111"* ]]
    jq --slurpfile now "$BATS_TEST_TMPDIR/build/prove/proof.json" \
        '.parts[0].machine = $now[0].parts[0].machine' "$copy/docs/proof.json" >"$BATS_TEST_TMPDIR/here.json"
    mv "$BATS_TEST_TMPDIR/here.json" "$copy/docs/proof.json"
    RATIO=3.9 COUNT=110 GAIN=3.1 run prove figures # within what runs differ by
    [ "$status" -eq 0 ]
    RATIO=4.1 run prove figures
    [ "$status" -eq 1 ]
    [[ $output == *"WORSE: ratio is 4.1; it was 2.0 on 2026-01-01"* ]]
    GAIN=2.9 run prove figures
    [ "$status" -eq 1 ]
    [[ $output == *"WORSE: gain is 2.9"* ]]
    grep -A 3 -xF -e '- ratio: of two things, in words' "$BATS_TEST_TMPDIR/build/prove/proof.md" |
        grep -xF -e '- count: of a third.' -e '| figure | value | bar |'
    BAD=1 run prove figures
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
    grep -F 'A quick run: a sample, chosen by chance with SEED=1, not the whole: 3 of 26.' "$page"
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
    LAB=02 RECORD=yes run prove planted # a lab is not the proof
    [ "$status" -eq 2 ]
    [[ $output == *"records all labs"* ]]
}

# recorded PART: of what docs/proof.json says of a part, the number of trials.
recorded() { jq -r --arg part "$1" '.parts[] | select(.part == $part).rows[0].n' "$copy/docs/proof.json"; }

@test "what is recorded of a part stays until that part is recorded again; steadiness adds up while its state lasts" {
    unset QUICK
    a_part once <<'END'
case $1 in items) echo "02-bind sealed one" ;; esac
END
    a_part steady <<'END'
# adds up
case $1 in items) echo "02-bind sealed idle solutions 5 0" ;; try) printf 'N=5\n' ;; esac
END
    RECORD=yes run prove once
    RECORD=yes run prove steady
    [ "$status" -eq 0 ]
    RECORD=yes run prove once
    [ "$(recorded once)" -eq 1 ]
    RECORD=yes run prove steady
    [ "$(recorded steady)" -eq 10 ]
    run prove steady # not recorded
    [ "$(recorded steady)" -eq 10 ]
    grep -E '^\| 02-bind \| sealed \| 10 \| 10 \| 10 \| 0 \| [0-9]+ \| held \| 10 \| 0 \|' "$copy/docs/proof.md"
    grep -F 'commits, 0 of 10 runs were not as they should be. If one run in 3 were' "$copy/docs/proof.md"
    echo '/* another judge */' >"$copy/harness/judge/new.c"
    RECORD=yes run prove steady
    [ "$(recorded steady)" -eq 5 ]
    [ "$(recorded once)" -eq 1 ]
    # What there was ever stays, and what of it was not so.
    a_part steady <<'END'
# adds up
case $1 in items) echo "02-bind sealed idle solutions 5 0" ;; try) printf 'N=5\nBAD=2\n' && exit 1 ;; esac
END
    RECORD=yes run prove steady
    echo '/* and another */' >>"$copy/harness/judge/new.c"
    RECORD=yes run prove steady
    grep -E '^\| 02-bind \| sealed \| 5 \| 5 \| 3 \| 2 \| [0-9]+ \| DID NOT HOLD \| 25 \| 4 \|' "$copy/docs/proof.md"
}

@test "an alarm among ten runs is counted as one, and a check that could not be made is no alarm" {
    cp tests/common.bash "$copy/tests/"
    unset QUICK
    cp solutions/02-bind/bindto.c "$copy/tests/02-bind/variants/other/bindto.c"
    mkdir "$BATS_TEST_TMPDIR/build/real"
    mv "$BATS_TEST_TMPDIR/build/bin" "$BATS_TEST_TMPDIR/build/real/bin"
    mkdir "$BATS_TEST_TMPDIR/build/bin"
    # The third check of all ends with the code that is asked for.
    cat >"$BATS_TEST_TMPDIR/build/bin/plumb" <<'END'
#!/bin/bash
exec 9>>"$BUILD/count.lock" && flock 9 && echo >>"$BUILD/count"
[ "$(wc -l <"$BUILD/count")" -ne 3 ] || exit "$THIRD"
END
    chmod +x "$BATS_TEST_TMPDIR/build/bin/plumb"
    THIRD=1 RUNS=10 run prove steadiness
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(verdicts)" = $'steadiness n=40 bad=1\nsteadiness n=40 bad=0' ]
    rm "$BATS_TEST_TMPDIR/build/count"
    THIRD=2 RUNS=10 run prove steadiness
    [ "$status" -eq 2 ]
    [[ $output == *"1 could not be tried"* ]]
}

@test "figures are drawn as shares of their bars, and those that miss them are marked" {
    run tests/prove/draw "$BATS_TEST_TMPDIR/drawn.svg" <<'END'
a table of no interest
figure: kept 1.5 at most 3
figure: missed 3.1 at most 3
figure: gained 9 at least 5
figure: without-bar 7
END
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[0]} == *" 1.5  ############### "*"| "*"at most 3" ]]
    [[ ${lines[1]} == *"###| "*"at most 3: MISSED" ]]
    [[ ${lines[2]} == *"###|###"*"> at least 5" ]]
    xmllint --noout "$BATS_TEST_TMPDIR/drawn.svg"
    [ "$(grep -c 'fill="#36c"' "$BATS_TEST_TMPDIR/drawn.svg")" -eq 2 ]
    [ "$(grep -c 'fill="#c33"' "$BATS_TEST_TMPDIR/drawn.svg")" -eq 1 ]
    run tests/prove/draw <<<"nothing"
    [ "$status" -eq 1 ]
}

@test "make bench runs every benchmark, draws their figures, and fails if one misses its bar" {
    export BENCHES=$BATS_TEST_TMPDIR/benches BUILD=$BATS_TEST_TMPDIR/build
    mkdir "$BENCHES"
    printf '#!/bin/sh\n# one - a ratio\necho "one: 2"; echo "figure: one 2 at most 3"\n' >"$BENCHES/one"
    printf '#!/bin/sh\n# two - a gain\necho "figure: two 4 at least 5"; exit "$TWO"\n' >"$BENCHES/two"
    chmod +x "$BENCHES"/*
    TWO=0 run tests/bench/run
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "== one: a ratio" ]
    [ "${lines[1]}" = "one: 2" ]
    [ "${lines[2]}" = "== two: a gain" ]
    [[ $output != *figure:* ]]
    [[ ${lines[5]} == *"at least 5: MISSED" ]]
    xmllint --noout "$BUILD/bench.svg"
    TWO=1 run tests/bench/run
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "missed: two" ]
}
