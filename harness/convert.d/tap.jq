# tap.jq - TAP 13, a point for each step, details in YAML blocks. (Not 14: Perl's TAP::Parser, the
# most common reader, refuses it.) Hidden steps are left out.
#
# A blocked step is "not ok" rather than skipped: a skipped one would count as passed.
include "common";

def quoted: "\"" + (gsub("\\\\"; "\\\\") | gsub("\""; "\\\"") | gsub("\n"; "\\n") | gsub("\t"; "\\t")) + "\"";

# A # would begin a directive.
def description: gsub("#"; "\\#") | gsub("[\n\t]"; " ");

course | shown
| [.labs[] as $lab | $lab.steps[] | . + {lab: $lab.lab}]
| "TAP version 13", "1..\(length)",
  (range(length) as $i | .[$i]
    | "\(if .status == "pass" then "ok" else "not ok" end) \($i + 1) - \("\(.lab) \(.step): \(.title)" | description)",
      "  ---",
      "  status: \(.status)",
      "  points: \(.points)",
      "  max_points: \(.max_points)",
      "  duration_ms: \(.seconds * 1000 | round)",
      (if words != "" then "  message: \(words | quoted)" else empty end),
      "  ...")
