#!/usr/bin/env bats
# intake.bats - what people hand in, in the shapes in which they do: `make grade` takes all that holds
# a program, and says what it could not take.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    class=$BATS_TEST_TMPDIR/class
    out=$BATS_TEST_TMPDIR/out
    right=solutions/01-socket
    mkdir "$class"
}

grade_class() {
    run make --no-print-directory grade SUBMISSIONS="$class" OUT="$out" LABS=01 "$@"
    echo "$output"
    [ "$status" -eq 0 ]
}
score() { sed -n "s/^$1,\([^,]*\),.*/\1/p" "$out/grades.csv"; }
notes() { jq -r '.labs[0].notes' "$out/results/$1.json"; }

# dress FILE...: as an editor under Windows may leave it: a byte order mark, CR LF, and a word in
# Latin-1.
dress() {
    local file
    for file; do
        { printf '\xef\xbb\xbf/* Gr\xfc\xdfe */\n' && cat "$file"; } | sed 's/$/\r/' >"$file.new"
        mv "$file.new" "$file"
    done
}

# junk FOLDER: what systems, editors and compilers leave beside the programs, and what would stop an
# unwary grader.
junk() {
    mkdir -p "$1/__MACOSX/01-socket" "$1/.git/objects" "$1/build/labs"
    printf '\0\5\26\7\0' | tee "$1/__MACOSX/01-socket/._sockinfo.c" >"$1/._sockcount.c"
    echo 'int main(void) { return 9; }' | tee "$1/__MACOSX/01-socket/sockinfo.c" >"$1/.git/sockcount.c"
    printf '\0\0\0\1Bud1' >"$1/.DS_Store"
    printf '\177ELF' | tee "$1/sockinfo" "$1/sockinfo.o" "$1/a.out" >"$1/core"
    printf 'all:\n\ttouch /tmp/plumbline-escaped\n' | tee "$1/Makefile" >"$1/GNUmakefile"
    echo '#error "this header is not ours"' | tee "$1/stdio.h" "$1/errno.h" >"$1/config.h"
}

