#!/usr/bin/env bats
# convert.bats - results as other people's tools want them: each format against a golden file
# (tests/convert/golden), and read back by somebody else's reader.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    here=tests/convert
    made=$BATS_TEST_TMPDIR/made
    mkdir "$made"
}

# convert NAME FORMAT ENDING: into $made, compared with the golden file.
convert() {
    local expected=0
    [ "$1" != error ] || expected=1
    run -"$expected" bash -c 'harness/convert "$1" "$2" >"$3"' bash "$2" "$here/$1.json" "$made/$1.$2.$3"
    diff -u "$here/golden/$1.$2.$3" "$made/$1.$2.$3"
}

# fill GOLDEN STATUS PLATFORM EXPORT [COLUMN=LAB...]
fill() {
    local golden=$1
    run -"$2" bash -c 'harness/convert "${@:2}" 2>"$1.messages" >"$1"' bash "$made/$golden" "$3" "$here/class" "${@:4}"
    cmp "$here/golden/$golden" "$made/$golden"
}

@test "gradescope: scores, hidden steps hidden; no score where a step could not be judged" {
    convert result gradescope json
    convert error gradescope json
    jq -e '.score == 35 and ([.tests[].score] | add) == .score and (.tests | length) == 7 and
        ([.tests[] | select(.visibility == "hidden")] | length == 1 and .[0].name == "04-accept: a secret behavior")
        and all(.tests[]; .status == "passed" or .status == "failed")' "$made/result.gradescope.json"
    jq -e 'has("score") or any(.tests[]; has("score")) | not' "$made/error.gradescope.json"
    python3 -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' "$made/result.gradescope.json"
}

@test "classroom: every test has a score, a compiler's line becomes file and line" {
    convert result classroom json
    convert error classroom json
    jq -e '.version == 1 and .status == "fail" and .max_score == 185 and
        all(.tests[]; (.score | type) == "number" and (.status | IN("pass", "fail", "error")))
        and .tests[4].filename == "timeserver.c" and .tests[4].line_no == 61' "$made/result.classroom.json"
    jq -e '.status == "error" and .tests[1].status == "error"' "$made/error.classroom.json"
    # The reporter reads it in base64, as one line.
    base64 -w0 "$made/result.classroom.json" | base64 -d | jq -e .version
}

@test "annotations: a line each, and no message forges a line of its own" {
    convert result annotations txt
    convert error annotations txt
    [ "$(wc -l <"$made/result.annotations.txt")" -eq 3 ]
    [ "$(grep -c '^::error ' "$made/result.annotations.txt")" -eq 3 ]
    refute grep -q 'forged %0A' "$made/result.annotations.txt"
}

@test "autolab: the last line holds a score for each lab that could be judged" {
    convert result autolab txt
    convert error autolab txt
    python3 - "$made" <<'PYTHON'
import json, sys
for name, scores in ("result", {"04-accept": 35, "05-stream": 0}), ("error", {"05-stream": 10}):
    lines = open(f"{sys.argv[1]}/{name}.autolab.txt", encoding="utf-8").read().splitlines()
    assert len(lines) == 2
    stages, last = map(json.loads, lines)
    assert last == {"scores": scores, "scoreboard": list(scores.values())}, last
    assert stages["_presentation"] == "semantic"
    assert all(isinstance(stages[stage], dict) for stage in stages["stages"])
    assert list(stages)[2:] == stages["stages"]
PYTHON
}

@test "prairielearn: a share of the points, hidden ones counted; not gradable where it could not be judged" {
    convert result prairielearn json
    convert error prairielearn json
    jq -e '.gradable and .score == 35 / 200 and (.tests | length) == 6' "$made/result.prairielearn.json"
    jq -e '(.gradable | not) and (has("score") | not)' "$made/error.prairielearn.json"
}

