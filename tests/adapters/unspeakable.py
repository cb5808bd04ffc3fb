"""An adapter of which everything that it says would steer a terminal or break a report: unspeakable.py SEED."""
import os
import random
import sys

RAW = os.dup(1)  # the true standard output, before the SDK moves it away
import good  # noqa: E402
import backproof_adapter as sdk  # noqa: E402

EVIL = ["\x1b[31m", "\x00", "\x07", "\x9b2J", "\u202e", "\u2066", "\u200f", "\u061c", "\u2028", "\ufffe", "\uffff",
        "\U0001fffe", "\U000e0041", "]]>", "<b>", "&", '"', "\n", "\r", "α", "−"]


def main():
    draw = random.Random(int(sys.argv[1]))

    def words():
        return "".join(draw.choice(EVIL) for _ in range(12)) + "\u202e"

    def run(_):
        os.write(2, bytes(draw.randrange(256) for _ in range(80)) + b"\xed\xa0\x80\xc2\x9b31m" + words().encode())
        kind = draw.randrange(4)
        if kind == 0:
            os.abort()
        if kind == 1:
            os.write(RAW, b"said " + words().encode())
        raise (NotImplementedError if kind == 2 else RuntimeError)(words())

    sdk.serve({"name": "bad" + words(), "version": words(), "framework": words(), "language": words()}, good.describe, run)


if __name__ == "__main__":
    main()
