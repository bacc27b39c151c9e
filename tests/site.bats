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

has_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

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
heading <h2>x</h2>
END
}

@test "every page is valid HTML" {
    tests/site/validity "$site"
}

@test "HTML that is not valid is found" {
    mkdir "$BATS_TEST_TMPDIR/site"
    while read -r what bad; do
        sed "s|</main>|$bad</main>|" "$site/labs/01-socket.html" >"$BATS_TEST_TMPDIR/site/page.html"
        run tests/site/validity "$BATS_TEST_TMPDIR/site"
        [ "$status" -eq 1 ]
        grep -q "$what" <<<"$output"
    done <<'END'
missing <p><div>x</p>
blonk <blonk>x</blonk>
already <p id="twice">x</p><p id="twice">y</p>
END
    sed '0,/<h1/s//<h1><p>x<h1/' "$site/slides/01-socket.html" >"$BATS_TEST_TMPDIR/site/page.html"
    run tests/site/validity "$BATS_TEST_TMPDIR/site"
    [ "$status" -eq 1 ]
}

@test "no word is misspelled, in pages and in hints" {
    tests/site/spelling
}

@test "a misspelled word is found, and code is none" {
    cd "$BATS_TEST_TMPDIR"
    mkdir -p tests/site
    cp "$BATS_TEST_DIRNAME/site/words" tests/site/
    printf '# A `reciept`\n\nThe colour is recieved.\n\n```c\nint numbr;\n```\n\n<!--\nSay this loudy.\n-->\n' >page.md
    printf 'STEP(1, "a sokcet is closed", .hints = {"`clsoe(fd)` it, "\n    "or fd_cout grows."})\n' >steps.c
    run "$BATS_TEST_DIRNAME/site/spelling" page.md steps.c
    [ "$status" -eq 1 ]
    [ "$output" = "$(printf '%s: page.md\n' colour recieved loudy && echo 'sokcet: steps.c')" ]
}

@test "every page in a browser: widths, contrast, keyboard, paper; no slide leaves its frame" {
    has_browser || skip "no Chromium here"
    tests/site/pages "$site"
}

@test "what a reader could not use is found in a browser" {
    has_browser || skip "no Chromium here"
    bad=$BATS_TEST_TMPDIR/bad
    mkdir -p "$bad"/{labs,slides,quiz}
    cp "$site"/*.{css,js} "$bad/"
    # One page, and one deck, with all the mistakes; each has to be named.
    sed -e 's| lang="en"||' -e 's|</main>|<h1>two</h1><h5>deep</h5><img src="none.png" alt="x">\
        <img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7">\
        <p style="color: #999; background: #fff">pale</p><p style="width: 900px; max-width: none">wide</p>\
        <button tabindex="-1">unreached</button><script>console.error("oops")</script>\
        <pre style="white-space: pre; width: 9em" class="cut">far too long to stand on paper</pre>&|' \
        "$site/labs/01-socket.html" >"$bad/labs/01-socket.html"
    sed 's|</style>|.why { display: none !important; }&|; s|</head>|<style>.why { display: none !important; }</style>&|' \
        "$site/quiz/01-socket.html" >"$bad/quiz/01-socket.html"
    sed 's|</h2>|</h2><div style="height: 700px; flex: none">x</div><pre style="width: 9em; overflow: hidden"><code>int much_too_long_for_it;</code></pre>|' \
        "$site/slides/01-socket.html" >"$bad/slides/01-socket.html"
    run tests/site/pages "$bad"
    [ "$status" -eq 1 ]
    while read -r finding; do
        grep -qF "$finding" <<<"$output" || { echo "not found: $finding"; echo "$output"; false; }
    done <<'END'
labs/01-socket.html: no language
labs/01-socket.html: "deep" is h5 after h1
labs/01-socket.html: not exactly one h1
labs/01-socket.html: the picture none.png does not load
has no words (alt)
labs/01-socket.html: light: contrast
labs/01-socket.html: dark: contrast
labs/01-socket.html: at 360: scrolls sideways
labs/01-socket.html: at 768: scrolls sideways
labs/01-socket.html: the keyboard does not reach BUTTON
labs/01-socket.html: the keyboard cannot scroll
labs/01-socket.html: on paper code is cut
labs/01-socket.html: console:
quiz/01-socket.html: on paper a quiz keeps
slides/01-socket.html: slide 2: 1280x
slides/01-socket.html: slide 2: code is cut
END
}

@test "slides and handouts show what appears when their commands are typed" {
    tests/demos slides/*.md labs/*/README.md
}

@test "a demonstration that shows something else is found" {
    sed 's/^listening on 127.0.0.1:4000/listening on 127.0.0.1:4001/' slides/04-accept.md \
        >"$BATS_TEST_TMPDIR/deck.md"
    run tests/demos "$BATS_TEST_TMPDIR/deck.md"
    [ "$status" -eq 1 ]
    [[ $output == *"4001"*"4000"* ]]
    mkdir -p "$BATS_TEST_TMPDIR/01-socket"
    while read -r right wrong; do
        sed "s/$right/$wrong/" labs/01-socket/README.md >"$BATS_TEST_TMPDIR/01-socket/README.md"
        run tests/demos "$BATS_TEST_TMPDIR/01-socket/README.md"
        [ "$status" -eq 1 ]
        [[ $output == *"01-socket/README.md:"* ]]
    done <<'END'
^opened.17 opened_18
demo1.step3 demo1
sockinfo.99 sockinfa
END
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

# words_of PICTURE: those that can be seen. A scene's picture holds the whole story behind its frame;
# graphviz has coordinates of its own.
words_of() {
    python3 - "$1" <<'END'
import re, sys, xml.etree.ElementTree as tree
picture = tree.parse(sys.argv[1]).getroot()
top, height = (float(n) for n in picture.get("viewBox").split()[1::2])
for text in picture.iter("{http://www.w3.org/2000/svg}text"):
    if "/trace/" not in sys.argv[1] or top < float(text.get("y", top - 1)) < top + height:
        print(*re.findall("[A-Za-z]{4,}", "".join(text.itertext())), sep="\n")
END
}

# printed_whole DECK: succeeds if its PDF has all its slides, and the words of its pictures.
printed_whole() {
    local pdf=$site/${1%.md}.pdf word picture
    [ "$(pdfinfo "$pdf" | sed -n 's/^Pages: *//p')" -eq \
        "$(grep -o '<section' "$site/${1%.md}.html" | wc -l)" ] || return 1
    pdftotext "$pdf" "$BATS_TEST_TMPDIR/printed"
    for picture in $(sed -n 's|^!\[.*](\.\./\(.*\.svg\))$|\1|p' "$1"); do
        words_of "$site/$picture" >"$BATS_TEST_TMPDIR/words"
        [ -s "$BATS_TEST_TMPDIR/words" ] || return 1
        while read -r word; do
            grep -qF "$word" "$BATS_TEST_TMPDIR/printed" || { echo "$picture: $word" && return 1; }
        done <"$BATS_TEST_TMPDIR/words"
    done
}

@test "a deck printed as PDF has all its slides, and the words of its pictures" {
    harness/site/print "$site" slides/02-bind.md
    printed_whole slides/02-bind.md
    mv "$site/trace/02-bind-1.svg" "$BATS_TEST_TMPDIR/" # one that the browser does not find
    harness/site/print "$site" slides/02-bind.md
    mv "$BATS_TEST_TMPDIR/02-bind-1.svg" "$site/trace/"
    run printed_whole slides/02-bind.md
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
