"""The shipped adapters: sound, and the libraries behind them judged. Skipped, with the reason, where a library is absent;
BACKPROOF_REQUIRE_ADAPTERS="onednn torch" makes its absence a failure."""
import os
import sys

import known_findings
from tool import ToolTest, main

REQUIRED = os.environ.get("BACKPROOF_REQUIRE_ADAPTERS", "").split()
ABSENT = []


class Shipped(ToolTest):
    def usable(self, name):
        run = self.run_tool("adapter", "check", name)
        if run.code == 0:
            return True
        reason = (run.err or run.out).strip().splitlines()[0]
        if name in REQUIRED:
            self.fail(f"{name} is required: {reason}")
        ABSENT.append(f"{name}: {reason}")
        return False

    def judge(self, name, least, *dtypes):
        if not self.usable(name):
            return
        run = self.run_tool("check", "--adapter", name, "--dtype", ",".join(dtypes), "--samples", "4", "--ndjson",
                            "log.ndjson", "--junit", "log.xml")
        self.assertIn(run.code, (0, 1), run.err)
        unknown, executed = known_findings.unknown(self.folder / "log.ndjson")
        self.assertEqual(unknown, [], "failures without a row in docs/findings.md")
        self.assertGreaterEqual(executed, least)

    def test_onednn(self):
        self.judge("onednn", 20, "f32")

    def test_torch(self):
        self.judge("torch", 150, "f64", "f32")


if __name__ == "__main__":
    import unittest

    done = unittest.main(verbosity=2, exit=False)
    for line in ABSENT:
        print("skipped:", line)
    sys.exit(1 if not done.result.wasSuccessful() else 77 if ABSENT else 0)
