#!/usr/bin/env bats
# trace.bats - `make trace` on trial: the stories, the ladder, the picture and the page.
#
# tests/trace holds a trace that was recorded once (time.trace) and the ladders that belong to it;
# check-page opens a page in a browser and tries what it promises.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    tree=$BATS_TEST_TMPDIR/tree
    harness/build "" >&2
    make -s --no-print-directory -C "$BUILD" -f src/harness/judge.mk draw >&2
}

draw() { "$BUILD/bin/draw" "$1" "$BATS_TEST_TMPDIR/drawn" harness/trace; }
trace_tree() { run make --no-print-directory trace DIR="$tree" LAB="$1"; }
page=trace/04-accept.html

# moments PAGE FILTER: what jq finds in the page's data.
moments() {
    python3 - "$1" <<'END' | jq -r "$2"
import html.parser, sys
class Data(html.parser.HTMLParser):
    on = False
    def handle_starttag(self, tag, attributes): self.on = ("id", "data") in attributes
    def handle_data(self, data):
        if self.on: print(data)
    def handle_endtag(self, tag): self.on = False
Data().feed(open(sys.argv[1]).read())
END
}

@test "without a lab, or with one that there is not, it says so and exits with 2" {
    run make --no-print-directory trace
    [ "$status" -eq 2 ]
    [[ $output == *"make trace LAB=04"* ]]
    run make --no-print-directory trace LAB=99
    [ "$status" -eq 2 ]
    [[ $output == *'no lab "99"'* ]]
}

@test "every lab's story goes to its end with the reference programs, and is drawn" {
    for lab in $(labs); do
        grep -q '^story .' "$BUILD/steps/$lab.list" || continue
        make --no-print-directory trace LAB="$lab" DIR=solutions >"$BATS_TEST_TMPDIR/$lab.txt" 2>&1 ||
            { echo "$lab: exit $?"; tail -12 "$BATS_TEST_TMPDIR/$lab.txt"; }
        [ -s "$BUILD/trace/$lab.html" ] || echo "$lab: no page"
        xmllint --noout "$BUILD/trace/$lab.svg" || echo "$lab: the picture is no XML"
        grep -q '<title id="title">' "$BUILD/trace/$lab.svg" || echo "$lab: the picture has no title"
        grep -q '<desc id="desc">' "$BUILD/trace/$lab.svg" || echo "$lab: and no description"
        ! grep -qE '(src|href)="?(https?:)?//' "$BUILD/trace/$lab.html" || echo "$lab: needs a network"
    done >"$BATS_TEST_TMPDIR/findings"
    diff "$BATS_TEST_TMPDIR/findings" /dev/null
}

@test "a lab's own folder traces that lab" {
    run make --no-print-directory -C labs/04-accept trace DIR=../../solutions
    [ "$status" -eq 0 ]
    [[ $output == *"timeserver 127.0.0.1 0"* ]]
}

