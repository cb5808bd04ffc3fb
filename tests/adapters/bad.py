"""Adapters that misbehave, each in one way: bad.py MODE. What each does, and what comes of it, stands in hostile.py. All
offer Sigmoid, where they misbehave, and Softsign, where they do not.
"""
import ctypes
import json
import math
import os
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


def describe():
    return good.describe() + [dict(good.describe()[0], op="Softsign")]


def softsign(r):
    x = good.numbers(r.inputs[0])
    if r.mode == "forward":
        return [good.tensor(r.inputs[0], [math.copysign(1, v) if math.isinf(v) else v / (1 + abs(v)) for v in x])]
    return [good.tensor(r.inputs[0], [g / (1 + abs(v)) / (1 + abs(v)) for g, v in zip(good.numbers(r.cotangents[0]), x)])]


BADLY = False  # whether the question under way is one where it misbehaves


def run_with(before=None, after=None):
    """An adapter whose Sigmoid is preceded by, or whose results pass through, something bad."""

    def run(r):
        global BADLY
        BADLY = r.op == "Sigmoid"
        if not BADLY:
            return softsign(r)
        if before:
            before()
        results = good.run(r)
        return after(r, results) if after else results

    sdk.serve({"name": "bad", "version": "1"}, describe, run)


def instead_of(method, do):
    """An adapter that does this in the place of an answer to a method."""
    answer = sdk._answer
    sdk._answer = lambda *a: do() if a[3] == method else answer(*a)
    run_with()


def sleep():
    time.sleep(3600)


def drip():
    for byte in frame(b"{}" + b" " * 1000):
        os.write(RAW, bytes([byte]))
        time.sleep(1)


def once(do):
    """At the first question only: argv[2] is a file that remembers."""

    def perhaps():
        if not os.path.exists(sys.argv[2]):
            open(sys.argv[2], "w").close()
            do()

    return perhaps


def raising(exception):
    def throw():
        raise exception

    return lambda: run_with(throw)


def raw(data):
    return lambda: os.write(RAW, data)


def frame(header, payload=b""):
    return struct.pack("<Q", len(header)) + header + payload


