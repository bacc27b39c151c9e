/*
 * page.c - the frame of an HTML page (see page.h).
 */
#include "page.h"

#include "../runner/escape.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6472;--line:#d9dee6;--ground:#fff;"
    "--box:#f5f7fa;--good:#1a7f46;--bad:#b42318;--warn:#8a5a00;--bar:#3767b1}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e8ee;--soft:#a3adba;--line:#3a424e;"
    "--ground:#14181e;--box:#1d232b;--good:#5ecb8b;--bad:#ff8a7a;--warn:#e3b35a;--bar:#7aa7f0}}"
    "*{box-sizing:border-box}body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:64rem;"
    "font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground)}"
    "h1{font-size:1.6rem;line-height:1.2;margin:.2em 0}h2{font-size:1.2rem;margin:2em 0 .5em}"
    "h3{font-size:1rem;margin:1.5em 0 .3em}p{margin:.4em 0}a{color:var(--bar)}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3em .6em;"
    "border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--soft);font-weight:600}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.wide{overflow-x:auto}"
    ".k{white-space:nowrap}.pass{color:var(--good)}.fail,.limit{color:var(--bad)}.error{color:var(-"
    "-warn)}"
    ".blocked,.soft{color:var(--soft)}.box{background:var(--box);border:1px solid var(--line);"
    "border-radius:6px;padding:.6em 1em;margin:.8em 0}dl{display:grid;grid-template-columns:"
    "7rem 1fr;gap:.2em 1em;margin:.5em 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;"
    "font-family:ui-monospace,monospace;font-size:.93em}dd.calls{white-space:pre-wrap}"
    ".bar{vertical-align:middle}th button{all:unset;cursor:pointer;white-space:nowrap}"
    ".notes{min-width:14rem}th button:focus-visible{outline:2px solid "
    "var(--bar);outline-offset:2px}"
    "th[aria-sort=ascending] button::after{content:\" \\25b4\"}"
    "th[aria-sort=descending] button::after{content:\" \\25be\"}"
    "input{font:inherit;color:inherit;background:var(--ground);border:1px solid var(--soft);"
    "border-radius:4px;padding:.2em .5em;max-width:100%}output{color:var(--soft)}"
    "@media(max-width:34rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4em}}";

void page_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          out);
    put_html(out, title);
    fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    put_html(out, title);
    fputs("</h1>\n", out);
}

void page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

void page_bar(FILE *out, int part, int most, const char *words)
{
    double width = most > 0 ? 120.0 * part / most : 0;
    fputs("<svg class=\"bar\" width=\"122\" height=\"12\" role=\"img\" aria-label=\"", out);
    put_html(out, words);
    fprintf(out,
            "\"><rect x=\".5\" y=\".5\" width=\"121\" height=\"11\" rx=\"3\" fill=\"none\" "
            "stroke=\"var(--line)\"/><rect x=\"1\" y=\"1\" width=\"%.1f\" height=\"10\" rx=\"2\" "
            "fill=\"var(--bar)\"/></svg>",
            width);
}
