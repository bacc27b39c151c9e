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
with zipfile.ZipFile(sys.argv[1] + "/inside.zip", "w") as archive:
    archive.writestr("one more/lab.tar.gz", inner.getvalue())
END
    grade_class
    [ "$(score windows)" = 100 ]
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

@test "of a person's attempts the last one counts by the platform's number, not by its date or name" {
    mkdir "$BATS_TEST_TMPDIR/x"
    cp $right/*.c "$BATS_TEST_TMPDIR/x/"
    (cd "$BATS_TEST_TMPDIR/x" && zip -q "$class/doe_LATE_5_1200_a.zip" ./*.c)
    echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/x/sockinfo.c"
    (cd "$BATS_TEST_TMPDIR/x" && zip -q "$class/doe_5_999_z.zip" ./*.c)
    touch -d 2001-01-01 "$class/doe_LATE_5_1200_a.zip"
    echo "a note to the teacher" >"$class/doe_5_1300_note.txt"
    grade_class
    [ "$(score 5)" = 100 ]
    notes 5 | grep '2 attempts were handed in; the last one counts: doe_LATE_5_1200_a.zip'
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
