# common.bash - what the trials of `make grade` at scale share. Sourced after tests/common.bash.

# grade_class CLASS OUT [NAME=VALUE...]: grades quietly; a log stands in OUT.log.
grade_class() {
    local status=0
    env SUBMISSIONS="$1" OUT="$2" LABS="$labs_wanted" "${@:3}" harness/grade >>"$2.log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || {
        tail -3 "$2.log" >&2
        echo "make grade ended with $status" >&2
        return "$status"
    }
}

# verdicts OUT: all that was decided, without times and what the machine's state may color (messages).
verdicts() {
    jq -c '[.id, (.labs[] | [.lab, .score, .max_score, .sealed,
        (.steps[] | [.step, .title, .status, .points, .max_points])])]' "$1"/results/*.json
}

# same_verdicts OUT OTHER: fails after showing where they differ. Hostile persons (in $class.kinds)
# may reach another step before they are stopped; their grades must be the same all the same.
same_verdicts() {
    diff "$1/grades.csv" "$2/grades.csv" >&2 || return 1
    diff <(verdicts "$1" | grep -vFf <(honest_not "$class")) \
        <(verdicts "$2" | grep -vFf <(honest_not "$class")) >&2
}

# The ids of hostile persons, as they begin a line of verdicts(); never empty.
honest_not() { { echo '["no one"' && sed -n 's/^\(.*\) hostile$/["\1"/p' "$1.kinds"; }; }
