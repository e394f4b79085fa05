#!/usr/bin/env python3
"""Writes a C program that calls every function of the headers with what must not be.

For each function: every pointer null; each pointer null while the others point to zeroed memory; for functions of a handle, the
handle null, misaligned, never made, of another kind, a copy, and given up, while the others are good; and with a good handle each
pointer null, and each struct with sizes that no version has. Every call must return (what sanitizers and valgrind watch is that
nothing is touched that must not be), and where it says so below it must fail.

    sweep.py sweep.h include/v2g.h... > sweep.c

The first is what the program includes: it makes the handles.
"""
import re
import sys

includes, *headers = sys.argv[1:]
#: Handles that the library allocates: there are no copies of them, and what was freed is not to be looked at.
ON_THE_HEAP = {"v2g_tls"}
text = "\n".join(open(name).read() for name in headers)
text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)

PROTOTYPE = re.compile(r"^((?:const )?(?:struct )?\w+ ?\*?)(v2g_\w+)\(([^)]*)\);", re.M)
functions = []
for result, name, arguments in PROTOTYPE.findall(text):
    arguments = [" ".join(a.split()) for a in arguments.split(",")]
    if arguments in (["void"], [""]):
        arguments = []
    functions.append((result.strip(), name, arguments))

handles = set(re.findall(r"^typedef struct (v2g_\w+) \1;", text, re.M))
sized = dict(re.findall(r"^#define (V2G_\w+_INIT) V2G_SIZED\((\w+)\)", text, re.M))
sized = {struct: macro for macro, struct in sized.items()}


class Argument:
    def __init__(self, text):
        words = re.match(r"(.*?)(\w+)(\[\d+\])?$", text)
        self.type, self.name = words[1].strip(), words[2]
        self.pointer = self.type.endswith("*")
        base = self.type.replace("const ", "").replace("struct ", "").strip("* ")
        self.handle = base if base in handles and self.type.count("*") == 1 else None
        self.sized = base if base in sized and self.pointer else None
        self.base = base


def zero(argument):
    """A value of a type that is no pointer."""
    return f"({argument.type}){{0}}" if argument.base.startswith("v2g_") else "0"


def call(name, values, must_fail, what):
    checked = f'check("{name}", "{what}", {name}({", ".join(values)}), {int(must_fail)});'
    return f"    {checked}\n"


out = [f'#include "{includes}"\n\n']
calls = []
count = 0
for result, name, texts in functions:
    arguments = [Argument(t) for t in texts]
    lines = ""
    plain = result == "int32_t"
    memory = [f"({a.type})memory({i})" if a.pointer else zero(a) for i, a in enumerate(arguments)]
    good = []
    for i, a in enumerate(arguments):
        if a.handle:
            good.append(f"live_{a.handle}()")
        elif a.sized:
            good.append(f"({a.type})sized({i}, sizeof({a.sized}))")
        else:
            good.append("64" if a.base == "size_t" and not a.pointer else memory[i])

    def add(values, must_fail, what):
        global lines, count
        count += 1
        if plain:
            lines += call(name, values, must_fail, what)
        else:
            lines += f"    (void){name}({', '.join(values)});\n"

    has_handle = bool(arguments) and arguments[0].handle
    everything = ["0" if a.pointer else zero(a) for a in arguments]
    # Functions without a handle may have nothing to refuse.
    add(everything, bool(has_handle), "all null")
    for i, a in enumerate(arguments):
        if a.pointer:
            add(memory[:i] + ["0"] + memory[i + 1:], i == 0 and bool(has_handle), f"{a.name} null, the rest zeros")
    if has_handle:
        kind = arguments[0].handle
        cast = f"({arguments[0].type})"
        gone = [] if kind in ON_THE_HEAP else [f"copied_{kind}()", f"dead_{kind}()"]
        for bad in ["memory(0)", "(void *)1", f"foreign_{kind}()", *gone]:
            add([cast + bad] + good[1:], True, f"handle {bad.split('(')[0] if '(' in bad[1:] else bad}")
        if not name.endswith(("_deinit", "_free")):
            for i, a in enumerate(arguments[1:], 1):
                if a.pointer:
                    add(good[:i] + ["0"] + good[i + 1:], False, f"{a.name} null")
                if a.pointer and a.base not in ("uint8_t", "char", "void"):
                    add(good[:i] + [f"({a.type})1"] + good[i + 1:], True, f"{a.name} misaligned")
                if a.sized:
                    for size in ("0", "4", "4097", "0xFFFFFFFFu"):
                        add(good[:i] + [f"({a.type})sized({i}, {size})"] + good[i + 1:], True, f"{a.name} of size {size}")
            for value in ("0", "UINT32_MAX"):
                odd = [good[i] if a.pointer or a.base.startswith("v2g_") or a.base == "size_t" else f"({a.type}){value}"
                       for i, a in enumerate(arguments)]
                add(odd, False, f"numbers {value}")
    elif plain:
        for i, a in enumerate(arguments):
            for size in ("0", "4", "4097", "0xFFFFFFFFu") if a.sized else ():
                add(good[:i] + [f"({a.type})sized({i}, {size})"] + good[i + 1:], True, f"{a.name} of size {size}")
    out.append(f"static void sweep_{name}(void)\n{{\n{lines}}}\n\n")
    calls.append(f"    sweep_{name}();\n")

# Handles of each kind.
tests = "".join(calls)
out.append(f"int main(int argc, char **argv)\n{{\n    begin(argc, argv);\n{tests}    end();\n"
           f"    return finish({len(functions)}, {count});\n}}\n")
print("".join(out), end="")
