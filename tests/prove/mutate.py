"""mutate.py - small faults, planted by machine.

    mutate.py LAB FOLDER [COUNT SEED]   writes each mutant of LAB's reference programs into FOLDER:
                                        N.c, and N.json with its program, line, kind and key;
                                        with COUNT so many of them, chosen by chance: the same
                                        ones for the same SEED. FOLDER/keys lists all keys.

clang reads a program and tells where each statement and expression stands (-ast-dump=json); at each
place a fault is planted that people make: a statement left out, a check dropped, a comparison off by
one, a constant changed, a flag forgotten, two arguments swapped, htons() left out. Only what stands
between BEGIN SOLUTION and END SOLUTION is changed, the parts that a student writes.

Not every fault makes another program. Each mutant is compiled with -O2: one that does not compile,
one with the same machine code as the original, and one with the same code as an earlier mutant are
left out (of a sample's keys they are not: only what is chosen is compiled). What is listed is known by its KEY, `program function: line before => line after`, which
stays the same when lines move.
"""

import concurrent.futures
import hashlib
import json
import os
import random
import re
import subprocess
import sys

STANDARD = ["-std=c11", "-D_XOPEN_SOURCE=700", "-D_DEFAULT_SOURCE", "-pthread"]
OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+",
         "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<", "+=": "-=", "-=": "+="}
CHANGES_ORDER = {"htons", "htonl", "ntohs", "ntohl"}