def daemon(work):
    """Runs it in a process that has left the session, and whose parent is dead."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork() == 0:
        work()
    os._exit(0)


def eat(limit=4 << 30):
    """To a limit that no machine suffers from, should nobody stop it."""
    kept = []
    while len(kept) << 23 < limit:
        kept.append(os.urandom(1 << 14) * (1 << 9))
        time.sleep(0.01)
    sleep()


# ---- While it starts ----------------------------------------------------------------------------------------------
@mode
def dies_at_start():  # as where a module is missing
    sys.exit("ModuleNotFoundError: No module named 'framework'")


@mode
def garbage():
    os.write(RAW, b"Hello, I am a program that prints.\n" * 100)
    sleep()


@mode
def crashes_in_describe():
    instead_of("describe", lambda: ctypes.string_at(0))


@mode
def bad_document():
    sdk.serve({"name": "bad"}, lambda: [{"op": "Sigmoid", "modes": ["vjp"], "dtypes": ["float32"]}], good.run)


def document(**members):
    sdk.serve({"name": "bad"}, lambda: dict(members, ops=describe()), good.run)


@mode
def nan_document():
    document(ranges={"X": [float("nan"), 1]})


@mode
def deep_document():
    deep = []
    for _ in range(5000):
        deep = [deep]
    sys.setrecursionlimit(20000)
    document(deep=deep)


@mode
def huge_document():  # past what the SDK itself would send
    sdk.MAX_ANSWER_HEADER["describe"] = 1 << 30
    document(**{"key%d" % k: k for k in range(1200000)})


MODES["hangs_at_start"] = sleep
MODES["drips_at_start"] = drip
MODES["hangs_in_describe"] = lambda: instead_of("describe", sleep)
MODES["other_protocol"] = lambda: instead_of("initialize", lambda: ({"protocol": 7}, []))


# ---- It dies ------------------------------------------------------------------------------------------------------
@mode
def exits():
    def leave():
        print("about to leave")
        sys.stdout.flush()
        os._exit(3)

    run_with(leave)


@mode
def truncated():
    part = frame(b'{"x":{"dtype":"F64","shape":[4],"data_offsets":[0,32]}}', b"12345678")
    run_with(raw(part), lambda r, results: os._exit(0))


@mode
def eats_with_children():
    def feast():
        for _ in range(40):
            if os.fork() == 0:
                eat(64 << 20)
            time.sleep(0.1)
        sleep()

    run_with(once(feast))


@mode
def kills_supervisor():
    def kill():
        daemon(sleep)
        os.kill(os.getppid(), signal.SIGKILL)
        sleep()

    run_with(kill)


@mode
def cesu():
    def die():
        os.write(2, b"\xed\xa0\x80\xed\xb0\x80 \xc0\xaf \xff\n")
        os._exit(7)

    run_with(die)


MODES["closes_input"] = lambda: run_with(after=lambda r, results: os.close(sdk._requests.fileno()) or results)
MODES["crash_once"] = lambda: run_with(once(os.abort))
MODES["crash"] = lambda: run_with(os.abort)
MODES["segfault"] = lambda: run_with(lambda: ctypes.string_at(0))
MODES["eats_memory"] = MODES["eats_address_space"] = lambda: run_with(once(eat))


# ---- It does not answer -------------------------------------------------------------------------------------------
@mode
def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    run_with(sleep)


@mode
def family():
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep()
    run_with(sleep)


@mode
def daemons():
    def stay():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep()

    def start():
        for _ in range(5):
            daemon(stay)
        sleep()

    run_with(start)


@mode
def fork_bomb():
    """Never more than so many at a time, for the machine has to survive: who forks takes a token, which comes back when
    the child has died, so that the bomb goes on while it is being killed."""

    def burst():
        take, give = os.pipe()
        os.write(give, b"x" * 100)
        signal.signal(signal.SIGCHLD, lambda *_: os.waitpid(-1, os.WNOHANG) and os.write(give, b"x"))
        while True:
            os.read(take, 1)
            os.fork()

    run_with(burst)


@mode
def comet():
    def fly():
        if os.fork() == 0:
            while os.fork() == 0:
                os.setsid()
            os._exit(0)
        sleep()

    run_with(fly)


@mode
def stops_supervisor():
    def stop():
        os.kill(os.getppid(), signal.SIGSTOP)
        sleep()

    run_with(stop)


MODES["hang"] = lambda: run_with(sleep)
MODES["stops_itself"] = lambda: run_with(lambda: os.kill(os.getpid(), signal.SIGSTOP))
MODES["drips"] = lambda: run_with(drip)


# ---- What it says is no answer ------------------------------------------------------------------------------------
@mode
def mutters_after():
    write_frame = sdk.write_frame

    def write(*answer):
        write_frame(*answer)
        if BADLY:
            os.write(RAW, b"done\n")

    sdk.write_frame = write
    run_with()


@mode
def pours():
    def pour():
        while True:
            os.write(RAW, b"line after line after line\n" * 1000)

    run_with(pour)


@mode
def nameless():
    write_frame = sdk.write_frame

    def write(message, tensors, *rest):
        write_frame(message, [("other." + n, t) for n, t in tensors] if BADLY else tensors, *rest)

    sdk.write_frame = write
    run_with()


@mode
def deaf():
    def close():
        os.close(RAW)
        os.close(sdk._answers.fileno())
        sleep()

    run_with(close)


@mode
def too_long():
    def answer(r, results):
        return sdk.Answer(results, ["in.0 " * 300000])

    run_with(after=answer)


def tensors(**shapes):
    """A frame that claims tensors; each of its entries is a shape and offsets."""
    header = {n: {"dtype": "F64", "shape": s, "data_offsets": o} for n, (s, o) in shapes.items()}
    return frame(json.dumps(header).encode())


MODES["mutters"] = lambda: run_with(raw(b"computing...\n"))
MODES["huge"] = lambda: run_with(raw(struct.pack("<Q", 1 << 60)))
MODES["negative"] = lambda: run_with(raw(struct.pack("<q", -1)))
MODES["long_header"] = lambda: run_with(raw(struct.pack("<Q", 1 << 21)))
MODES["negative_shape"] = lambda: run_with(raw(tensors(x=([-4], [0, 32]))))
MODES["huge_shape"] = lambda: run_with(raw(tensors(x=([1 << 30, 1 << 30], [0, 32]))))
MODES["overlapping"] = lambda: run_with(raw(tensors(x=([4], [0, 32]), y=([4], [16, 48]))))
MODES["wrong_id"] = lambda: run_with(
    raw(frame(b'{"__metadata__":{"rpc":"{\\"jsonrpc\\":\\"2.0\\",\\"id\\":99,\\"result\\":{}}"}}')))
MODES["no_rpc"] = lambda: run_with(raw(frame(b"{}")))
MODES["short"] = lambda: run_with(after=lambda r, results: [t._replace(data=bytes(t.data)[:-1]) for t in results])
MODES["wrong_count"] = lambda: run_with(after=lambda r, results: results * 2)
MODES["raises"] = raising(RuntimeError("inside of\nthe framework"))
MODES["escapes"] = raising(RuntimeError("\x1b[31mred\x9b2J\x07 \u202eback\u2028wards\x00"))
MODES["markup"] = raising(RuntimeError("<script>alert(1)</script>]]>&amp;| `code` **bold**"))
MODES["declines"] = raising(NotImplementedError("not today"))
MODES["refuses"] = raising(ValueError("no such attribute"))


# ---- What it answers is wrong -------------------------------------------------------------------------------------
@mode
def nan():
    def poison(r, results):
        return [good.tensor(t, [float("nan")] * len(good.numbers(t))) for t in results]

    run_with(after=poison)


MODES["wrong_shape"] = lambda: run_with(
    after=lambda r, results: [t._replace(shape=(1,) + tuple(t.shape)) for t in results])
MODES["wrong_dtype"] = lambda: run_with(
    after=lambda r, results: [t._replace(dtype="i64", data=b"\0" * 8, shape=(1,)) for t in results])
MODES["no_gradient"] = lambda: run_with(after=lambda r, results: [None] if r.mode == "vjp" else results)


# ---- It does what it should not, and what does no harm ------------------------------------------------------------
@mode
def prints():
    def chatter():
        for _ in range(2000):
            print("progress: all is well, as far as one can tell from here")
        sys.stdout.flush()
        os.system("echo and so do my children")

    run_with(chatter)


@mode
def quiet_nans():
    answer = sdk._answer

    def lossy(adapter, describe, run, method, params, tensors):
        result, tensors = answer(adapter, describe, run, method, params, tensors)
        if method == "echo":
            tensors = [(n, good.tensor(t, [v + 0 for v in good.numbers(t)])) if t.dtype == "f64" else (n, t)
                       for n, t in tensors]
        return result, tensors

    sdk._answer = lossy
    run_with()


MODES["stderr"] = lambda: run_with(lambda: os.write(2, b"complaint\n" * 100000))


# ---- While it ends ------------------------------------------------------------------------------------------------
@mode
def lingers():
    run_with()
    sleep()


@mode
def ends_badly():
    run_with()
    os._exit(9)


MODES["hangs_in_shutdown"] = lambda: instead_of("shutdown", sleep)

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in MODES:
        sys.exit("usage: bad.py MODE, one of " + " ".join(sorted(MODES)))
    MODES[sys.argv[1]]()