@test "junit: valid by the schema, counts that add up" {
    convert result junit xml
    convert error junit xml
    xmllint --noout --schema $here/junit.xsd "$made/result.junit.xml" "$made/error.junit.xml"
    [ "$(xmllint --xpath 'count(//failure)' "$made/result.junit.xml")" -eq 3 ]
    [ "$(xmllint --xpath 'string(/testsuites/@failures)' "$made/result.junit.xml")" -eq 3 ]
    [ "$(xmllint --xpath 'count(//skipped)' "$made/result.junit.xml")" -eq 1 ]
    [ "$(xmllint --xpath 'count(//error)' "$made/error.junit.xml")" -eq 1 ]
    # What a program printed comes out as it was, not as markup.
    [[ $(xmllint --xpath 'string(//testcase[3]/failure)' "$made/result.junit.xml") == "</failure><script>"* ]]
}

@test "tap: Perl's TAP::Parser reads every point and every message" {
    convert result tap tap
    convert error tap tap
    perl - "$made/result.tap.tap" $here/result.json <<'PERL'
use strict; use warnings; use TAP::Parser; use JSON::PP;
my ($tap, $json) = @ARGV;
my $parser = TAP::Parser->new({source => $tap});
my (@points, @details);
while (my $result = $parser->next) {
    push @points, $result if $result->is_test;
    push @details, $result->data if $result->is_yaml;
    die "not understood: " . $result->raw if $result->is_unknown;
}
die join "\n", $parser->parse_errors if $parser->parse_errors;
die "version" unless $parser->version == 13;
die "points" unless @points == 6 && @details == 6;
die "verdicts" unless join("", map { $_->is_ok ? 1 : 0 } @points) eq "110000";
die "directive" if grep { $_->directive } @points;
die "points in YAML" unless $details[0]{points} == 20 && $details[2]{status} eq "fail";
my $message = $details[2]{message};
die "message: $message" unless $message =~ /^<\/failure><script>alert\("1"\)/ && $message =~ /\nnot ok 9 - forged\n/
    && $message =~ /back\\\\slash \\" quote/;
PERL
}

@test "hidden steps are in no output for students, whether result.json or HIDDEN_STEPS hides them" {
    for format in classroom annotations autolab prairielearn junit tap; do
        harness/convert $format $here/result.json | refute grep secret
        HIDDEN_STEPS="04:6 05:1" harness/convert $format $here/result.json | refute grep -e 'ends in time' -e 'used 10 s'
        HIDDEN_STEPS="05:4" harness/convert $format $here/result.json | grep -q 'ends in time\|tests'
    done
    for wrong in 4:6 "04:6;05:1" 04:7 04:6x 04; do
        HIDDEN_STEPS=$wrong run -2 harness/convert tap $here/result.json
        [[ $output == *"no step \"$wrong\""* ]]
    done
    HIDDEN_STEPS="04:6 05:1" harness/convert gradescope $here/result.json |
        jq -e '[.tests[] | select(.visibility == "hidden") | .number] == ["4.5", "4.6"]'
}

@test "canvas: grades go into the columns named like the labs, all else stays, nothing is a formula" {
    fill canvas.csv 1 canvas $here/canvas.csv
    grep -q '102: 05-stream could not be judged' "$made/canvas.csv.messages"
    grep -q 'no row for zoe' "$made/canvas.csv.messages"
    python3 - $here/canvas.csv "$made/canvas.csv" <<'PYTHON'
import csv, sys
before, after = (list(csv.reader(open(name, newline="", encoding="utf-8"))) for name in sys.argv[1:])
assert [len(row) for row in after] == [9] * 6
assert after[2][5:7] == ["100", "40"] and after[3][5:7] == ["0", "17"] and after[4][5:7] == ["60", "100"]
for old, new in zip(before, after):
    for i, cell in enumerate(old):
        assert i in (5, 6) or new[i] == cell or new[i] == "'" + cell, (cell, new[i])
assert not any(cell[:1] in "=+@" and cell for row in after for cell in row)
PYTHON
}