class Program:
    """One source file: its text, its solution regions, and what was planted so far."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-2]
        self.text = open(path, "rb").read().decode()
        self.regions = [match.span() for match in
                        re.finditer(r"// BEGIN SOLUTION.*?// END SOLUTION", self.text, re.S)]
        self.mutants = {}  # (start, end, text) -> (operator, function)
        self.function = ""

    def plant(self, operator, span, text):
        start, end = span
        if start is None or self.text[start:end] == text:
            return
        if any(low <= start and end <= high for low, high in self.regions):
            self.mutants.setdefault((start, end, text), (operator, self.function))

    def words(self, span):
        return self.text[span[0]:span[1]]


def place(location):
    """The offset and length of a token in the file itself; what a macro brings stands where the
    macro is named."""
    location = location.get("expansionLoc", location)
    return location.get("offset"), location.get("tokLen", 0)


def span_of(node):
    reach = node.get("range", {})
    start, _ = place(reach.get("begin", {}))
    end, length = place(reach.get("end", {}))
    return (None, None) if start is None or end is None else (start, end + length)


def from_macro(node):
    reach = node.get("range", {})
    return any("expansionLoc" in reach.get(side, {}) for side in ("begin", "end"))


def inner(node):
    return [child for child in node.get("inner", []) if child.get("kind")]


def bare(node):
    """The node below casts and parentheses."""
    while node.get("kind") in ("ImplicitCastExpr", "ParenExpr", "ConstantExpr") and inner(node):
        node = inner(node)[0]
    return node


def callee(node):
    parts = inner(node)
    return bare(parts[0]).get("referencedDecl", {}).get("name", "") if parts else ""


def is_expression(node):
    return node["kind"].endswith(("Expr", "Operator", "Literal"))


def integer(node):
    kind = node.get("type", {}).get("qualType", "")
    return not any(mark in kind for mark in "*[({") and "struct" not in kind


def condition(program, node, loop):
    span = span_of(node)
    if from_macro(node):
        # It may begin or end with a macro's name, whose place is known, but not with its arguments
        # (of those nothing but the name is), nor be a part of what a macro brings.
        if span[0] is None or program.text[span[1]:].lstrip().startswith("(") or \
                re.fullmatch(r"\w*", program.words(span)):
            return
    words = program.words(span)
    program.plant("condition never true", span, f"(({words}) && 0)")
    if loop:
        program.plant("condition negated", span, f"!({words})")
    else:
        program.plant("condition always true", span, f"(({words}) || 1)")


def statement(program, node):
    """A statement that may be left out."""
    if node["kind"] in ("BreakStmt", "ContinueStmt"):
        program.plant("statement left out", span_of(node), "")
    elif is_expression(node):
        program.plant("statement left out", span_of(node), "")


def operator(program, node):
    parts = inner(node)
    if len(parts) != 2 or from_macro(node):
        return
    left, right = span_of(parts[0]), span_of(parts[1])
    if left[1] is None or right[0] is None:
        return
    between = (left[1], right[0])
    sign = node.get("opcode", "")
    if sign in ("&&", "||", "|"):
        program.plant("one side dropped", span_of(node), program.words(left))
        program.plant("one side dropped", span_of(node), program.words(right))
    if sign in ("+", "-") and integer(parts[1]):
        program.plant("one side dropped", span_of(node), program.words(left))
    if sign in OTHER:
        program.plant("operator swapped", between,
                      program.words(between).replace(sign, OTHER[sign], 1))


def call(program, node):
    span, arguments = span_of(node), inner(node)[1:]
    if from_macro(node):
        return
    if callee(node) in CHANGES_ORDER and arguments:
        program.plant("byte order left as it is", span, program.words(span_of(arguments[0])))
    for argument in arguments:
        place_of = span_of(argument)
        if place_of[0] is not None and integer(argument) and \
                re.fullmatch(r"[A-Z][A-Z0-9_]*", program.words(place_of)):
            program.plant("a named constant is 0", place_of, "0")
    for first, second in zip(arguments, arguments[1:]):
        one, two = span_of(first), span_of(second)
        if one[0] is None or two[0] is None or from_macro(first) or from_macro(second):
            continue
        kinds = [bare(part).get("type", {}).get("qualType") for part in (first, second)]
        if kinds[0] == kinds[1]:
            swapped = program.words(two) + program.text[one[1]:two[0]] + program.words(one)
            program.plant("arguments swapped", (one[0], two[1]), swapped)


def constant(program, node):
    if from_macro(node):
        return
    span = span_of(node)
    words = program.words(span)
    if not re.fullmatch(r"[0-9]+[uUlL]*", words):
        return
    value = int(re.match(r"[0-9]+", words).group())
    for other in {0: [1], 1: [0, 2]}.get(value, [value - 1, value + 1]):
        program.plant("constant changed", span, str(other))


def walk(program, node):
    kind, parts = node["kind"], inner(node)
    if kind == "CompoundStmt":
        for part in parts:
            statement(program, part)
    elif kind in ("IfStmt", "WhileStmt", "DoStmt", "ForStmt"):
        if kind == "ForStmt":
            slots = node.get("inner", [])  # init, variable, condition, step, body; {} if it lacks
            if len(slots) == 5 and slots[2].get("kind"):
                condition(program, slots[2], True)
            if len(slots) == 5 and slots[3].get("kind"):
                program.plant("statement left out", span_of(slots[3]), "")
        elif kind == "DoStmt":
            condition(program, parts[1], True)
        else:
            condition(program, parts[0], kind == "WhileStmt")
        for part in parts:
            statement_of_body = part is not parts[0] or kind == "DoStmt"
            if statement_of_body and part["kind"] in ("CallExpr", "BreakStmt", "ContinueStmt",
                                                      "CompoundAssignOperator", "ReturnStmt"):
                program.plant("statement left out", span_of(part), "")
            elif statement_of_body and kind == "IfStmt" and part["kind"] == "BinaryOperator":
                program.plant("statement left out", span_of(part), "")
    elif kind == "ConditionalOperator":
        condition(program, parts[0], False)
    elif kind == "CaseStmt" and len(parts) > 1:
        start, follows = span_of(node)[0], span_of(parts[-1])[0]
        if start is not None and follows is not None:
            program.plant("case left out", (start, follows), "")
    elif kind in ("BinaryOperator", "CompoundAssignOperator"):
        operator(program, node)
    elif kind == "CallExpr":
        call(program, node)
    elif kind == "IntegerLiteral":
        constant(program, node)
    elif kind == "UnaryExprOrTypeTraitExpr" and not from_macro(node):
        program.plant("size off by one", span_of(node), f"(1 + {program.words(span_of(node))})")
    elif kind == "UnaryOperator" and node.get("opcode") == "!" and not from_macro(node):
        program.plant("not dropped", span_of(node), program.words(span_of(parts[0])))
    elif kind == "InitListExpr":
        for part in parts:
            span = span_of(part)
            if is_expression(part) and integer(part) and span[0] is not None and \
                    re.fullmatch(r"[A-Z][A-Z0-9_]*", program.words(span)):
                program.plant("a named constant is 0", span, "0")
    for part in parts:
        walk(program, part)


def read(path):
    """A Program with everything planted that can be."""
    program = Program(path)
    tree = subprocess.run(["clang", *STANDARD, "-w", "-fsyntax-only", "-Xclang", "-ast-dump=json", path],
                          stdout=subprocess.PIPE, check=True).stdout
    for node in inner(json.loads(tree)):
        body = [part for part in inner(node) if part["kind"] == "CompoundStmt"]
        if node["kind"] == "FunctionDecl" and body and "includedFrom" not in node.get("loc", {}):
            program.function = node["name"]
            walk(program, body[0])
    return program


def squeezed(text):
    return re.sub(r"\s+", " ", text).strip()


def changed_lines(program, start, end, text):
    low = program.text.rfind("\n", 0, start) + 1
    high = program.text.find("\n", end)
    before = program.text[low:high]
    after = program.text[low:start] + text + program.text[end:high]
    return squeezed(before), squeezed(after), program.text.count("\n", 0, start) + 1


def code_of(source):
    """A digest of the machine code, or None if it does not compile."""
    made = subprocess.run(["gcc", *STANDARD, "-O2", "-w", "-S", "-x", "c", "-", "-o", "-"],
                          input=source.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return None if made.returncode else hashlib.sha256(made.stdout).hexdigest()


def mutants_of(lab):
    folder = os.path.join("solutions", lab)
    for file in sorted(os.listdir(folder)):
        if not file.endswith(".c"):
            continue
        program = read(os.path.join(folder, file))
        keys = {}
        for (start, end, text), (kind, function) in sorted(program.mutants.items()):
            before, after, line = changed_lines(program, start, end, text)
            key = f"{program.name} {function}: {before} => {after}"
            keys[key] = keys.get(key, 0) + 1
            yield {"lab": lab, "program": program.name, "line": line, "kind": kind,
                   "key": key if keys[key] == 1 else f"{key} ({keys[key]})",
                   "source": program.text[:start] + text + program.text[end:],
                   "original": program.text}


def different(mutants, most):
    """Those that make a program of their own, at most so many, and counts of the others."""
    counts = {"made": len(mutants), "not compiled": 0, "same code": 0, "same as another": 0}
    kept, seen = [], {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        originals = {}
        for mutant in mutants:
            originals.setdefault(mutant["program"], mutant["original"])
        for name, code in zip(originals, pool.map(code_of, originals.values())):
            seen[name] = {code: "the original"}
        while mutants and len(kept) < most:
            batch, mutants = mutants[:most - len(kept)], mutants[most - len(kept):]
            codes = pool.map(code_of, [mutant["source"] for mutant in batch])
            for mutant, code in zip(batch, codes):
                known = seen[mutant["program"]]
                if code is None:
                    counts["not compiled"] += 1
                elif code in known:
                    counts["same code" if known[code] == "the original" else "same as another"] += 1
                else:
                    known[code] = mutant["key"]
                    kept.append(mutant)
    return kept, counts


def as_listed(mutant, made, listed):
    """A chosen mutant may be the same program as one nearby that came first when all were made, and
    is listed as that one."""
    code = code_of(mutant["source"])
    for other in made:
        if other["key"] in listed and other["program"] == mutant["program"] and \
                abs(other["line"] - mutant["line"]) <= 5 and code_of(other["source"]) == code:
            return other
    return mutant


def main():
    if len(sys.argv) not in (3, 5):
        sys.exit(__doc__.split("\n\n")[1])
    lab, folder = sys.argv[1:3]
    os.makedirs(folder, exist_ok=True)
    made = list(mutants_of(lab))
    keys = [mutant["key"] for mutant in made]
    if len(sys.argv) == 5:
        random.Random(f"{sys.argv[4]} {lab}").shuffle(made)
        kept, counts = different(made, int(sys.argv[3]))
        listed = set()
        if os.path.exists(f"tests/{lab}/survivors"):
            listed.update(line.strip() for line in open(f"tests/{lab}/survivors") if line.startswith("    "))
        kept = [as_listed(mutant, made, listed) for mutant in kept]
    else:
        kept, counts = different(made, len(made))
        keys = [mutant["key"] for mutant in kept]
    for number, mutant in enumerate(kept, 1):
        base = os.path.join(folder, f"{number:03}")
        with open(base + ".c", "w") as file:
            file.write(mutant["source"])
        with open(base + ".json", "w") as file:
            json.dump({name: mutant[name] for name in ("program", "line", "kind", "key")}, file)
    with open(os.path.join(folder, "keys"), "w") as file:
        file.writelines(key + "\n" for key in keys)
    with open(os.path.join(folder, "counts"), "w") as file:
        json.dump(counts, file)


main()
