#!/usr/bin/env python3
"""Holds every #include of the project against the table of rooms in ARCHITECTURE.md.

    includes.py ROOT              exit 1, and a line for each include that the table does not allow
    includes.py ROOT --self-test  plants forbidden includes, in memory, and requires that each is caught
"""
import pathlib
import re
import sys

SOURCES = (".hpp", ".cpp", ".h")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
ROW = re.compile(r"^\| \*\*([a-z/]+)\*\* \| `([^`]+)` \|([^|]*)\|", re.MULTILINE)


class Rooms:
    """The table: rooms, the folder of each, and which rooms it may include."""

    def __init__(self, page):
        rows = ROW.findall(page)
        self.folder = {name: folder.rstrip("/") for name, folder, _ in rows}
        self.named = {name: [r for r in re.findall(r"[a-z/]+", sees)] for name, _, sees in rows}
        for name, sees in self.named.items():
            for other in sees:
                if other not in self.folder:
                    raise SystemExit(f"ARCHITECTURE.md: the room '{name}' sees '{other}', which is no room")
        self.may_see = {name: self.reach(name, ()) for name in self.folder}

    def reach(self, name, via):
        """What a room may include: itself, the rooms that it names, and what those may."""
        if name in via:
            raise SystemExit("ARCHITECTURE.md: rooms in a circle: " + " -> ".join((*via, name)))
        return {name}.union(*(self.reach(other, (*via, name)) for other in self.named[name]))

    def of(self, path):
        inside = [n for n, f in self.folder.items() if path.startswith(f + "/")]
        return max(inside, key=lambda n: len(self.folder[n]), default=None)


def target_of(path, text, files):
    """The file that an include in `path` means, relative to the root; None if it is not the project's own."""
    beside = str(pathlib.PurePosixPath(path).parent / text)
    roots = ("lib/", "adapters/sdk/", "adapters/" if text.startswith(("worker/", "supervisor/")) else "", "reference/" if text.startswith("frames/") else "", "")
    if text == "backproof/base/config.hpp":
        return "lib/backproof/base/config.hpp.in"
    if text == "backproof/network/onnx/onnx.pb.h":
        return "lib/backproof/network/onnx/onnx.proto"
    for candidate in [root + text for root in roots] + [beside]:
        if candidate in files:
            return candidate
    return None


def unit_of(path):
    return re.sub(r"\.(hpp|cpp|h)$", "", path)


def circles(edges):
    """Units (a header and its source) that include each other, each circle once."""
    state, found, stack = {}, [], []

    def visit(unit):
        state[unit] = "open"
        stack.append(unit)
        for other in sorted(edges.get(unit, ())):
            if state.get(other) == "open":
                found.append(" -> ".join([*stack[stack.index(other):], other]))
            elif other not in state:
                visit(other)
        stack.pop()
        state[unit] = "done"

    for unit in sorted(edges):
        if unit not in state:
            visit(unit)
    return found


def complaints(root, planted=None):
    rooms = Rooms((root / "ARCHITECTURE.md").read_text())
    paths = [
        p.relative_to(root).as_posix()
        for top in sorted({f.split("/")[0] for f in rooms.folder.values()})
        for p in sorted((root / top).rglob("*"))
        if p.is_file() and ".venv" not in p.parts
    ]
    files, wrong, edges = set(paths), [], {}
    for path in paths:
        if not path.endswith(SOURCES):
            continue
        text = (root / path).read_text()
        if planted and planted[0] == path:
            text = f'#include "{planted[1]}"\n' + text
        here = rooms.of(path)
        if here is None:
            wrong.append(f"{path}: is in no room of ARCHITECTURE.md")
            continue
        for quote, included in INCLUDE.findall(text):
            target = target_of(path, included, files)
            if target is None:
                if quote == '"' and included not in ("DLPACK",):
                    wrong.append(f'{path}: "{included}" is no file of the project')
                continue
            if quote == "<" and here != "examples":  # which are projects of their own, and see the SDK as installed
                wrong.append(f"{path}: <{included}> is the project's own: use quotes")
            there = rooms.of(target)
            if there not in rooms.may_see[here]:
                wrong.append(f'{path}: "{included}": {here} may not see {there}')
            if unit_of(target) != unit_of(path):
                edges.setdefault(unit_of(path), set()).add(unit_of(target))
    wrong += ["a circle: " + c for c in circles(edges)]
    if not any(path.endswith(".hpp") for path in paths):
        wrong.append("no header was found: nothing was looked at")
    return wrong


PLANTED = [  # each goes against the direction of the table, or is no path from an include root
    ("checks/reference_value.hpp", "reference/sigmoid.hpp"),
    ("lib/backproof/number/real.hpp", "backproof/op/op.hpp"),
    ("lib/backproof/op/registry.cpp", "backproof/run/registry.hpp"),
    ("lib/backproof/judge/oracle.cpp", "frames/pooling.hpp"),
    ("reports/junit.hpp", "backproof/network/graph/graph.hpp"),
    ("lib/backproof/network/graph/graph.hpp", "backproof/network/format/json_fields.hpp"),
    ("reference/sigmoid.hpp", "backproof/judge/oracle.hpp"),
    ("lib/backproof/judge/oracle.hpp", "oracle_of_old.hpp"),
    ("lib/backproof/judge/subject.hpp", "backproof/judge/check.hpp"),  # a circle within a room
]

if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    if "--self-test" in sys.argv:
        before = set(complaints(root))
        missed = [p for p in PLANTED if not set(complaints(root, p)) - before]
        for path, included in missed:
            print(f'{path}: a planted "{included}" was not noticed')
        print(f"{len(PLANTED) - len(missed)} of {len(PLANTED)} planted includes caught")
        sys.exit(1 if missed else 0)
    found = complaints(root)
    print("\n".join(found) if found else "every include is allowed by ARCHITECTURE.md")
    sys.exit(1 if found else 0)
