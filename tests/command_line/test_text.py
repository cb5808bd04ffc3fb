"""What comes from outside is text: it is shown, and does nothing to a terminal or to whoever reads a report."""
import json
import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as tree

from tool import BACKPROOF, SOURCE, ToolTest, main

UNSPEAKABLE = SOURCE / "tests" / "adapters" / "unspeakable.py"

# By its bytes, so that the tool's own idea of it is not asked.
STEERS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xaf]"
                    rb"|\xed[\xa0-\xbf]|\xef\xbf[\xbe\xbf]|\xef\xb7[\x90-\xaf]|\xf3\xa0[\x80\x81]")


class Text(ToolTest):
    def run_bytes(self, *arguments):
        return subprocess.run([BACKPROOF, *arguments], cwd=self.folder, capture_output=True, timeout=240,
                              stdin=subprocess.DEVNULL, env={**os.environ, "CI": "1"})

    def harmless(self, data, what):
        data.decode("utf-8")
        found = STEERS.search(data)
        self.assertIsNone(found, f"{what}: {data[max(0, found.start() - 60):found.end() + 20]!r}" if found else "")

    def test_whatever_an_adapter_says(self):
        for seed in ("1", "2", "3"):
            run = self.run_bytes("check", "--adapter", f"{sys.executable} {UNSPEAKABLE} {seed}", "--op", "Sigmoid", "--dtype", "f64",
                                 "--check", "reference_gradient,reference_value", "--samples", "12",
                                 "--ndjson", "log.ndjson", "--junit", "log.xml")
            self.assertIn(run.returncode, (1, 6), run.stderr)
            self.harmless(run.stdout, "standard output")
            self.harmless(run.stderr, "standard error")
            self.assertIn(b"\\u{202E}", run.stdout)
            log, junit = (self.folder / "log.ndjson").read_bytes(), (self.folder / "log.xml").read_bytes()
            self.harmless(log, "event log")
            self.harmless(junit, "JUnit")
            events = [json.loads(line) for line in log.decode().splitlines()]
            reasons = [e["reason"] for e in events if "reason" in e]
            self.assertTrue(any("last words" in r for r in reasons), reasons)
            told = [e.get("message") for e in tree.fromstring(junit).iter() if e.get("message")]
            self.assertTrue(told)

    def test_whatever_a_file_is_called(self):
        draw = random.Random(7)
        names = [b"\xc2\x9b31m", b"\xe2\x80\xaetxt", b"\x1b]0;x\x07", b"a\nbackproof: all is well", b"\xed\xa0\x80\xff"]
        names += [bytes(draw.randrange(1, 256) for _ in range(12)).replace(b"/", b"_").replace(b"-", b"_") for _ in range(10)]
        for name in names:
            for arguments in (["replay", name], ["replay", name + b".safetensors"], ["net", name + b".json"], ["flow", name + b".npz"],
                              ["graph", name], ["check", "--op", name], ["check", "--adapter", name], ["check", b"--" + name]):
                run = self.run_bytes(*arguments)
                self.assertNotEqual(run.returncode, 0, arguments)
                self.harmless(run.stdout, arguments)
                self.harmless(run.stderr, arguments)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_letters_of_any_script_are_left_alone(self):
        run = self.run_bytes("check", "--op", "αβγ−·→😀")
        self.assertIn("αβγ−·→😀", run.stderr.decode())


if __name__ == "__main__":
    main()
