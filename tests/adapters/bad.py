"""Adapters that misbehave, each in one way: bad.py MODE. All claim to offer Sigmoid; `MODES` says what each does."""
import os
import random
import signal
import struct
import sys
import time

RAW = os.dup(1)  # the true standard output, before the SDK moves it away
import good  # noqa: E402
import backproof_adapter as sdk  # noqa: E402

MODES = {}


def mode(function):
    MODES[function.__name__] = function
    return function


def run_with(before=None, after=None):
    """An adapter whose `run` is preceded by, or whose results pass through, something bad."""

    def run(r):
        if before:
            before()
        results = good.run(r)
        return after(r, results) if after else results

    sdk.serve({"name": "bad", "version": "1"}, good.describe, run)


def raising(exception):
    def throw():
        raise exception

    return lambda: run_with(throw)


def raw(data):
    return lambda: os.write(RAW, data)


def frame(header, payload=b""):
    return struct.pack("<Q", len(header)) + header + payload


@mode
def crash():  # aborts in the middle of a question
    run_with(os.abort)


@mode
def exits():  # leaves without an answer
    def leave():
        print("about to leave")
        sys.stdout.flush()
        os._exit(3)

    run_with(leave)


@mode
def crash_once():  # aborts at its first question only; argv[2] is a file that remembers
    def once():
        if not os.path.exists(sys.argv[2]):
            open(sys.argv[2], "w").close()
            os.abort()

    run_with(once)


@mode
def hang():  # never answers
    run_with(lambda: time.sleep(3600))


@mode
def stubborn():  # never answers, and does not go when told to
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    run_with(lambda: time.sleep(3600))


@mode
def family():  # never answers, and has a child that would outlive it
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    run_with(lambda: time.sleep(3600))


@mode
def garbage():  # knows nothing of frames
    os.write(RAW, b"Hello, I am a program that prints.\n" * 100)
    time.sleep(3600)


@mode
def mutters():  # text in front of an answer
    run_with(raw(b"computing...\n"))


@mode
def mutters_after():  # text behind an answer
    serve_one = sdk.write_frame

    def write(message, tensors):
        serve_one(message, tensors)
        os.write(RAW, b"done\n")

    sdk.write_frame = write
    run_with()


@mode
def huge():  # promises more than anybody may
    run_with(raw(struct.pack("<Q", 1 << 60)))


@mode
def wrong_id():  # an answer to another question
    run_with(raw(frame(b'{"__metadata__":{"rpc":"{\\"jsonrpc\\":\\"2.0\\",\\"id\\":99,\\"result\\":{}}"}}')))


@mode
def no_rpc():  # a frame that says nothing
    run_with(raw(frame(b"{}")))


@mode
def short():  # fewer bytes than the shape needs
    run_with(after=lambda r, results: [t._replace(data=bytes(t.data)[:-1]) for t in results])


@mode
def truncated():  # stops in the middle of a tensor
    part = frame(b'{"x":{"dtype":"F64","shape":[4],"data_offsets":[0,32]}}', b"12345678")
    run_with(raw(part), lambda r, results: os._exit(0))


@mode
def wrong_shape():  # right numbers, one axis too many
    run_with(after=lambda r, results: [t._replace(shape=(1,) + tuple(t.shape)) for t in results])


@mode
def wrong_dtype():  # bits that claim to be integers
    run_with(after=lambda r, results: [t._replace(dtype="i64", data=b"\0" * 8, shape=(1,)) for t in results])


@mode
def wrong_count():  # one tensor too many
    run_with(after=lambda r, results: results * 2)


@mode
def no_gradient():  # null where a gradient was asked for
    run_with(after=lambda r, results: [None] if r.mode == "vjp" else results)


@mode
def nameless():  # names a tensor that is not in the frame
    serve_one = sdk.write_frame
    sdk.write_frame = lambda message, tensors: serve_one(message, [("other." + n, t) for n, t in tensors])
    run_with()


@mode
def nan():  # numbers that are none
    def poison(r, results):
        return [good.tensor(t, [float("nan")] * len(good.numbers(t))) for t in results]

    run_with(after=poison)


@mode
def prints():  # writes a lot where frames belong, which the SDK leads away
    def chatter():
        for _ in range(2000):
            print("progress: all is well, as far as one can tell from here")
        sys.stdout.flush()
        os.system("echo and so do my children")

    run_with(chatter)


@mode
def stderr():  # a megabyte of complaints, more than any pipe holds
    run_with(lambda: os.write(2, b"complaint\n" * 100000))


@mode
def dies_at_start():  # a missing module, as it usually is
    sys.exit("ModuleNotFoundError: No module named 'framework'")


@mode
def hangs_at_start():
    time.sleep(3600)


@mode
def starts_once():  # starts, crashes, and never starts again; argv[2] is a file that remembers
    if os.path.exists(sys.argv[2]):
        sys.exit("no second time")
    open(sys.argv[2], "w").close()
    run_with(os.abort)


@mode
def deaf():  # closes its output but lives on
    def close():
        os.close(RAW)
        os.close(sdk._answers.fileno())
        time.sleep(3600)

    run_with(close)


@mode
def lingers():  # does not leave at the end of its input
    run_with()
    time.sleep(3600)


@mode
def bad_document():  # offers a type that does not exist
    sdk.serve({"name": "bad"}, lambda: [{"op": "Sigmoid", "modes": ["vjp"], "dtypes": ["float32"]}], good.run)


@mode
def other_protocol():
    answer = sdk._answer
    sdk._answer = lambda *a: ({"protocol": 7}, []) if a[3] == "initialize" else answer(*a)
    run_with()


@mode
def quiet_nans():  # an echo that loses the payloads of NaNs
    answer = sdk._answer

    def lossy(adapter, describe, run, method, params, tensors):
        result, tensors = answer(adapter, describe, run, method, params, tensors)
        if method == "echo":
            tensors = [(n, good.tensor(t, [v + 0 for v in good.numbers(t)])) if t.dtype == "f64" else (n, t)
                       for n, t in tensors]
        return result, tensors

    sdk._answer = lossy
    run_with()


@mode
def unspeakable():  # everything it says would steer a terminal or break a report; argv[2] is a seed
    draw = random.Random(int(sys.argv[2]))
    evil = ["\x1b[31m", "\x00", "\x07", "\x9b2J", "\u202e", "\u2066", "\u200f", "\u061c", "\u2028", "\ufffe", "\uffff",
            "\U0001fffe", "\U000e0041", "]]>", "<b>", "&", '"', "\n", "\r", "α", "−"]

    def words():
        return "".join(draw.choice(evil) for _ in range(12)) + "\u202e"

    def say():
        os.write(2, bytes(draw.randrange(256) for _ in range(80)) + b"\xed\xa0\x80\xc2\x9b31m" + words().encode())
        kind = draw.randrange(4)
        if kind == 0:
            os.abort()
        if kind == 1:
            os.write(RAW, b"said " + words().encode())
        raise (NotImplementedError if kind == 2 else RuntimeError)(words())

    def run(r):
        say()

    sdk.serve({"name": "bad" + words(), "version": words(), "framework": words(), "language": words()}, good.describe, run)


MODES["declines"] = raising(NotImplementedError("not today"))
MODES["refuses"] = raising(ValueError("no such attribute"))
MODES["raises"] = raising(RuntimeError("inside of\nthe framework"))

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in MODES:
        sys.exit("usage: bad.py MODE, one of " + " ".join(sorted(MODES)))
    MODES[sys.argv[1]]()
