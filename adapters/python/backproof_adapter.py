"""Adapters for backproof in Python: JSON-RPC 2.0 in safetensors frames on standard input and output.

Import this module before anything else: it moves both streams away, so that what a framework prints goes to standard
error instead of into a frame, and what it reads is not a frame of ours. Then

    def run(r):                                  # r: a Request; a sequence of Tensor or None comes back
        if (r.op, r.mode) != ("Sigmoid", "forward"):
            raise NotImplementedError(r.op)      # what the adapter cannot; ValueError: what makes no sense
        return [my_sigmoid(r.inputs[0])]

    serve({"name": "mine", "version": "1"},
          describe=lambda: [{"op": "Sigmoid", "domain": "ai.onnx", "modes": ["forward"], "dtypes": ["f32"]}], run=run)

Standard library only. Python 3.6 or later.
"""
import collections
import json
import os
import struct
import sys
import traceback

MAX_HEADER, MAX_PAYLOAD = 1 << 20, 1 << 30
MAX_ANSWER_HEADER = {"initialize": 16 << 20, "describe": 16 << 20}  # of the others MAX_HEADER
UNIMPLEMENTED, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, INTERNAL = 12, 3, 8, 13
STORED = {"f64": "F64", "f32": "F32", "f16": "F16", "bf16": "BF16", "i64": "I64"}
NAMED = {stored: name for name, stored in STORED.items()}
WIDTH = {"f64": 8, "f32": 4, "f16": 2, "bf16": 2, "i64": 8}

_requests = os.fdopen(os.dup(0), "rb")
_answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

# data: bytes, bytearray or memoryview; little-endian, row-major.
Tensor = collections.namedtuple("Tensor", "dtype shape data")
# inputs, cotangents, tangents: lists of Tensor or None. attrs: names to int, float, str or lists of them. under: the
# call condition, of those that the capability document lists: "strided", "threads" ... or "" (docs/adapters.md).
Request = collections.namedtuple(
    "Request", "op domain opset mode dtype attrs inputs cotangents tangents needs_grad seed under")


# What run may return instead of the results alone: changed names what the call left changed, "in.0" or "cot.0". The
# adapter's document then lists "watched" under "under".
Answer = collections.namedtuple("Answer", "results changed")


class FrameError(Exception):
    """The stream makes no sense; nobody can tell where the next frame would begin."""


class RpcError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def _read(count):
    data = bytearray(count)
    if _requests.readinto(data) != count:
        raise EOFError
    return data


def read_frame():
    """The rpc text and the tensors by name. EOFError at the end of input."""
    (length,) = struct.unpack("<Q", _read(8))
    if length > MAX_HEADER:
        raise FrameError("a header of %d bytes" % length)
    header = json.loads(_read(length).decode("utf-8"))
    metadata = header.pop("__metadata__", {})
    size = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    if not 0 <= size <= MAX_PAYLOAD:
        raise FrameError("a payload of %d bytes" % size)
    payload, tensors = memoryview(_read(size)), {}
    for name, entry in header.items():
        (begin, end), dtype, count = entry["data_offsets"], NAMED[entry["dtype"]], 1
        for extent in entry["shape"]:
            count *= extent
        if not 0 <= begin <= end or end - begin != count * WIDTH[dtype]:
            raise FrameError("tensor %s does not fit its shape" % name)
        tensors[name] = Tensor(dtype, tuple(entry["shape"]), payload[begin:end])
    return metadata.get("rpc", ""), tensors


class TooLong(Exception):
    """An answer that the host would not read. Nothing of it was written."""