@test "moodle: the worksheet and the gradebook, with their byte order mark, line ends and separators" {
    fill moodle.csv 1 moodle $here/moodle.csv Grade=05
    fill gradebook.csv 1 moodle $here/gradebook.csv
    python3 - "$made" <<'PYTHON'
import csv, sys
worksheet = open(sys.argv[1] + "/moodle.csv", "rb").read()
assert worksheet.startswith(b"\xef\xbb\xbf") and worksheet.count(b"\r\n") == 3
rows = list(csv.DictReader(open(sys.argv[1] + "/moodle.csv", newline="", encoding="utf-8-sig")))
assert [row["Grade"] for row in rows] == ["40", "100"] and rows[0]["Last modified (grade)"] == "-"
rows = list(csv.DictReader(open(sys.argv[1] + "/gradebook.csv", newline=""), delimiter=";"))
assert rows[1]["Assignment:04-accept (Real)"] == "1" and rows[0]["Assignment:04-accept (Real)"] == "-"
PYTHON
}

# filled PLATFORM TABLE [COLUMN=LAB...]: TABLE as printf has it; fills it into $made/filled.csv.
filled() {
    # shellcheck disable=SC2059
    printf "$2" >"$made/table.csv"
    run bash -c 'harness/convert "${@:2}" >"$1"' bash "$made/filled.csv" "$1" "$here/class" "$made/table.csv" "${@:3}"
}

@test "labs without a column are told; a column that was named keeps no other from its lab" {
    everybody='A,101,,\nB,102,,\nC,103,,\nD,ann@x.org,,\nZ,zoe,,\n'
    filled canvas "Student,ID,04-accept (1)\n${everybody//,,/,}"
    [ "$status" -eq 1 ]
    [[ $output == *"no column for 05-stream"* ]]
    filled canvas "Student,ID,04-accept (1),Sum (2)\n$everybody" 'Sum (2)=total'
    refute grep -q 'no column' <<<"$output"
    grep '^A,101,100,140$' "$made/filled.csv"
}

@test "keys in other languages, numbers with a comma, sep= and line ends are left as they are" {
    filled moodle '\xef\xbb\xbfID,"Vollständiger Name",Bewertung\r\n"Teilnehmer/in101",Ann,-\r\n"Teilnehmer/in103",Bob,-\r\n' Bewertung=04
    grep '^Teilnehmer/in101,Ann,100' "$made/filled.csv"
    grep '^Teilnehmer/in103,Bob,60' "$made/filled.csv"
    filled canvas 'sep=;\r\nName;Number;04-accept;Old\r\nA;101;;-1,5\r\nB;103;;+2,0\r\n' Number=id
    printf 'sep=;\r\nName;Number;04-accept;Old\r\nA;101;100;"-1,5"\r\nB;103;60;"+2,0"\r\n' | cmp - "$made/filled.csv"
    filled canvas '"sep=:",Number,04-accept\nA,101,\n' Number=id
    printf '"sep=:",Number,04-accept\nA,101,100\n' | cmp - "$made/filled.csv"
    filled canvas 'ID,"Two\nLines",04-accept\r\n101,x,\r\n'
    [ "$(grep -c $'\r$' "$made/filled.csv")" -eq 2 ]
    filled canvas 'Login,04-accept\nperson101,\nperson7,\n'
    [ "$status" -eq 2 ]
    [[ $output == *"as in 'Number=id'"* ]]
}

@test "a table that cannot be filled is refused with the reason, exit 2" {
    refused() {
        run -2 harness/convert "$@"
        echo "$output"
    }
    refused moodle $here/class $here/moodle.csv | grep 'say COLUMN=LAB'
    refused moodle $here/class $here/moodle.csv Grade=77 | grep 'nothing was graded as "77"'
    refused moodle $here/class $here/moodle.csv Mark=05 | grep 'no column "Mark"'
    refused canvas $here/class $here/gradebook.csv | grep 'names nobody who was graded'
    sed 's/103/102/' $here/canvas.csv >"$made/twice.csv"
    refused canvas $here/class "$made/twice.csv" | grep 'names 102 twice'
    printf 'ID,"04' >"$made/open.csv"
    refused canvas $here/class "$made/open.csv" | grep 'has no end'
    printf 'sep="\nID"04\n' >"$made/sep.csv"
    refused canvas $here/class "$made/sep.csv" | grep 'they quote'
    printf 'ID\0,04' >"$made/nul.csv"
    refused canvas $here/class "$made/nul.csv" | grep 'NUL bytes'
    refused canvas $here/class "$made/none.csv" | grep 'No such file'
    refused canvas "$made" $here/canvas.csv | grep 'No such file'
}

