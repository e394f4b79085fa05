#!/usr/bin/env python3
"""The interface as the headers have it: functions with their types, constants, and the layout of every struct on this machine.

    abi.py include/v2g.h include/v2g_exi.h include/v2g_hosted.h > include/abi.txt
"""
import os
import re
import subprocess
import sys
import tempfile

text = "\n".join(open(name).read() for name in sys.argv[1:])
bare = re.sub(r"/\*.*?\*/", "", text, flags=re.S)

lines = []
for name, value in re.findall(r"^#define (V2G_\w+) (-?\w+)$", bare, re.M):
    lines.append(f"constant {name} {value}")
for result, name, arguments in re.findall(r"^((?:const )?(?:struct )?\w+ ?\*?)(v2g_\w+)\(([^)]*)\);", bare, re.M):
    lines.append(f"function {' '.join(result.split())} {name}({' '.join(arguments.split())})")

# Structs and unions, with what the compiler makes of each member.
includes = "".join(f"#include <{os.path.basename(name)}>\n" for name in sys.argv[1:])
program = [f"#include <stdio.h>\n{includes}int main(void)\n{{\n"]
for kind, name, body in re.findall(r"^typedef (struct|union) (v2g_\w+) \{(.*?)^\} \2;", bare, re.M | re.S):
    program.append(f'    printf("{kind} {name} %zu\\n", sizeof({name}));\n')
    for member in re.findall(r"(\w+)(?:\[\w+\])?;", body):
        program.append(
            f'    printf("member {name}.{member} %zu %zu\\n", offsetof({name}, {member}), sizeof((({name} *)0)->{member}));\n'
        )
program.append("    return 0;\n}\n")
with tempfile.TemporaryDirectory() as folder:
    source, binary = os.path.join(folder, "layout.c"), os.path.join(folder, "layout")
    with open(source, "w") as file:
        file.write("".join(program))
    subprocess.run(["cc", "-std=c11", "-I", os.path.dirname(sys.argv[1]) or ".", source, "-o", binary], check=True)
    lines += subprocess.run([binary], check=True, capture_output=True, text=True).stdout.splitlines()

print("\n".join(lines))