def write_frame(message, tensors, most=MAX_HEADER):
    """One answer; tensors is a list of (name, Tensor), and its header may have so many bytes at most."""
    header, at = {"__metadata__": {"rpc": json.dumps(message, separators=(",", ":"))}}, 0
    for name, t in tensors:
        end = at + len(t.data)
        header[name] = {"dtype": STORED[t.dtype], "shape": list(t.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    if len(text) > most:
        raise TooLong("the answer's header has %d bytes; at most %d are read" % (len(text), most))
    if at > MAX_PAYLOAD:
        raise TooLong("the answer's tensors have %d bytes; at most %d are read" % (at, MAX_PAYLOAD))
    _answers.write(struct.pack("<Q", len(text)) + text)
    for _, t in tensors:
        _answers.write(t.data)
    _answers.flush()


_SCALARS = {"int": int, "float": float, "string": str}  # float() and int() also read what JSON has to say in strings
_LISTS = {"ints": int, "floats": float}


def _attribute(wire):
    if wire["type"] in _SCALARS:
        return _SCALARS[wire["type"]](wire["value"])
    if wire["type"] in _LISTS:
        return [_LISTS[wire["type"]](v) for v in wire["value"]]
    raise ValueError("attribute of unknown type " + str(wire["type"]))


def _request(params, tensors):
    def pick(kind):
        return [None if name is None else tensors[name] for name in params.get(kind, [])]

    attrs = {name: _attribute(wire) for name, wire in params.get("attrs", {}).items()}
    return Request(params["op"], params.get("domain", "ai.onnx"), params.get("opset", 0), params["mode"],
                   params["dtype"], attrs, pick("inputs"), pick("cotangents"), pick("tangents"),
                   params.get("needs_grad", []), int(params.get("seed", 0)), params.get("under", ""))


def _answer(adapter, describe, run, method, params, tensors):
    if method == "initialize":
        if 1 not in params.get("protocol", [1]):
            raise RpcError(INVALID_ARGUMENT, "protocol 1 only")
        return {"protocol": 1, "adapter": adapter}, []
    if method == "describe":
        document = {"protocol": 1, "adapter": adapter, "deterministic": True, "concurrency": 1}
        described = describe()
        document.update(described if isinstance(described, dict) else {"ops": described})
        document["under"] = sorted({"partial", *document.get("under", [])})  # which takes no cooperation
        return document, []
    if method == "run":
        results = run(_request(params, tensors))
        watched = isinstance(results, Answer)
        needs = params.get("needs_grad", [])
        results, told = (results.results, {"mutated": results.changed}) if watched else (results, {})
        kind, prefix = ("grads", "grad") if params["mode"] == "vjp" else ("outputs", "out")
        if kind == "grads":  # one that was computed all the same does no harm, but nobody asked for it
            results = [t if k < len(needs) and needs[k] else None for k, t in enumerate(results)]
        names = [None if t is None else "%s.%d" % (prefix, k) for k, t in enumerate(results)]
        return dict(told, **{kind: names}), [(name, t) for name, t in zip(names, results) if t is not None]
    if method == "echo":
        return {}, list(tensors.items())
    if method == "shutdown":
        return {}, []
    raise RpcError(-32601, "unknown method " + str(method)[:80])


def _error(exception):
    if isinstance(exception, RpcError):
        return {"code": exception.code, "message": str(exception)[:2000]}
    if isinstance(exception, TooLong):
        return {"code": RESOURCE_EXHAUSTED, "message": str(exception)}
    code = (UNIMPLEMENTED if isinstance(exception, NotImplementedError)
            else INVALID_ARGUMENT if isinstance(exception, ValueError) else INTERNAL)
    return {"code": code, "message": (str(exception) or type(exception).__name__)[:2000],
            "data": {"kind": type(exception).__name__, "traceback": traceback.format_exc()[-16000:]}}


def serve(adapter, describe, run):
    """Answers requests until shutdown or the end of input. describe() gives the list of ops, or members of the
    capability document, `ops` among them; it is called when asked for."""
    while True:
        try:
            rpc, tensors = read_frame()
        except EOFError:
            return
        except (FrameError, KeyError, TypeError, ValueError) as e:
            sys.exit("malformed frame: %r" % e)
        number, method, results = None, None, []
        try:
            request = json.loads(rpc)
            number, method = request["id"], request["method"]
        except (KeyError, TypeError, ValueError) as e:
            answer = {"error": {"code": -32600 if not isinstance(e, ValueError) else -32700, "message": repr(e)}}
        else:
            try:
                result, results = _answer(adapter, describe, run, method, request.get("params", {}), tensors)
                answer = {"result": result}
            except Exception as e:  # whatever goes wrong in an adapter is an answer, not the end of it
                answer, results = {"error": _error(e)}, []
        head = {"jsonrpc": "2.0", "id": number}
        try:
            write_frame(dict(head, **answer), results, MAX_ANSWER_HEADER.get(str(method), MAX_HEADER))
        except TooLong as e:
            write_frame(dict(head, error=_error(e)), [])
        if method == "shutdown":
            return
