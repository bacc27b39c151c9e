#!/usr/bin/env bats
# grade.bats - `make grade` on trial: what it takes, what it survives, what comes out.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    class=$BATS_TEST_TMPDIR/class
    out=$BATS_TEST_TMPDIR/out
    mkdir "$class"
}

# hand_in PATH: the right programs of lab 01, in a folder of the class.
hand_in() {
    mkdir -p "$class/$1"
    cp solutions/01-socket/*.c "$class/$1/"
}

grade_class() { run make --no-print-directory grade SUBMISSIONS="$class" OUT="$out" LABS=01 "$@"; }

score() { sed -n "s/^$1,\([^,]*\),.*/\1/p" "$out/grades.csv"; }

@test "folders, zip, tar.gz, nested ones and git clones are taken; names of platforms are read" {
    hand_in plain
    hand_in "deep/one/more"
    hand_in lab/01-socket
    mv "$class/lab" "$class/with_lab"
    hand_in "Ann O_Nym_4711_assignsubmission_file_"
    hand_in submission_815
    hand_in x/handin
    (cd "$class/x" && zip -qr ../doejane_123_456_lab.zip handin && tar -czf ../tarred.tar.gz handin)
    mkdir "$class/Bo B_99_assignsubmission_file_"
    (cd "$class/x" && zip -qr "../Bo B_99_assignsubmission_file_/lab 01.zip" handin __MACOSX || :)
    rm -r "$class/x"
    hand_in cloned
    git -C "$class/cloned" init -q
    grade_class
    echo "$output"
    [ "$status" -eq 0 ]
    for id in plain deep with_lab 4711 815 123 tarred 99 cloned; do
        echo "$id"
        [ "$(score "$id")" = 100 ]
    done
    [ "$(wc -l <"$out/grades.csv")" -eq 10 ]
    [ "$(head -1 "$out/grades.csv")" = "id,01-socket,total" ]
    [ "$(jq -r .name "$out/results/4711.json")" = "Ann O_Nym" ]
}

@test "single files of one person, as Canvas exports them, are graded together; a later one counts" {
    cp solutions/01-socket/sockinfo.c "$class/doejane_7_100_sockinfo.c"
    echo 'int main(void) { return 0; }' >"$class/doejane_7_101_sockcount.c"
    cp solutions/01-socket/sockcount.c "$class/doejane_7_102_sockcount-1.c"
    grade_class
    [ "$status" -eq 0 ]
    [ "$(score 7)" = 100 ]
}

@test "of several attempts the last one counts" {
    mkdir "$class/x"
    echo 'int main(void) { return 0; }' >"$class/x/sockinfo.c"
    (cd "$class/x" && zip -q ../doe_5_201_lab-1.zip sockinfo.c)
    cp solutions/01-socket/*.c "$class/x/"
    (cd "$class/x" && zip -q ../doe_5_1200_lab-2.zip ./*.c)
    rm -r "$class/x"
    grade_class
    [ "$status" -eq 0 ]
    [ "$(score 5)" = 100 ]
    [[ $(jq -r '.labs[0].notes' "$out/results/5.json") == *"sockinfo.c was handed in more than once"*"doe_5_1200_lab-2.zip"* ]]
}

@test "the scores are those of make check" {
    hand_in right
    hand_in wrong
    echo 'int main(void) { return 0; }' >"$class/wrong/sockcount.c"
    grade_class
    [ "$status" -eq 0 ]
    mkdir -p "$BATS_TEST_TMPDIR/tree/01-socket"
    cp "$class/wrong/"*.c "$BATS_TEST_TMPDIR/tree/01-socket/"
    DIR=$BATS_TEST_TMPDIR/tree LAB=01 RESULT=$BATS_TEST_TMPDIR/r.json \
        "$BUILD/bin/plumb" check >/dev/null || :
    for field in score '[.steps[] | [.step, .status, .points, .max_points, .title]]'; do
        [ "$(jq -c ".labs[0] | .$field" "$BATS_TEST_TMPDIR/r.json" | sed 's/^\.//')" = \
            "$(jq -c ".labs[0] | .$field" "$out/results/wrong.json")" ]
    done
}

@test "the right programs of every lab earn every point, in a sandbox and without one" {
    for lab in $(labs); do
        mkdir -p "$class/all/$lab"
        cp solutions/"$lab"/*.c "$class/all/$lab/"
    done
    for unsealed in "" yes; do
        run make --no-print-directory grade SUBMISSIONS="$class" OUT="$out$unsealed" UNSEALED=$unsealed
        echo "$output"
        [ "$status" -eq 0 ]
        jq -e 'all(.labs[]; .score == .max_score)' "$out$unsealed/results/all.json"
        [ "$(jq '.labs | length' "$out$unsealed/results/all.json")" -eq "$(labs | wc -l)" ]
    done
}

@test "the page of feedback shows the calls that led to a failure, with source lines" {
    hand_in one
    sed -i 's/if (fd == -1)/if (fd == -2)/' "$class/one/sockinfo.c" # a refused socket goes on
    grade_class
    [ "$status" -eq 0 ]
    grep -q 'class="calls".*sockinfo.c:[0-9]* *socket(' "$out/feedback/one.html"
}

@test "broken archives, links, FIFOs, empty folders and huge files stop nobody else" {
    hand_in honest
    echo "no archive" >"$class/broken.zip"
    head -c 100000 /dev/urandom >"$class/noise.tar.gz"
    ln -s /etc/passwd "$class/link.zip"
    mkfifo "$class/fifo.zip"
    mkdir "$class/empty" "$class/links" "$class/huge" "$class/odd"
    ln -s "$PWD/solutions/01-socket/sockinfo.c" "$class/links/sockinfo.c"
    truncate -s 10G "$class/huge/sockinfo.c"
    mkfifo "$class/odd/sockinfo.c"
    mkdir "$class/odd/sockcount.c"
    grade_class
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(score honest)" = 100 ]
    for id in broken noise link fifo empty links huge odd; do
        [ "$(score "$id")" = 0 ]
        [ -s "$out/feedback/$id.html" ]
        [ -n "$(jq -r '.labs[0].notes' "$out/results/$id.json")" ]
    done
    [[ $(jq -r '.labs[0].notes' "$out/results/broken.json") == *"cannot be unpacked"* ]]
    [[ $(jq -r '.labs[0].notes' "$out/results/links.json") == *"link is not followed"* ]]
}

@test "archive members with .., absolute names and links write nothing outside" {
    python3 - "$class" <<'END'
import io, sys, tarfile, zipfile
def member(tar, name, data=b"int main(void) { return 0; }", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data) if data else None)
with tarfile.open(sys.argv[1] + "/bad.tar.gz", "w:gz") as tar:
    member(tar, "../../../../../../../../tmp/plumbline-escaped")
    member(tar, "/tmp/plumbline-escaped")
    member(tar, "out", b"", type=tarfile.SYMTYPE, linkname="/tmp")
    member(tar, "out/plumbline-escaped")
    member(tar, "sockinfo.c", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")
with zipfile.ZipFile(sys.argv[1] + "/zipped.zip", "w") as archive:
    archive.writestr("../../../../../../tmp/plumbline-escaped", b"x")
    archive.writestr("/tmp/plumbline-escaped", b"x")
END
    hand_in honest
    rm -f /tmp/plumbline-escaped
    grade_class
    [ ! -e /tmp/plumbline-escaped ]
    [ "$(score honest)" = 100 ]
    [ "$(score bad)" = 0 ]
}

@test "a second run grades only what changed" {
    hand_in one
    hand_in two
    grade_class
    size=$(stat -c %s "$out/journal")
    grade_class
    [ "$status" -eq 0 ]
    [ "$(grep -c 'as before' <<<"$output")" -eq 2 ]
    [ "$(stat -c %s "$out/journal")" -eq "$size" ]
    echo 'int main(void) { return 0; }' >"$class/two/sockinfo.c"
    grade_class
    [ "$(grep -c 'as before' <<<"$output")" -eq 1 ]
    [ "$(score one)" = 100 ]
    [ "$(score two)" -lt 100 ]
}

@test "kill -9 at any moment loses, doubles and changes nothing" {
    for i in 1 2 3 4 5 6 7 8; do
        hand_in "s$i"
    done
    echo 'int main(void) { return 0; }' >"$class/s3/sockinfo.c"
    grade_class
    cp "$out/grades.csv" "$BATS_TEST_TMPDIR/whole.csv"
    rm -r "$out"
    # Killed each time that the journal has grown a little more.
    for round in 1 2 3 4; do
        before=$(stat -c %s "$out/journal" 2>/dev/null || echo 0)
        setsid make grade SUBMISSIONS="$class" OUT="$out" LABS=01 >/dev/null 2>&1 3>&- &
        grader=$!
        until [ "$(stat -c %s "$out/journal" 2>/dev/null || echo 0)" -gt "$before" ] ||
            ! kill -0 "$grader" 2>/dev/null; do
            read -rt 0.005 <> <(:) || :
        done
        kill -9 -- "-$grader" 2>/dev/null || :
        wait "$grader" || :
        echo "half a record" >>"$out/journal"
    done
    grade_class
    [ "$status" -eq 0 ]
    cmp "$out/grades.csv" "$BATS_TEST_TMPDIR/whole.csv"
    [ "$(grep -c $'\tdone=' "$out/journal")" -ge 8 ]
    for i in 1 2 3 4 5 6 7 8; do
        jq -e '.labs | length == 1' "$out/results/s$i.json"
        [ -s "$out/feedback/s$i.html" ]
    done
}

@test "what is published is made whole again by the next run, without grading again" {
    hand_in one
    grade_class
    before=$(stat -c %s "$out/journal")
    cp -r "$out/results" "$out/feedback" "$BATS_TEST_TMPDIR/"
    rm "$out/feedback/one.html"          # as after a kill between the two files
    echo stale >"$out/results/one.json" # as after a kill between the verdict and its publication
    grade_class
    [ "$status" -eq 0 ]
    diff -r "$out/results" "$BATS_TEST_TMPDIR/results"
    diff -r "$out/feedback" "$BATS_TEST_TMPDIR/feedback"
    [ "$(stat -c %s "$out/journal")" -eq "$before" ]
}

@test "results inside the submissions, or the other way round, are refused" {
    hand_in one
    out=$class/one/graded
    grade_class
    [ "$status" -eq 2 ]
    [[ $output == *"lie one inside the other"* ]]
    [ ! -e "$out" ]
    out=$BATS_TEST_TMPDIR
    grade_class
    [ "$status" -eq 2 ]
}

@test "a compiler that runs wild is the student's, one that found no time is nobody's, and tried again" {
    hand_in one
    cp tests/attacks/compile/include_twice.c "$class/one/sockinfo.c" # needs time and no memory
    COMPILE_WALL=1 grade_class
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(score one)" = error ]
    [[ $(jq -r '.labs[0].steps[0].message' "$out/results/one.json") == *"by the clock"* ]]
    COMPILE_CPU=2 grade_class
    [ "$status" -eq 0 ]
    [ "$(score one)" = 30 ]
    [[ $(jq -r '.labs[0].steps[0].message' "$out/results/one.json") == *"2 seconds of processor time, the limit"* ]]
}

@test "two graders on one folder: the second one says so, exit 2" {
    hand_in one
    mkdir -p "$out"
    exec 5>>"$out/journal"
    flock 5
    run make --no-print-directory grade SUBMISSIONS="$class" OUT="$out" LABS=01 5>&-
    exec 5>&-
    [ "$status" -eq 2 ]
    [[ $output == *"another grader works on"* ]]
}

@test "who handed in nothing stands in the roster's list; names that begin with = are no formulas" {
    hand_in one
    printf 'name,id\r\n"Doe, ""J"" Jane",one\r\n=cmd|calc,=2+5\r\nZoe,zoe\r\n' >"$BATS_TEST_TMPDIR/roster.csv"
    grade_class ROSTER="$BATS_TEST_TMPDIR/roster.csv"
    [ "$status" -eq 0 ]
    [ "$(score zoe)" = 0 ]
    refute grep -q '^[=+@]' "$out/grades.csv"
    [ "$(jq -r .name "$out/results/one.json")" = 'Doe, "J" Jane' ]
    python3 - "$out/grades.csv" <<'END'
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline="")))
assert rows[0] == ["id", "01-socket", "total"], rows
assert len(rows) == 4 and all(len(row) == 3 for row in rows), rows
END
    hand_in Jürgen
    printf 'id,name\n one ,One\nzoe,Zoe\nzoe,Zoe\nJu\xcc\x88rgen,J\n' >"$BATS_TEST_TMPDIR/roster.csv"
    grade_class ROSTER="$BATS_TEST_TMPDIR/roster.csv"
    [ "$(sed 's/J__rgen-[0-9a-f]*/J/' "$out/grades.csv" | tr '\n' ' ')" = "id,01-socket,total J,100,100 one,100,100 zoe,0,0 " ]
    printf 'name\nx\n' >"$BATS_TEST_TMPDIR/roster.csv"
    grade_class ROSTER="$BATS_TEST_TMPDIR/roster.csv"
    [ "$status" -eq 2 ]
    [[ $output == *'no column "id"'* ]]
}

@test "hidden steps leave no trace in what students read, and are marked for the instructor" {
    hand_in one
    echo 'int main(void) { return 0; }' >"$class/one/sockcount.c"
    grade_class HIDDEN_STEPS="01:5 01:6"
    [ "$status" -eq 0 ]
    [ "$(jq '[.labs[0].steps[] | select(.hidden)] | length' "$out/results/one.json")" -eq 2 ]
    title=$(jq -r '.labs[0].steps[4].title' "$out/results/one.json")
    refute grep -qF "$title" "$out/feedback/one.html"
    grep -q '70 of 70 points' "$out/feedback/one.html"
    grep -qF 'hidden' "$out/report.html"
}

@test "a step to be hidden that is not named rightly is refused" {
    hand_in one
    for wrong in "1:5 1:6" "01:5;01:6" 01:7 01:5x 77:1 01 :5; do
        grade_class HIDDEN_STEPS="$wrong"
        [ "$status" -eq 2 ]
        [[ $output == *"HIDDEN_STEPS: there is no step"* ]]
    done
    [ ! -e "$out/grades.csv" ]
}

@test "markup in what programs print stays text" {
    hand_in one
    printf '#include <stdio.h>\nint main(void) { fputs("<script>alert(1)</script>\\033[2J", stderr); return 3; }\n' \
        >"$class/one/sockinfo.c"
    grade_class
    refute grep -q '<script>' "$out/feedback/one.html"
    refute grep -q '<script>a' "$out/report.html" # it has one of its own
    refute grep -q $'\033' "$out/feedback/one.html"
    grep -q '&#60;script&#62;' "$out/feedback/one.html"
}

@test "the report of 500 persons in a browser: each a click away, sorted and filtered by keyboard too" {
    command -v chromium chromium-browser google-chrome >/dev/null || skip 'no Chromium here'
    hand_in s1
    hand_in s2
    echo 'int main(void) { return 0; }' >"$class/s2/sockcount.c"
    { echo id,name && for ((i = 1; i <= 500; i++)); do echo "s$i,Person $i"; done; } >"$BATS_TEST_TMPDIR/roster.csv"
    grade_class ROSTER="$BATS_TEST_TMPDIR/roster.csv"
    [ "$status" -eq 0 ]
    timeout 120 tests/check-report "$out/report.html" 500
    # The check notices what it is there for.
    sed 's/row.hidden = .*/row.hidden = false;/' "$out/report.html" >"$out/planted.html"
    run timeout 120 tests/check-report "$out/planted.html" 500
    [ "$status" -eq 1 ]
    [[ $output == *"leaves 500 persons"* ]]
}

@test "without a sandbox it refuses, unless UNSEALED=yes is said, and then every result says so" {
    hand_in one
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\necho "bwrap: no namespaces here" >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/bwrap"
    chmod +x "$BATS_TEST_TMPDIR/bin/bwrap"
    chmod a+x "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* || :
    PATH="$BATS_TEST_TMPDIR/bin:$PATH" grade_class
    [ "$status" -eq 2 ]
    [[ $output == *"bubblewrap is needed"* ]]
    [ ! -e "$out/grades.csv" ]
    PATH="$BATS_TEST_TMPDIR/bin:$PATH" grade_class UNSEALED=yes
    [ "$status" -eq 0 ]
    [ "$(score one)" = 100 ]
    [ "$(jq '.labs[0].sealed' "$out/results/one.json")" = false ]
    grep -q 'without a sandbox' "$out/feedback/one.html"
    grep -q 'without a sandbox' "$out/report.html"
}

@test "a full disk stops it with a reason; it goes on when there is room" {
    hand_in one
    mkdir "$out"
    as=(unshare -m)
    [ "$(id -u)" -eq 0 ] || as=(unshare -rm)
    run "${as[@]}" bash -c '
        mount -t tmpfs -o size=64k none "$1" && mkdir "$1/results" "$1/feedback" && touch "$1/journal" &&
        head -c 1M /dev/zero >"$1/filler" 2>/dev/null
        make --no-print-directory grade SUBMISSIONS="$2" OUT="$1" LABS=01
        echo "first $?"
        rm "$1/filler"
        mount -o remount,size=4M "$1"
        make --no-print-directory grade SUBMISSIONS="$2" OUT="$1" LABS=01
        echo "second $?"
        cat "$1/grades.csv"' bash "$out" "$class"
    [[ $output == *"No space left on device"*"first 2"*"second 0"*"one,100,100"* ]]
}

@test "shards graded apart are merged, any number of times, into the same grades" {
    for i in 1 2 3; do hand_in "s$i"; done
    echo 'int main(void) { return 0; }' >"$class/s3/sockinfo.c"
    grade_class
    cp "$out/grades.csv" "$BATS_TEST_TMPDIR/whole.csv"
    for i in 1 2 3; do
        mkdir "$BATS_TEST_TMPDIR/shard$i"
        cp -r "$class/s$i" "$BATS_TEST_TMPDIR/shard$i/"
        make grade SUBMISSIONS="$BATS_TEST_TMPDIR/shard$i" OUT="$BATS_TEST_TMPDIR/out$i" LABS=01
    done
    rm -r "$out"
    OUT=$out harness/grade merge "$BATS_TEST_TMPDIR"/out[123]
    OUT=$out run harness/grade merge "$BATS_TEST_TMPDIR"/out[123]
    [ "$(grep -c ': 0 verdicts were new' <<<"$output")" -eq 3 ]
    grade_class
    [ "$(grep -c 'as before' <<<"$output")" -eq 3 ]
    cmp "$out/grades.csv" "$BATS_TEST_TMPDIR/whole.csv"
}

@test "jobs side by side give the same grades" {
    for i in 1 2 3 4 5 6; do hand_in "s$i"; done
    echo 'int main(void) { return 0; }' >"$class/s2/sockcount.c"
    grade_class JOBS=1
    cp "$out/grades.csv" "$BATS_TEST_TMPDIR/one.csv"
    rm -r "$out"
    grade_class JOBS=8
    cmp "$out/grades.csv" "$BATS_TEST_TMPDIR/one.csv"
}

@test "missing settings, folders and labs are told, exit 2" {
    run make --no-print-directory grade
    [ "$status" -eq 2 ]
    [[ $output == *"usage: make grade"* ]]
    run make --no-print-directory grade SUBMISSIONS="$class/none" OUT="$out"
    [ "$status" -eq 2 ]
    [[ $output == *"none"* ]]
    grade_class LABS=77
    [ "$status" -eq 2 ]
    [[ $output == *'no lab "77"'* ]]
    grade_class
    [ "$status" -eq 2 ]
    [[ $output == *"holds no submission"* ]]
}
