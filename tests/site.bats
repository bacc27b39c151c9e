#!/usr/bin/env bats
# site.bats - `make site`: handouts, slides, quizzes and guides as pages, and what they promise.

setup_file() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    for lab in $(labs); do # the programs that demonstrations run
        DIR=solutions LAB=$lab "$BUILD/bin/plumb" compile
    done
    harness/site/build
}

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    site=$BUILD/site
}

@test "every handout, deck, quiz and guide has its page" {
    for lab in $(labs); do [ -s "$site/labs/$lab.html" ]; done
    for deck in slides/*.md; do [ -s "$site/slides/$(basename "$deck" .md).html" ]; done
    for quiz in labs/*/quiz.md; do [ -s "$site/quiz/$(basename "$(dirname "$quiz")").html" ]; done
    [ -s "$site/index.html" ]
    [ -s "$site/guide/authors.html" ]
}

@test "every link and picture leads somewhere within the site, and no page asks another host" {
    tests/site/links "$site"
}

@test "a link that leads nowhere is found" {
    cp -r "$site" "$BATS_TEST_TMPDIR/site"
    while read -r what bad; do
        sed "s|</main>|$bad</main>|" "$site/labs/01-socket.html" \
            >"$BATS_TEST_TMPDIR/site/labs/01-socket.html"
        run tests/site/links "$BATS_TEST_TMPDIR/site"
        [ "$status" -eq 1 ]
        grep -q "^labs/01-socket.html: .*$what" <<<"$output"
    done <<'END'
none.html <a href="none.html">x</a>
anchor <a href="#none">x</a>
none.svg <img src="none.svg" alt="x">
host <script src="https://example.org/x.js"></script>
alt <img src="../page.css">
END
}

@test "demonstrations on slides show what appears when their commands are typed" {
    tests/demos slides/*.md
}

@test "a demonstration that shows something else is found" {
    sed 's/^listening on 127.0.0.1:4000/listening on 127.0.0.1:4001/' slides/04-accept.md \
        >"$BATS_TEST_TMPDIR/deck.md"
    run tests/demos "$BATS_TEST_TMPDIR/deck.md"
    [ "$status" -eq 1 ]
    [[ $output == *"4001"*"4000"* ]]
}

@test "code in slides and handouts is what stands in the programs" {
    harness/site/code --check slides/*.md labs/*/*.md
}

@test "code that drifted, and code that was pasted, is found" {
    sed 's/int door = -1;/int door = 0;/' slides/04-accept.md >"$BATS_TEST_TMPDIR/deck.md"
    run harness/site/code --check "$BATS_TEST_TMPDIR/deck.md"
    [ "$status" -eq 1 ]
    # shellcheck disable=SC2016 # backquotes are meant
    printf '# A page\n\n```c\nint x;\n```\n' >"$BATS_TEST_TMPDIR/pasted.md"
    run harness/site/code --check "$BATS_TEST_TMPDIR/pasted.md"
    [ "$status" -eq 1 ]
}

@test "a deck has 12 to 20 slides, with notes for whoever speaks" {
    for deck in slides/*.md; do
        slides=$(($(grep -c '^---$' "$deck") - 1))
        [ "$slides" -ge 12 ] && [ "$slides" -le 20 ] || { echo "$deck: $slides slides" && false; }
        [ "$(grep -c '^<!--$' "$deck")" -ge 6 ] || { echo "$deck: too few notes" && false; }
        grep -q '^```demo[0-9]$' "$deck" || { echo "$deck: no demonstration" && false; }
    done
}

@test "a quiz has 5 to 8 questions, one right option each, and a reason for every option" {
    for quiz in labs/*/quiz.md; do
        questions=$(grep -c '^## ' "$quiz")
        [ "$questions" -ge 5 ] && [ "$questions" -le 8 ] || { echo "$quiz: $questions" && false; }
    done
    printf '# Quiz\n\n## Q?\n\n- [x] a\n\n  why\n- [x] b\n\n  why\n' >"$BATS_TEST_TMPDIR/two.md"
    run pandoc -f gfm -t html --lua-filter harness/site/quiz.lua "$BATS_TEST_TMPDIR/two.md"
    [ "$status" -ne 0 ]
}
