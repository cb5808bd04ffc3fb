"""Adapters that misbehave, all of tests/adapters/hostile.py: each gets its verdict, the run goes on, nothing of it is left
behind. And the other side: a run that is stopped, in whatever way, leaves nothing behind either."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
import xml.etree.ElementTree

from tool import BACKPROOF, BAD, BUILD, SOURCE, ToolTest, bad, good, main

sys.path.insert(0, str(BAD.parent))
import hostile  # noqa: E402

PLUGIN = BUILD / "tests" / "adapters" / "hostile.so"
MARK = "HOSTILE_MARK"
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")  # what a terminal would obey


def marked(mark):
    """Processes with the mark in their environment; the dead have none."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                    found.append(f"{folder.name} {(folder / 'cmdline').read_bytes()}")
            except OSError:
                pass  # it has ended meanwhile
    return found


def left_of(mark, within):
    """Those that are still there after so many seconds."""
    end = time.monotonic() + within
    while (left := marked(mark)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def environment(mark, way=""):
    return {**os.environ, "CI": "1", MARK: mark, "HOSTILE": way}


class Judged:
    """A run over the adapter of a row."""

    def __init__(self, row):
        self.row = row
        with tempfile.TemporaryDirectory() as folder:
            mark = uuid.uuid4().hex
            adapter = PLUGIN if row.kind == "plugin" else f"{bad(row.name)} {folder}/memory"
            checks = () if "--check" in row.options else ("--check", "reference_value,reference_gradient")
            done = subprocess.run([BACKPROOF, "check", "--adapter", str(adapter), "--op", "Sigmoid,Softsign", "--dtype", "f64",
                                   "--samples", "1", "--jobs", "1", "--ndjson", "log", "--junit", "junit", *checks, *row.options],
                                  cwd=folder, env=environment(mark, row.name), stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=300)
            self.left = left_of(mark, 2)
            self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
            log, junit = pathlib.Path(folder) / "log", pathlib.Path(folder) / "junit"
            self.events = [json.loads(line) for line in log.read_text().split("\n") if line] if log.exists() else []
            self.junit = junit.read_bytes() if junit.exists() else None

    def of(self, event, op):
        return [e for e in self.events if e["event"] == event and e["op"] == op]


class Table(unittest.TestCase):
    def test_every_row(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for row, run in [(row, pool.submit(Judged, row)) for row in hostile.ROWS]:
                with self.subTest(kind=row.kind, name=row.name):
                    self.hold(run.result())

    def hold(self, run):
        row, told = run.row, run.out.decode()[-1500:] + run.err.decode()
        self.assertEqual(run.left, [], "processes that are left")
        self.assertIsNone(UNSEEN.search(run.out.decode() + run.err.decode()), told)
        if row.verdict == "exit 6":
            self.assertEqual(run.code, 6, told)
            self.assertEqual(len(run.err.strip().splitlines()), 1, told)
            self.assertIn(row.says, run.err.decode())
            return
        if run.junit is not None:
            xml.etree.ElementTree.fromstring(run.junit)
        verdicts = {e["verdict"] for e in run.of("case", "Sigmoid")} - {"unresolved"}
        whole, = run.of("unit", "Sigmoid")
        reasons = [e.get("reason", "") for e in [*run.of("case", "Sigmoid"), whole] if e["verdict"] == row.verdict]
        self.assertEqual(whole["verdict"], row.verdict, told)
        self.assertLessEqual(verdicts, {row.verdict, "pass"} if row.verdict != "vacuous" else {"skip"}, told)
        if row.verdict == "pass":
            self.assertIn(row.says, run.err.decode())
            self.assertEqual(run.err == b"", row.says == "", told)
        else:
            self.assertTrue(any(row.says in reason for reason in reasons), reasons[:2])
        self.assertEqual(run.code, {"pass": 0, "vacuous": 1, "fail": 1}.get(row.verdict, 6), told)
        following = {e["verdict"] for e in run.of("case", "Softsign")}
        self.assertIn("pass", following, told)  # the run went on
        self.assertLessEqual(following, {"pass", "unresolved", row.verdict}, told)

    def test_every_way_has_a_row(self):
        rows = {kind: sorted(r.name for r in hostile.ROWS if r.kind == kind) for kind in ("program", "plugin")}
        usage = subprocess.run([sys.executable, BAD], stdin=subprocess.DEVNULL, capture_output=True, text=True).stderr
        self.assertEqual(usage.split("one of ")[1].split(), rows["program"])
        self.assertEqual(sorted(set(re.findall(r'\bis\("(\w+)"\)', (BAD.parent / "hostile.cpp").read_text()))), rows["plugin"])

    def test_the_document_has_the_table(self):
        text = (SOURCE / "docs" / "hostile-adapters.md").read_text()
        self.assertEqual(text, hostile.with_table(text), "run tests/adapters/hostile.py --write")


class Stopping(ToolTest):
    """However a run ends, nothing of its adapter goes on."""

    def start(self, adapter, *more):
        self.mark = uuid.uuid4().hex
        process = subprocess.Popen([BACKPROOF, "check", "--adapter", adapter, "--op", "Sigmoid,Softsign", "--dtype", "f64", "--samples",
                                    "2", "--jobs", "1", "--ndjson", "log.ndjson", *more], cwd=self.folder, env=environment(self.mark),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def await_mark(self, path):
        end = time.monotonic() + 60
        while not path.exists():
            self.assertLess(time.monotonic(), end, "it did not come to the question")
            time.sleep(0.05)

    def hanging(self, way="waits", *more):
        """A run whose adapter has just been asked what it will never answer."""
        asked = self.folder / "asked"
        adapter = self.folder / "adapter.py"
        ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if way == "ignores" else ""
        adapter.write_text(f"""
import os, signal, sys, time
sys.path.insert(0, {str(BAD.parent)!r})
import bad
def wait():
    {ignore}
    bad.daemon(bad.sleep)
    open({str(asked)!r}, "w").close()
    bad.sleep()
bad.run_with(wait)
""")
        process = self.start(f"{sys.executable} {adapter}", *more)
        self.await_mark(asked)
        self.assertGreaterEqual(len(marked(self.mark)), 4)  # backproof, the supervisor, the adapter, its daemon
        return process

    def test_a_signal_ends_a_question_that_hangs(self):
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for way in ("waits", "ignores"):
                with self.subTest(sent=sent, way=way):
                    (self.folder / "asked").unlink(missing_ok=True)
                    process = self.hanging(way)
                    process.send_signal(sent)
                    out, err = process.communicate(timeout=20)  # the answer would have had 30 s
                    self.assertEqual(process.returncode, 2, out + err)
                    self.assertEqual(left_of(self.mark, 2), [])
                    events = self.events("log.ndjson")
                    self.assertTrue(events[-1]["interrupted"])
                    self.assertEqual([e for e in events if e["event"] == "case"], [], "nothing is known about the subject")

    def test_what_was_judged_before_is_reported(self):
        first = self.folder / "first"
        adapter = self.folder / "fails_then_hangs.py"
        adapter.write_text(f"""
import os, sys
sys.path.insert(0, {str(BAD.parent)!r})
import bad
asked = []
def wrong_then_waiting(r, results):
    asked.append(r)
    if len(asked) > 2:
        open({str(first)!r}, "w").close()
        bad.sleep()
    return [bad.good.tensor(t, [v + 1 for v in bad.good.numbers(t)]) for t in results]
bad.run_with(after=wrong_then_waiting)
""")
        process = self.start(f"{sys.executable} {adapter}", "--check", "reference_value")
        self.await_mark(first)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 2, out + err)
        cases = [e for e in self.events("log.ndjson") if e["event"] == "case"]
        self.assertEqual([e["verdict"] for e in cases], ["fail"] * 2)
        self.assertIn("FAIL  Sigmoid", out)

    def test_a_second_signal_ends_at_once(self):
        process = self.hanging("ignores")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=10), 2)
        self.assertEqual(left_of(self.mark, 10), [])

    def test_sigkill_leaves_nothing_behind(self):
        for way in ("waits", "ignores"):
            with self.subTest(way=way):
                (self.folder / "asked").unlink(missing_ok=True)
                process = self.hanging(way)
                process.kill()
                process.communicate(timeout=20)
                self.assertEqual(left_of(self.mark, 20), [])

    def test_a_signal_while_it_starts(self):
        process = self.start(bad("hangs_at_start"))
        end = time.monotonic() + 60
        while len(marked(self.mark)) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 2, out + err)
        self.assertIn("interrupted before anything was judged", err)
        self.assertEqual(left_of(self.mark, 2), [])

    def test_without_a_supervisor_nothing_starts(self):
        import shutil
        lone = self.folder / "bin"
        lone.mkdir()
        shutil.copy(BACKPROOF, lone / "backproof")
        done = subprocess.run([lone / "backproof", "check", "--adapter", good(), "--op", "Sigmoid"], cwd=self.folder,
                              capture_output=True, text=True)
        if done.returncode == 0:
            self.skipTest("backproof is installed where this build looks last")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("backproof-supervisor comes with backproof, but is none of " + str(lone), done.stderr)


class Limits(ToolTest):
    def test_numbers_that_are_none(self):
        for seconds in ("nan", "inf", "-1", "0", "1e400", "1 s", ""):
            self.expect_complaint(4, ["--timeout", "seconds"], "check", "--timeout", seconds)
        for seconds in ("nan", "inf", "-1"):
            self.expect_complaint(4, ["--budget", "seconds"], "check", "--budget", seconds)
        for size in ("nan", "-1", "0", "8 GiB", "8XB", "1.5G", "GiB", "99999999999999T", ""):
            self.expect_complaint(4, ["--adapter-memory", "size"], "check", "--adapter-memory", size)

    def test_sizes_that_are_enough(self):
        for size in ("8GiB", "8G", "700000K", "9000000000", "none"):
            self.expect(0, "check", "--adapter", good(), "--op", "Sigmoid", "--samples", "1", "--adapter-memory", size)
        self.expect(0, "check", "--adapter", good(), "--op", "Sigmoid", "--samples", "1", "--adapter-address-space", "4GiB")


if __name__ == "__main__":
    main()
