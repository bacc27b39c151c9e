# autolab.jq - the last two lines of an autograder for Autolab: the steps as stages, then a score for
# each lab, under its name.
#
# A lab with a step that could not be judged gets no score, and stays ungraded. Hidden steps count,
# but are in no stage.
include "common";

course
| . as $all
| (shown
    | {_presentation: "semantic", stages: [.labs[].lab]}
    + ([.labs[] | {key: .lab, value: ([.steps[] | {key: "\(.step): \(.title)",
        value: ({passed: (.status == "pass")} + (if .status == "pass" then {} else {hint: words} end))}]
        | from_entries)}] | from_entries)),
  ([$all.labs[] | select(all(.steps[]; .status != "error")) | {lab, score: ([.steps[].points] | add)}]
    | {scores: (map({key: .lab, value: .score}) | from_entries), scoreboard: map(.score)})
