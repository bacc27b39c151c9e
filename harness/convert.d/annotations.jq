# annotations.jq - a line for each failed step that GitHub shows beside the source: for the log of a
# workflow. `%`, CR and LF are escaped, so no message can hold a command of its own.
include "common";

def data: gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
def property: data | gsub(":"; "%3A") | gsub(","; "%2C");

def place: (.message | capture("(?<file>[A-Za-z0-9_./-]+\\.[ch]):(?<line>[0-9]{1,6})")) // null;

course | shown | .labs[] as $lab | $lab.steps[]
| select(.status != "pass" and .status != "blocked")
| place as $place
| "::error "
    + (if $place then "file=\($place.file | property),line=\($place.line)," else "" end)
    + "title=\("\($lab.lab) step \(.step): \(.title)" | property)::\(words | data)"
