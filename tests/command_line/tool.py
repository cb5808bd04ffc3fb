"""Runs the tool in a folder of its own and looks at what comes out."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BACKPROOF = os.environ["BACKPROOF"]
SOURCE = pathlib.Path(os.environ["BACKPROOF_SOURCE"])
BUILD = pathlib.Path(os.environ["BACKPROOF_BUILD"])
BAD = SOURCE / "tests" / "adapters" / "bad.py"


class Run:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def last(self):
        return self.out.strip().splitlines()[-1] if self.out.strip() else ""


class ToolTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)
        self.addCleanup(self._folder.cleanup)

    def run_tool(self, *arguments, timeout=240, **environment):
        done = subprocess.run([BACKPROOF, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL, env={**os.environ, "CI": "1", **environment})
        return Run(done.returncode, done.stdout, done.stderr)

    def expect(self, code, *arguments, **environment):
        run = self.run_tool(*arguments, **environment)
        self.assertEqual(run.code, code, f"{arguments}\n{run.out}\n{run.err}")
        return run

    def expect_complaint(self, code, words, *arguments, **environment):
        """One clear line on stderr that holds all the words."""
        run = self.expect(code, *arguments, **environment)
        lines = run.err.strip().splitlines()
        self.assertEqual(len(lines), 1, run.err)
        self.assertTrue(lines[0].startswith("backproof: "), run.err)
        for word in words:
            self.assertIn(word, lines[0])
        return run

    def events(self, name):
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


def bad(mode):
    return f"{sys.executable} {BAD} {mode}"


def good(mode=""):
    return f"{sys.executable} {BAD.parent / 'good.py'} {mode}".strip()


def main():
    unittest.main(verbosity=2)