@test "CR LF, byte order marks, Latin-1, __MACOSX, .DS_Store and build products do not matter" {
    mkdir -p "$class/folder" "$BATS_TEST_TMPDIR/x/Lab 1"
    cp $right/*.c "$class/folder/"
    dress "$class/folder"/*.c
    junk "$class/folder"
    cp $right/*.c "$BATS_TEST_TMPDIR/x/Lab 1/"
    dress "$BATS_TEST_TMPDIR/x/Lab 1"/*.c
    junk "$BATS_TEST_TMPDIR/x"
    (cd "$BATS_TEST_TMPDIR/x" && zip -qry "$class/zipped.zip" . && tar -czf "$class/tarred.tgz" .)
    rm -f /tmp/plumbline-escaped
    grade_class
    for id in folder zipped tarred; do
        [ "$(score $id)" = 100 ]
        [ -z "$(notes $id)" ]
    done
    [ ! -e /tmp/plumbline-escaped ]
    [ "$(wc -l <"$out/grades.csv")" -eq 4 ]
}

@test "a zip made under Windows, with backslashes between names, and an archive inside an archive" {
    python3 - "$class" $right <<'END'
import glob, io, os, sys, tarfile, zipfile
sources = {os.path.basename(path): open(path, "rb").read() for path in glob.glob(sys.argv[2] + "/*.c")}
with zipfile.ZipFile(sys.argv[1] + "/windows.ZIP", "w") as archive:
    for name, content in sources.items():
        info = zipfile.ZipInfo("My Lab\\01-socket\\" + name)
        info.create_system = 0 # made under Windows
        archive.writestr(info, content)
inner = io.BytesIO()
with tarfile.open(fileobj=inner, mode="w:gz") as archive:
    for name, content in sources.items():
        info = tarfile.TarInfo("handin/" + name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
with zipfile.ZipFile(sys.argv[1] + "/unix.zip", "w") as archive: # by a program that took no care
    for name, content in sources.items():
        archive.writestr("old\\" + name, "int main(void) { return 0; }")
        archive.writestr("01-socket\\" + name, content)
with zipfile.ZipFile(sys.argv[1] + "/inside.zip", "w") as archive:
    archive.writestr("one more/lab.tar.gz", inner.getvalue())
END
    grade_class
    [ "$(score windows)" = 100 ]
    [ "$(score unix)" = 100 ]
    [ "$(score inside)" = 100 ]
}

@test "a clone of the whole course: the file in the lab's folder counts, the same one every time" {
    mkdir -p "$class/clone"/{labs,old,solutions}/01-socket "$class/clone/01-socket-old/deep"
    cp $right/*.c "$class/clone/labs/01-socket/"
    for folder in old solutions; do
        echo 'int main(void) { return 0; }' >"$class/clone/$folder/01-socket/sockinfo.c"
    done
    echo 'int main(void) { return 0; }' | tee "$class/clone/sockinfo.c" >"$class/clone/01-socket-old/deep/sockinfo.c"
    grade_class
    [ "$(score clone)" = 100 ]
    notes clone | grep '3 files are named sockinfo.c; this one was taken: .*labs/01-socket/sockinfo.c'
}

@test "of a program that was handed in twice the later one counts, by the platform's number" {
    mkdir "$BATS_TEST_TMPDIR/x"
    cp $right/*.c "$BATS_TEST_TMPDIR/x/"
    (cd "$BATS_TEST_TMPDIR/x" && zip -q "$class/doe_LATE_5_1200_a.zip" ./*.c)
    echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/x/sockinfo.c"
    (cd "$BATS_TEST_TMPDIR/x" && zip -q "$class/doe_5_999_z.zip" ./*.c)
    touch -d 2001-01-01 "$class/doe_LATE_5_1200_a.zip"
    echo "a note to the teacher" >"$class/doe_5_1300_note.txt"
    grade_class
    [ "$(score 5)" = 100 ]
    notes 5 | grep '01-socket/sockinfo.c was handed in more than once; this one was taken: doe_LATE_5_1200_a.zip'
    notes 5 | grep 'doe_5_1300_note.txt was not looked at'
}

# packed ARCHIVE FILE...: programs of the lab in a zip or tar of the class.
packed() {
    case $1 in
    *.zip) (cd $right && zip -q "$class/$1" "${@:2}") ;;
    *) tar -caf "$class/$1" -C $right "${@:2}" ;;
    esac
}

@test "several files of one person are one submission: nothing of it is lost" {
    packed a_11_501_sockinfo.zip sockinfo.c # Canvas
    packed a_11_502_sockcount.zip sockcount.c
    packed b_LATE_12_601_lab.zip sockinfo.c sockcount.c
    cp $right/sockinfo.c "$class/b_LATE_12_602_sockinfo.c"
    cp $right/sockinfo.c "$class/c_13_701_sockinfo.c"
    cp $right/sockcount.c "$class/c_13_702_sockcount.c"
    (cd "$BATS_TEST_TMPDIR" && echo x >x.txt && zip -q "$class/c_13_703_notes.zip" x.txt)
    packed Carl_14_assignsubmission_file_info.zip sockinfo.c # Moodle, without folders
    packed Carl_14_assignsubmission_file_count.zip sockcount.c
    mkdir "$class/Anna_15_assignsubmission_file_" "$class/Anna_15_assignsubmission_onlinetext_"
    cp $right/*.c "$class/Anna_15_assignsubmission_file_/"
    echo '<p>here it is' >"$class/Anna_15_assignsubmission_onlinetext_/onlinetext.html"
    grade_class
    for id in 11 12 13 14 15; do
        echo "$id"
        [ "$(score $id)" = 100 ]
        [ -z "$(notes $id)" ]
    done
    [ "$(wc -l <"$out/grades.csv")" -eq 6 ]
}

@test "names that only look like Canvas's are whole names" {
    for id in lab_04_2026_anna lab_4_2026_bert; do
        mkdir "$class/$id"
        cp $right/*.c "$class/$id/"
    done
    packed lab_04_2026_carl.zip sockinfo.c sockcount.c
    packed lab_7_2026_dora.zip sockinfo.c sockcount.c
    packed lab_7_2026_emil.zip sockinfo.c
    grade_class
    [ "$(cut -d, -f1,2 "$out/grades.csv" | sed 1d | tr '\n' ' ')" = \
        "lab_04_2026_anna,100 lab_04_2026_carl,100 lab_4_2026_bert,100 lab_7_2026_dora,100 lab_7_2026_emil,70 " ]
}

@test "archives at any depth, in any number, in archives too; what stays closed is told" {
    mkdir -p "$class/many" "$class/deep/handin" "$class/far/a/b/c/d/e/f/g/h/i/j/k" "$class/stale"
    for i in 1 2 3 4 5; do (cd "$BATS_TEST_TMPDIR" && echo "$i" >x.txt && zip -q "$class/many/a$i.zip" x.txt); done
    packed many/z.zip sockinfo.c sockcount.c
    packed deep/handin/LAB.TAR.GZ sockinfo.c sockcount.c
    cp $right/*.c "$class/far/a/b/c/d/e/f/g/h/i/j/k/"
    packed stale/lab.zip sockinfo.c sockcount.c
    echo 'int main(void) { return 0; }' >"$class/stale/sockinfo.c"
    (cd "$class" && zip -qr inside.zip many && mkdir -p a/b/c/d && cp deep/handin/LAB.TAR.GZ a/b/c/d/ &&
        zip -qr farther.zip a && rm -r a)
    packed lab.txz sockinfo.c sockcount.c
    (cd "$class" && zip -q xz.zip lab.txz && zip -q two.zip xz.zip && zip -q three.zip two.zip && zip -q four.zip three.zip &&
        rm lab.txz xz.zip two.zip)
    grade_class
    for id in many deep far inside farther three; do
        echo "$id"
        [ "$(score $id)" = 100 ]
        [ -z "$(notes $id)" ]
    done
    notes stale | grep '01-socket/sockinfo.c was handed in more than once; this one was taken: stale'
    [ "$(score stale)" = 30 ]
    [ "$(score four)" = 0 ]
    notes four | grep '1 archives inside were not unpacked'
}

@test "archives are known by what they hold; what is wrong with one is said" {
    packed zip.zip sockinfo.c sockcount.c
    mv "$class/zip.zip" "$class/zip.tar.gz"
    packed tar.tar.gz sockinfo.c sockcount.c
    mv "$class/tar.tar.gz" "$class/tar.zip"
    packed noext.zip sockinfo.c sockcount.c
    mv "$class/noext.zip" "$class/noext"
    : >"$class/zero.zip"
    printf 'Rar!\x1a\x07' >"$class/rar.zip"
    head -c 300 /dev/urandom >"$class/noise.zip"
    printf '\x28\xb5\x2f\xfd' >"$class/zst.tar.zst"
    echo LZIP >"$class/lz.tar.lz"
    printf '\x1f\x8b' >"$class/gz.gz"
    echo PK >"$class/px.zipx"
    python3 - "$class/device.tar" $right/sockinfo.c <<'END'
import sys, tarfile
with tarfile.open(sys.argv[1], "w") as tar:
    info = tarfile.TarInfo("null")
    info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 3
    tar.addfile(info)
    tar.add(sys.argv[2], "sockinfo.c")
END
    grade_class
    for id in zip tar noext; do
        [ "$(score $id)" = 100 ]
        [ -z "$(notes $id)" ]
    done
    notes zero | grep 'zero.zip cannot be unpacked: it is empty'
    notes rar | grep 'rar.zip: archives of this kind cannot be read'
    notes noise | grep 'noise.zip cannot be unpacked: tar: This does not look like a tar archive'
    for id in zst lz gz px; do notes $id | grep 'cannot be unpacked: .'; done
    [ "$(score device)" -gt 0 ]
    notes device | grep 'device.tar: not all of it could be unpacked: tar: null: Cannot mknod'
}

@test "what is odd in an archive is noted as it is in a folder" {
    mkdir -p "$class/odd"/{a,b}/01-socket
    cp $right/sockinfo.c "$class/odd/a/01-socket/"
    echo 'int main(void) { return 0; }' >"$class/odd/b/01-socket/sockinfo.c"
    truncate -s 2M "$class/odd/sockcount.c"
    ln -s /etc/passwd "$class/odd/a/sockcount.c"
    echo PK >"$class/odd/inner.zip"
    (cd "$class" && zip -qry packed.zip odd)
    grade_class
    for id in odd packed; do
        notes $id | grep '2 files are named sockinfo.c; this one was taken: .*a/01-socket/sockinfo.c'
        notes $id | grep 'sockcount.c is larger than 1024 KiB'
        notes $id | grep 'a/sockcount.c: a symbolic link is not followed'
        notes $id | grep 'inner.zip cannot be unpacked'
    done
}

@test "an export of Gradescope in a folder of its own is not taken for one person" {
    mkdir -p "$class/assignment_99_export/submission_1"
    cp $right/*.c "$class/assignment_99_export/submission_1/"
    echo ":submission_1:" >"$class/assignment_99_export/submission_metadata.yml"
    run make --no-print-directory grade SUBMISSIONS="$class" OUT="$out" LABS=01
    [ "$status" -eq 2 ]
    [[ $output == *"say SUBMISSIONS=$class/assignment_99_export"* ]]
    mkdir "$class/ann"
    grade_class
    notes assignment_99_export | grep 'looks like the submissions of several persons'
}

@test "who is left out, and what may have been meant, is told" {
    cp $right/sockinfo.c "$class/roe_6_60_Sockinfo.c"
    mkdir "$class/copies"
    cp $right/sockinfo.c "$class/copies/sockinfo (1).c"
    cp $right/sockcount.c "$class/copies/"
    echo "%PDF" >"$class/Emil_16_assignsubmission_file_report.pdf"
    echo "PK" >"$class/grades.xlsx"
    run make --no-print-directory grade SUBMISSIONS="$class" OUT="$out" LABS=01
    [ "$(cut -d, -f1 "$out/grades.csv" | tr '\n' ' ')" = "id 16 6 copies " ]
    grep 'grades.xlsx was left out' <<<"$output"
    grep 'grades.xlsx' "$out/report.html"
    notes 16 | grep 'report.pdf was not looked at'
    notes 6 | grep 'Sockinfo.c was not taken: should its name be sockinfo.c?'
    notes copies | grep 'sockinfo (1).c was not taken: should its name be sockinfo.c?'
}

@test "a folder that is odd in a thousand ways stops nobody, and its notes are few" {
    mkdir "$class/honest"
    cp $right/*.c "$class/honest/"
    python3 - "$class" <<'END'
import os, sys
os.chdir(sys.argv[1])
for level in ["odd"] + ["d" * 250] * 7:
    os.mkdir(level)
    os.chdir(level)
for i in range(9000):
    os.mkdir("d%0200d" % i)
    os.symlink("/etc/passwd", "d%0200d/sockinfo.c" % i)
END
    grade_class JOBS=1
    [ "$(score honest)" = 100 ]
    [ "$(score odd)" = 0 ]
    notes odd | tail -2 | grep '^and 89[0-9]* more$'
    [ "$(stat -c %s "$out/journal")" -lt 100000 ]
}

@test "IDs of 150 letters are told apart; a name that makes no ID is shown" {
    long=$(printf '%0150d' 0)
    for id in "${long}1" "${long}2" "王小明" "Mary Ann"; do
        mkdir "$class/$id"
        cp $right/sockinfo.c "$class/$id/"
    done
    printf 'id,name\nMary Ann,Mary Ann Evans\n' >"$BATS_TEST_TMPDIR/roster.csv"
    grade_class ROSTER="$BATS_TEST_TMPDIR/roster.csv"
    [ "$(wc -l <"$out/grades.csv")" -eq 5 ]
    [ "$(jq -r .name "$out"/results/_________-*.json)" = "王小明" ]
    grep '<td>王小明</td>' "$out/report.html"
    grep 'Feedback for 王小明' "$out"/feedback/_________-*.html
    [ "$(jq -r .name "$out"/results/Mary_Ann-*.json)" = "Mary Ann Evans" ]
    refute grep '[^ -~]' "$out/grades.csv"
}

@test "who handed in only what cannot be read is not lost: the note says why" {
    echo "Rar!" >"$class/ann.rar"
    echo "7z" >"$class/roe_7_70_lab.7z"
    echo "%PDF" >"$class/poe_8_80_essay.pdf"
    echo "not a submission" >"$class/README.txt"
    grade_class
    [ "$(cut -d, -f1 "$out/grades.csv" | tr '\n' ' ')" = "id 7 8 ann " ]
    for id in ann 7 8; do [ "$(score $id)" = 0 ]; done
    notes ann | grep 'ann.rar: archives of this kind cannot be read'
    notes 7 | grep 'roe_7_70_lab.7z: archives of this kind'
    notes 8 | grep 'no program of any lab was found'
}

@test "rosters: CR LF, CR alone, a byte order mark, semicolons, tabs, Latin-1" {
    mkdir "$class/one"
    cp $right/*.c "$class/one/"
    roster=$BATS_TEST_TMPDIR/roster.csv
    grade_class # once; then only the names are new
    for shape in \
        'id,name\r\none,J\xfcrgen Gro\xdf\r\n' \
        '\xef\xbb\xbfid;name\r\none;J\xc3\xbcrgen Gro\xc3\x9f\r\n' \
        'name\tid\nJ\xfcrgen Gro\xdf\tone\n' \
        'Section,ID,Name\r"A, or B",one,J\xfcrgen Gro\xdf\r'; do
        # shellcheck disable=SC2059
        printf "$shape" >"$roster"
        rm "$out/results/one.json"
        grade_class ROSTER="$roster"
        [ "$(jq -r .name "$out/results/one.json")" = "Jürgen Groß" ]
        [ "$(wc -l <"$out/grades.csv")" -eq 2 ]
        grep -q "Jürgen Groß" "$out/report.html"
    done
    mkdir "$class/J"$'\xfc'"rgen_12_assignsubmission_file_"
    grade_class
    [ "$(jq -r .name "$out/results/12.json")" = "Jürgen" ]
}
