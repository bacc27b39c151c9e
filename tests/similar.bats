#!/usr/bin/env bats
# similar.bats - the report of who is alike: renamed copies are found, the skeleton's own lines and
# independent work are not.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    . tests/common.bash
    class=$BATS_TEST_TMPDIR/class
    out=$BATS_TEST_TMPDIR/out
    mkdir "$class"
}

# page: what the report says, without markup.
page() { sed 's/<[^>]*>//g; s/&nbsp;/ /g' "$out/similar.html"; }

@test "a renamed copy stands beside its original; skeletons and other styles do not stand there" {
    mkdir "$class"/{right,copy,skeleton,untouched,hostile}
    for variant in tests/01-socket/variants/*/; do
        mkdir "$class/$(basename "$variant")"
        cp "$variant"*.c "$class/$(basename "$variant")/"
    done
    cp solutions/01-socket/*.c "$class/right/"
    for file in sockinfo sockcount; do # other names, blanks and comments
        sed 's/\bfd\b/handle/g; s/fds/list/g; s/family/fam/g; s/count/number/g; s/^ */\t/; s,;$,; /* */,' \
            solutions/01-socket/$file.c >"$class/copy/$file.c"
    done
    cp labs/01-socket/*.c "$class/skeleton/"
    cp labs/01-socket/*.c "$class/untouched/"
    printf '</pre><script>alert(1)</script>"\377\0 /* no end' | tee "$class/hostile/sockinfo.c" >"$class/hostile/sockcount.c"
    make -s grade SUBMISSIONS="$class" OUT="$out" LABS=01
    run make -s similar OUT="$out" LABS=01 THRESHOLD=50
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"2 pairs are alike"* ]]
    [ "$(page | grep -c ' of it) and ')" -eq 2 ]
    [ "$(page | grep -cE '^copy \([0-9]+ % of it\) and right \([0-9]+ % of it\)$')" -eq 2 ]
    grep -q '<span class="a">' "$out/similar.html"
    page | grep 'A reason to look, not a verdict'
    refute grep '<script' "$out/similar.html"
}

@test "of a group that is alike every pair stands there" {
    for person in a b c d; do
        mkdir "$class/$person"
        cp solutions/01-socket/*.c "$class/$person/"
    done
    make -s grade SUBMISSIONS="$class" OUT="$out" LABS=01
    make -s similar OUT="$out" LABS=01
    [ "$(page | grep -c '(100 % of it) and .*(100 % of it)')" -eq 12 ]
    # Another attempt, in other words: it is no longer alike.
    cp tests/01-socket/variants/socket-options/*.c "$class/d/"
    make -s grade SUBMISSIONS="$class" OUT="$out" LABS=01
    make -s similar OUT="$out" LABS=01
    [ "$(page | grep -c ' of it) and ')" -eq 6 ]
}

@test "without sim_c, or before anything was graded, it says so, exit 2" {
    run -2 make -s similar OUT="$out" LABS=01
    [[ $output == *"nothing was graded"* ]]
    run -2 make -s similar OUT="$out" THRESHOLD=no
    [[ $output == *"percentage"* ]]
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -sf /usr/bin/* /bin/* "$BATS_TEST_TMPDIR/bin/"
    rm "$BATS_TEST_TMPDIR/bin/sim_c"
    PATH=$BATS_TEST_TMPDIR/bin run -2 make -s similar OUT="$out"
    [[ $output == *"without sim_c (apt-get install similarity-tester)"* ]]
}