@test "the calls of a story are those of its programs, in their order, with their source lines" {
    run make --no-print-directory trace LAB=04 DIR=solutions
    [ "$status" -eq 0 ]
    moments "$BUILD/$page" '.lanes as $l | .moments[] | select(.lane >= 0 and .call) |
        select($l[.lane].name == "timeserver") | .call' >"$BATS_TEST_TMPDIR/calls"
    printf '%s\n' socket setsockopt bind listen getsockname fflush \
        accept getsockname fflush send close accept getsockname fflush send close accept |
        diff - <(uniq "$BATS_TEST_TMPDIR/calls")
    line=$(grep -n 'accept(door' solutions/04-accept/timeserver.c | head -1 | cut -d: -f1)
    [ "$(moments "$BUILD/$page" 'first(.moments[] | select(.call == "accept")) |
        "\(.file):\(.line)"')" = "timeserver.c:$line" ]
}

@test "what the kernel's tables hold is told: a door, its queue, a connection's two ends" {
    run make --no-print-directory trace LAB=03 DIR=solutions
    [ "$status" -eq 0 ]
    states=$(moments "$BUILD/trace/03-listen.html" '.pool[] | select(.state) |
        "\(.state) \([.rows[1:][] | join(" ")] | join(", "))"')
    [[ $states == *"LISTEN"*"queue 0 connections, backlog 1"* ]]
    [[ $states == *"LISTEN"*"queue 2 connections, backlog 1"* ]]
    [[ $states == *"SYN-SENT"* ]]
    run make --no-print-directory trace LAB=04 DIR=solutions
    states=$(moments "$BUILD/$page" '.pool[] | select(.state) |
        "\(.state) \([.rows[1:][] | join(" ")] | join(", "))"')
    [[ $states == *"ESTABLISHED"*"waiting to be read 26 bytes"* ]]
    [[ $states == *"CLOSE-WAIT"* && $states == *"FIN-WAIT"* && $states == *"TIME-WAIT"* ]]
    run make --no-print-directory trace LAB=07 DIR=solutions
    states=$(moments "$BUILD/trace/07-pipes.html" '.pool[] | select(.state) | .rows[] | arrays | join(" ")')
    [[ $states == *"ends 3 readers, 3 writers"* || $states == *"ends 2 readers, 2 writers"* ]]
    [[ $states == *"ends 1 reader, 1 writer"* ]]
}

@test "a program that hangs is drawn up to there: exit 1, and what the story waited for" {
    solved_tree "$tree" 04-accept
    sed -i 's/^        close(client);/        pause();/' "$tree/04-accept/timeserver.c"
    grep -q pause "$tree/04-accept/timeserver.c"
    trace_tree 04
    [ "$status" -eq 1 ]
    [[ $output == *"send(4, ..., 26) = 26"* ]]
    [[ $output == *"The story was cut short"*"timeclient is waiting in recv"* ]]
    grep -q 'The story was cut short' "$BUILD/$page"
}

@test "a program that crashes is drawn up to there: exit 1" {
    solved_tree "$tree" 04-accept
    sed -i 's/^        close(client);/        raise(SIGSEGV);/; s/#include <stdio.h>/&\n#include <signal.h>/' \
        "$tree/04-accept/timeserver.c"
    trace_tree 04
    [ "$status" -eq 1 ]
    [[ $output == *"send(4, ..., 26) = 26"*"ends: "* ]]
    [[ $output == *"The story was cut short"* ]]
}

@test "a program that does not compile: exit 1 with the compiler's error, and no old page is named" {
    solved_tree "$tree" 04-accept
    echo 'int main(void) { return oops; }' >"$tree/04-accept/timeserver.c"
    trace_tree 04
    [ "$status" -eq 1 ]
    [[ $output == *"before it began"*"oops"* ]]
    [[ $output != *".html"* ]]
}

@test "a program that spins makes a picture of bearable length" {
    solved_tree "$tree" 01-socket
    printf '%s\n' '#include <unistd.h>' 'int main(void) { for (int i = 0; i < 5000; i++) close(77);' \
        'return 0; }' >"$tree/01-socket/sockinfo.c"
    trace_tree 01
    [[ $output == *"moments are left out"* ]]
    [ "${#lines[@]}" -lt 600 ]
    [ "$(wc -c <"$BUILD/trace/01-socket.html")" -lt 1000000 ]
}

@test "programs that load another C library are not recorded, and it says so" {
    run make --no-print-directory trace LAB=04 DIR=solutions CC=musl-gcc
    [ "$status" -eq 0 ]
    [[ $output == *"No calls of timeserver, timeclient were recorded"* ]]
    [[ $output == *'prints  "listening on'* ]]
    grep -q 'No calls of timeserver' "$BUILD/$page"
}

@test "the ladder looks as it should, wide in UTF-8 and narrow in ASCII" {
    COLUMNS=110 LC_ALL=C.UTF-8 draw tests/trace/time.trace | diff tests/trace/time.ladder -
    COLUMNS=60 LC_ALL=C draw tests/trace/time.trace | diff tests/trace/time.narrow -
    ! LC_ALL=C draw tests/trace/time.trace | LC_ALL=C grep -q '[^ -~]'
}

@test "a ladder fits the terminal, however narrow" {
    for columns in 40 60 80 100 200; do
        COLUMNS=$columns LC_ALL=C draw tests/trace/time.trace |
            awk -v most="$columns" 'length > most {print most ": " $0}'
    done >"$BATS_TEST_TMPDIR/findings"
    diff "$BATS_TEST_TMPDIR/findings" /dev/null
}

@test "colors on a terminal, none with NO_COLOR and none in a pipe" {
    on_terminal() {
        python3 -c 'import os, pty, sys; pty.spawn(sys.argv[1:])' "$BUILD/bin/draw" \
            tests/trace/time.trace "$BATS_TEST_TMPDIR/drawn" harness/trace </dev/null
    }
    TERM=xterm on_terminal | grep -c $'\033' # reads all: with its output gone, pty.spawn() waits for ever
    refute grep -q $'\033' <(NO_COLOR=1 TERM=xterm on_terminal)
    refute grep -q $'\033' <(TERM=xterm draw tests/trace/time.trace)
}

@test "the page steps by keys and slider, shows source and tables, at every width, light and dark" {
    draw tests/trace/time.trace >/dev/null
    run tests/trace/check-page "$BATS_TEST_TMPDIR/drawn.html"
    echo "$output"
    [ "$status" -eq 0 ]
}

# A story whose programs print, and are called with, what would be a script.
hostile_trace() {
    # shellcheck disable=SC2016
    local evil='</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"`${window.pwned=1}'
    awk -v evil="$evil" '{gsub(/Wed Nov 25[^\\\t]*/, evil); gsub(/arguments=127.0.0.1 0/, "arguments=" evil)
        gsub(/text=started the server/, "text=" evil); print}' tests/trace/time.trace
}

@test "what programs print can not become a script" {
    hostile_trace >"$BATS_TEST_TMPDIR/hostile.trace"
    grep -q 'img src' "$BATS_TEST_TMPDIR/hostile.trace"
    draw "$BATS_TEST_TMPDIR/hostile.trace" >/dev/null
    xmllint --noout "$BATS_TEST_TMPDIR/drawn.svg"
    refute grep -q '<img' "$BATS_TEST_TMPDIR/drawn.html" "$BATS_TEST_TMPDIR/drawn.svg"
    run tests/trace/check-page "$BATS_TEST_TMPDIR/drawn.html"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the browser's check notices what it is there for" {
    draw tests/trace/time.trace >/dev/null
    plant() {
        sed "$1" "$BATS_TEST_TMPDIR/drawn.html" >"$BATS_TEST_TMPDIR/broken.html"
        refute cmp -s "$BATS_TEST_TMPDIR/drawn.html" "$BATS_TEST_TMPDIR/broken.html"
        run tests/trace/check-page "$BATS_TEST_TMPDIR/broken.html" --first
        echo "$1: $output"
        [ "$status" -eq 1 ]
        [[ $output == *"$2"* ]]
    }
    plant 's|</main>|<div style="width:1300px">wide</div></main>|' 'px too wide'
    plant 's/--soft: #5b6472/--soft: #9aa5b4/' 'poor contrast'
    plant 's/showState(data.moments\[now\], before);//' 'descriptors'
    plant 's/ArrowLeft: -1,//' 'count:'
    plant "s/default-src 'none'; //; s|</main>|<script>window.pwned=1</script></main>|" 'complaints'
}
