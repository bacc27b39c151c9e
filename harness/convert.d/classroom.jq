# classroom.jq - what GitHub Classroom's grading reporter reads from <ID>_RESULTS, there in base64.
#
# Students read all of it, so hidden steps are left out.
include "common";

# The first file and line that a message names, as a compiler writes them.
def place: (.message | capture("(?<file>[A-Za-z0-9_./-]+\\.[ch]):(?<line>[0-9]{1,6})")) // {file: "", line: "0"};

def verdict: if . == "pass" then "pass" elif . == "error" then "error" else "fail" end;

course | shown
| {version: 1,
    status: (if unjudged > 0 then "error" elif all(steps[]; .status == "pass") then "pass" else "fail" end),
    max_score: max_points,
    tests: [.labs[] as $lab | $lab.steps[] | place as $place
        | {name: "\($lab.lab) \(.step): \(.title)", status: (.status | verdict), score: .points,
            max_score: .max_points, message: words, test_code: "make check LAB=\($lab.lab)",
            filename: $place.file, line_no: ($place.line | tonumber),
            duration: (.seconds * 1000 | round)}]}
