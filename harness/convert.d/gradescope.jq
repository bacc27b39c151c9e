# gradescope.jq - results/results.json as Gradescope's autograders write it.
#
# Hidden steps have visibility "hidden"; Gradescope then shows students no total. Where a step could
# not be judged there is no score at all: better none than one that would be wrong.
include "common";

def number($lab): ($lab.lab | capture("^0*(?<n>[0-9]+)").n // $lab.lab) + ".\(.step)";

course
| (unjudged == 0) as $judged
| (if $judged then {score: points} else {} end)
+ {execution_time: seconds, output: remarks, output_format: "text", test_output_format: "text",
    test_name_format: "text", visibility: "visible", stdout_visibility: "hidden", extra_data: {},
    tests: [.labs[] as $lab | $lab.steps[]
        | (if $judged then {score: .points} else {} end)
        + {max_score: .max_points,
            status: (if .status == "pass" then "passed" else "failed" end),
            name: "\($lab.lab): \(.title)", number: number($lab), output: words,
            output_format: "text", tags: [$lab.lab],
            visibility: (if .hidden then "hidden" else "visible" end),
            extra_data: {status, seconds}}],
    leaderboard: []}
