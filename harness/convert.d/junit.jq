# junit.jq - JUnit's XML, for Jenkins and GitLab: a suite for each lab, a case for each step. Hidden
# steps are left out.
include "common";

# Versions of jq differ in how they write an apostrophe.
def xml: @html | gsub("&apos;"; "&#39;");

def counts:
    "tests=\"\(length)\" failures=\"\([.[] | select(.status == "fail" or .status == "limit")] | length)\" "
    + "errors=\"\([.[] | select(.status == "error")] | length)\" "
    + "skipped=\"\([.[] | select(.status == "blocked")] | length)\" "
    + "time=\"\(([.[].seconds] | add // 0) * 1000 | round / 1000)\"";

def outcome:
    words as $words
    | if .status == "pass" then ""
    elif .status == "blocked" then "<skipped message=\"\($words | xml)\"/>"
    else (if .status == "error" then "error" else "failure" end) as $kind
        | "<\($kind) type=\"\(.status)\" message=\"\($words | split("\n")[0] // "" | xml)\">\($words | xml)</\($kind)>"
    end;

course | shown
| "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
  "<testsuites name=\"plumbline\" \(steps | counts)>",
  (.labs[] | .lab as $lab
    | "  <testsuite name=\"\($lab | xml)\" \(.steps | counts)>",
      (.steps[]
        | "    <testcase classname=\"\($lab | xml)\" name=\"\("\(.step): \(.title)" | xml)\" time=\"\(.seconds)\">\(outcome)</testcase>"),
      "  </testsuite>"),
  "</testsuites>"
