"""Runs the examples of a document: run_examples.py DOCUMENT BUILD SOURCE.

In a block marked ```console, a line "$ COMMAND" is run by bash in one folder per document, which has the tree's examples/,
adapters/ and build/ linked into it; the lines after it are the output expected. A line "..." stands for any number of
lines. "(exit N)" as the last line of an output is the exit code expected, else 0. Relative links must exist.

A block marked ```console NAME needs what scripts/adapters NAME installs, and python3 is the one of that environment. Where
it is absent the block is skipped, with the reason, unless BACKPROOF_REQUIRE_ADAPTERS names it.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

document, build, source = (pathlib.Path(p).resolve() for p in sys.argv[1:4])


def examples(text):
    for needs, block in re.findall(r"^```console ?(\w*)\n(.*?)^```", text, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *expected = part.rstrip("\n").split("\n")
            while command.endswith("\\"):
                command = command[:-1] + expected.pop(0).strip()
            yield needs, command, expected


def matches(expected, actual):
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line.rstrip()) + r"\n" for line in expected)
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in actual)) is not None


def run(needs, command, expected, folder):
    code = 0
    python = source / "adapters" / needs / ".venv/bin" if needs else build / "bin"
    if not python.exists() and needs not in os.environ.get("BACKPROOF_REQUIRE_ADAPTERS", "").split():
        print(f"skip  $ {command}: scripts/adapters {needs} was not run")
        return True
    if expected and (stated := re.fullmatch(r"\(exit (\d+)\)", expected[-1])):
        code = int(stated[1])
        expected = expected[:-1]
    environment = {**os.environ, "PATH": f"{python}:{build}/bin:{os.environ['PATH']}", "CI": "1", "NO_COLOR": "1"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    actual = done.stdout.rstrip("\n").split("\n") if done.stdout.strip() else []
    if done.returncode == code and (not expected or matches(expected, actual)):
        print(f"ok    $ {command}")
        return True
    print(f"WRONG $ {command}\n--- exit {done.returncode}, expected {code}; output:\n{done.stdout}\n--- expected:")
    print("\n".join(expected))
    return False


def links(text):
    """Links that lead nowhere. A link to a line of code names, at its end, what stands in that line."""
    for words, target, line in re.findall(r"\[([^\]]*)\]\(([^)#\s]+)(?:#L(\d+))?[^)]*\)", text):
        if "://" in target:
            continue
        file = document.parent / target
        name = re.split(r"::|\(", words.strip("`"))[1 if "::" in words else 0]
        if not file.exists() or (line and name not in file.read_text().splitlines()[int(line) - 1]):
            yield f"{words} -> {target}{'#L' + line if line else ''}"


text = document.read_text()
bad = [f"dead link: {target}" for target in links(text)]
with tempfile.TemporaryDirectory() as folder:
    for name in ("examples", "adapters", "scripts", "docs", "reference"):
        os.symlink(source / name, pathlib.Path(folder) / name)
    (pathlib.Path(folder) / "build").mkdir()
    os.symlink(build, pathlib.Path(folder) / "build" / "release")
    bad += [command for needs, command, expected in examples(text) if not run(needs, command, expected, folder)]
print("\n".join(bad))
sys.exit(1 if bad else 0)
