# common.jq - what the conversions share: a result.json (version 1) as they all want to see it.
#
# Whatever a program printed, texts are safe afterwards: no control characters but tab and newline
# (others are shown as \x1b), nothing that XML forbids, not too long. Steps are marked hidden by
# result.json itself, as `make grade` writes it, or by HIDDEN_STEPS in the environment ("04:6 05:3").

def as_hex: "0123456789abcdef" as $digits | $digits[(. / 16 | floor):(. / 16 | floor) + 1] + $digits[. % 16:. % 16 + 1];

def is_control: (. < 32 and . != 9 and . != 10) or (. >= 127 and . < 160);

def visible:
    if test("[^\\t\\n -~]")
    then explode
        | map(if is_control then "\\x" + as_hex | explode[]
            elif . == 65534 or . == 65535 or (. >= 55296 and . <= 57343) then 65533
            else . end)
        | implode
    else . end;

def clip($most): if length > $most then .[:$most] + " ... (cut off)" else . end;

def safe($most): (. // "") | tostring | clip($most) | visible;

def is_lab($word): . == $word or startswith($word + "-");

def hidden_steps:
    [($ENV.HIDDEN_STEPS // "") | splits("[ ,]+") | select(test("^[^:]+:[0-9]+$")) | split(":")
        | {lab: .[0], step: (.[1] | tonumber)}];

# A lab of which nothing was handed in has no steps: it becomes one that earns nothing.
def nothing_handed_in:
    {step: 0, title: "nothing was handed in", status: "fail", points: 0, max_points: .max_score,
        message: (.notes // ""), seconds: 0};

def course:
    hidden_steps as $hidden
    | if type != "object" or .version != 1 or (.labs | type) != "array"
        then error("this is no result.json of version 1") else . end
    | .labs |= map(
        . as $lab
        | if .steps == [] then .steps = [nothing_handed_in] else . end
        | .lab |= safe(60)
        | .steps |= map(
            . as $step
            | .title |= safe(200)
            | .message |= safe(1200)
            | .seconds |= (. // 0)
            | .hidden = (.hidden == true
                or any($hidden[]; .step == $step.step and (.lab as $word | $lab.lab | is_lab($word))))));

# Without what students must not see, nor labs that are hidden as a whole.
def shown: .labs |= (map(.steps |= map(select(.hidden | not))) | map(select(.steps != [])));

def steps: [.labs[].steps[]];
def points: [steps[].points] | add // 0;
def max_points: [steps[].max_points] | add // 0;
def seconds: ([steps[].seconds] | add // 0) * 1000 | round / 1000;
def unjudged: [steps[] | select(.status == "error")] | length;

# What is said of the whole, beside the steps.
def remarks:
    [(if any(.labs[]; .sealed == false) then "Graded without a sandbox."
        elif .tier == "cooperative" then "Checked without namespaces (cooperative tier)."
        else empty end),
     (if unjudged > 0
        then "Steps that could not be judged, which is not the program's fault: \(unjudged). Have it checked again."
        else empty end),
     (.labs[] | select(.steps[0].step != 0) | .lab as $lab | (.notes // "") | safe(500) | rtrimstr("\n") | select(. != "") | "\($lab): \(.)")]
    | join("\n");

# A step's message in words that stand alone.
def words:
    if .status == "blocked" then "not tried: a step that it builds on has not passed"
    elif .status == "error" then "could not be judged: " + .message
    elif .status == "limit" then "ran into a limit: " + .message
    else .message end;