@test "a whole class is converted from what make grade wrote; the platform's limits hold" {
    mkdir "$made/results"
    cp $here/result.json "$made/results/one.json"
    # Fifteen labs of eight steps, each with a long message that needs escaping.
    jq -n '("\u0001\\\"😀" * 5000) as $long | {version: 1, labs: [range(15) | {lab: "0\(.)-lab", score: 0, max_score: 8,
        steps: [range(1; 9) | {step: ., title: "t", status: "fail", points: 0, max_points: 1, message: $long, seconds: 0}]}]}' \
        >"$made/results/big.json"
    for format in gradescope prairielearn junit tap; do
        harness/convert $format "$made"
        [ "$(find "$made/$format" -type f | wc -l)" -eq 2 ]
    done
    cmp "$made/gradescope/one.json" $here/golden/result.gradescope.json
    xmllint --noout --schema $here/junit.xsd "$made"/junit/*.xml
    [ "$(stat -c %s "$made/prairielearn/big.json")" -lt 1000000 ]
}

@test "what is no result.json is refused, exit 2" {
    echo '{"version": 2, "labs": []}' >"$made/two.json"
    head -c 200 $here/result.json >"$made/half.json"
    for file in two half none; do
        run -2 harness/convert gradescope "$made/$file.json"
        [[ $output == *"cannot be converted"* ]]
    done
    run -2 harness/convert common $here/result.json
    run -2 harness/convert
    [[ $output == *"usage:"* ]]
}

@test "make check's result.json converts as well" {
    make -s check LAB=01 DIR=solutions RESULT="$made/r.json" >/dev/null
    for format in gradescope classroom autolab prairielearn junit tap; do
        harness/convert $format "$made/r.json" >"$made/r.$format"
    done
    jq -e '.score == 100' "$made/r.gradescope"
    xmllint --noout --schema $here/junit.xsd "$made/r.junit"
    prove -Q --exec cat "$made/r.tap"
}

@test "make dist: a zip that Gradescope's two commands grade a submission with" {
    LABS=01 HIDDEN_STEPS=01:6 make -s dist
    top=$BATS_TEST_TMPDIR/autograder
    mkdir -p "$top/source" "$top/submission/handin/01-socket"
    unzip -q "$BUILD/dist/gradescope.zip" -d "$top/source"
    [ -x "$top/source/setup.sh" ] && [ -x "$top/source/run_autograder" ]
    [ ! -e "$top/source/plumbline/tests/02-bind" ]
    cp solutions/01-socket/*.c "$top/submission/handin/01-socket/"
    chmod a+rx "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* || :
    unset BUILD LABS HIDDEN_STEPS # as there
    "$top/source/setup.sh"
    AUTOGRADER=$top "$top/source/run_autograder"
    jq -e '.score == 100 and ([.tests[] | select(.visibility == "hidden") | .number] == ["1.6"])' "$top/results/results.json"
    # In a container without namespaces: the same, and it says so.
    rm "$top/results/results.json"
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\necho "bwrap: no namespaces here" >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/bwrap"
    chmod +x "$BATS_TEST_TMPDIR/bin/bwrap"
    echo 'int main(void) { return 0; }' >"$top/submission/handin/01-socket/sockcount.c"
    PATH="$BATS_TEST_TMPDIR/bin:$PATH" AUTOGRADER=$top "$top/source/run_autograder"
    jq -e '.score < 100 and (.output | contains("without a sandbox"))' "$top/results/results.json"
}
