"""The shipped adapters: sound, and the libraries behind them judged. Skipped, with the reason, where a library is absent;
BACKPROOF_REQUIRE_ADAPTERS="onednn torch" makes its absence a failure."""
import os
import sys

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
        run = self.expect(0, "check", "--adapter", name, "--dtype", ",".join(dtypes), "--samples", "20", "--ndjson", "log.ndjson",
                          "--junit", "log.xml")
        summary = self.events("log.ndjson")[-1]
        self.assertGreaterEqual(summary["ops_executed"], least)
        for verdict in ("fail", "vacuous", "error", "crash", "timeout"):
            self.assertEqual(summary["counts"][verdict], 0, run.out)

    def test_onednn(self):
        self.judge("onednn", 8, "f32")

    def test_torch(self):
        self.judge("torch", 16, "f64", "f32")


if __name__ == "__main__":
    import unittest

    done = unittest.main(verbosity=2, exit=False)
    for line in ABSENT:
        print("skipped:", line)
    sys.exit(1 if not done.result.wasSuccessful() else 77 if ABSENT else 0)
