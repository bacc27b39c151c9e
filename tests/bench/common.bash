# common.bash - what the benchmarks in this folder share, beside tests/common.bash. Sourced by them, with
# $rounds set for median.

. tests/common.bash

# microseconds COMMAND...: how long it took.
microseconds() {
    local start=${EPOCHREALTIME/./}
    "$@" >/dev/null 2>&1
    echo $((${EPOCHREALTIME/./} - start))
}

# cpu_ms COMMAND...: its processor time, with all its children.
cpu_ms() {
    local TIMEFORMAT='%U %S'
    { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{print int(($1 + $2) * 1000)}'
}

# median: of $rounds numbers, a line each.
median() { sort -n | sed -n "$(((rounds + 1) / 2))p"; }

# least: of numbers, a line each.
least() { sort -n | sed -n 1p; }

# ratio A B: A / B, with two decimals.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }

# compile_all FOLDER LAB...: the labs' reference programs into FOLDER, one after another, with the flags of
# the check.
compile_all() {
    local folder=$1 flags lab source
    read -ra flags <"$BUILD/flags-${CC:-cc}" || : # the last line has no newline
    for lab in "${@:2}"; do
        for source in solutions/"$lab"/*.c; do
            "${CC:-cc}" "${flags[@]}" -o "$folder/$(basename "$source" .c)" "$source"
        done
    done
}
