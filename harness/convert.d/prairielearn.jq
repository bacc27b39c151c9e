# prairielearn.jq - /grade/results/results.json as PrairieLearn's external graders write it.
#
# Where a step could not be judged the submission is "not gradable": it costs no attempt. Hidden
# steps count, but are not listed. PrairieLearn takes at most 1 MB; texts are short enough for that.
include "common";

course
| . as $all
| (if unjudged > 0
    then {gradable: false, message: remarks}
    else {gradable: true, score: (if max_points > 0 then points / max_points else 0 end), message: remarks}
    end)
+ (shown | {output: "", tests: [.labs[] as $lab | $lab.steps[]
    | {name: "\($lab.lab) \(.step)", description: .title, points, max_points, message: words,
        output: ""}]})
