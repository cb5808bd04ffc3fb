"""Recurrent networks and attention."""
import torch
import torch.nn.functional as F

from offering import op

# The order of the gates in torch, as positions in ONNX's.
GATES = {"RNN": [0], "LSTM": [0, 2, 3, 1], "GRU": [1, 0, 2]}


def reordered(weight, kind):
    """Rows of gates [gates * hidden, ..] in torch's order."""
    gates = GATES[kind]
    if len(gates) == 1:
        return weight
    return torch.cat([weight.chunk(len(gates))[k] for k in gates])


def weights(kind, w, r, b):
    """One direction's weights as torch takes them."""
    parts = [reordered(w, kind), reordered(r, kind)]
    if b is not None:
        parts += [reordered(half, kind) for half in b.chunk(2)]
    return parts


def optional(x, k):
    return x[k] if len(x) > k else None


@op([(2, 3), (2, 2), (2, 3), (2, 2), (4,)], domain="backproof", nonlinearity="tanh")
def rnn_cell(x, a):
    function = {"tanh": torch.rnn_tanh_cell, "relu": torch.rnn_relu_cell}[a["nonlinearity"]]
    return [function(x[0], x[1], *weights("RNN", x[2], x[3], optional(x, 4)))]


@op([(2, 3), (2, 2), (2, 2), (8, 3), (8, 2), (16,)], domain="backproof")
def lstm_cell(x, a):
    if optional(x, 6) is not None:
        raise NotImplementedError("torch's LSTM has no peepholes")
    return list(torch.lstm_cell(x[0], (x[1], x[2]), *weights("LSTM", x[3], x[4], optional(x, 5))))


@op([(2, 3), (2, 2), (6, 3), (6, 2), (12,)], domain="backproof", linear_before_reset=1)
def gru_cell(x, a):
    if not a["linear_before_reset"]:
        raise NotImplementedError("torch's GRU is linear before the reset")
    return [torch.gru_cell(x[0], x[1], *weights("GRU", x[2], x[3], optional(x, 4)))]


def sequence(kind, function, x, a, states):
    """Y and the last states; `states` are the positions of the first ones among the inputs."""
    if "clip" in a:
        raise NotImplementedError("torch's recurrent networks do not clip")
    directions, hidden, batch_first = x[1].shape[0], x[2].shape[2], bool(a.get("layout", 0))
    data, lengths = x[0], optional(x, 4)
    reverse = a.get("direction", "forward") == "reverse"
    if reverse and lengths is not None:
        raise NotImplementedError("torch does not run over ragged sequences in reverse only")
    if batch_first:
        data = data.transpose(0, 1)
    if reverse:
        data = data.flip(0)
    flat = []
    for d in range(directions):
        flat += weights(kind, x[1][d], x[2][d], None if optional(x, 3) is None else x[3][d])
    first = []
    for k in states:
        if optional(x, k) is None:
            first.append(data.new_zeros(directions, data.shape[1], hidden))
        else:
            first.append(x[k].transpose(0, 1) if batch_first else x[k])
    y, last = unrolled(function, data, lengths, first, flat, x[3] is not None if len(x) > 3 else False, directions)
    if reverse:
        y = y.flip(0)
    y = y.reshape(y.shape[0], y.shape[1], directions, hidden)
    y = y.transpose(0, 1) if batch_first else y.transpose(1, 2)
    return [y] + [h.transpose(0, 1) if batch_first else h for h in last]


def unrolled(function, data, lengths, first, flat, biased, directions):
    state = first[0] if len(first) == 1 else tuple(first)
    if lengths is None:
        y, *last = function(data, state, flat, biased, 1, 0.0, False, directions == 2, False)
        return y, last
    packed = torch.nn.utils.rnn.pack_padded_sequence(data, lengths, enforce_sorted=False)
    by_length = [s.index_select(1, packed.sorted_indices) for s in first]
    state = by_length[0] if len(by_length) == 1 else tuple(by_length)
    y, *last = function(packed.data, packed.batch_sizes, state, flat, biased, 1, 0.0, False, directions == 2)
    y = torch.nn.utils.rnn.PackedSequence(y, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    y = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=data.shape[0])[0]
    return y, [s.index_select(1, packed.unsorted_indices) for s in last]


def activations(a, directions, default):
    """The activations of one direction, if they are the same in all."""
    names = a.get("activations", ",".join([default] * directions)).split(",")
    count = len(names) // directions
    if any(names[k] != names[k % count] for k in range(len(names))):
        raise NotImplementedError("torch has one activation for both directions")
    return names[:count]


@op([(2, 1, 3), (1, 2, 3), (1, 2, 2), (1, 4), None, (1, 1, 2)], hidden_size=2)
def RNN(x, a):
    names = activations(a, x[1].shape[0], "Tanh")
    if names not in (["Tanh"], ["Relu"]):
        raise NotImplementedError("torch's RNN has tanh and relu only")
    return sequence("RNN", torch.rnn_tanh if names == ["Tanh"] else torch.rnn_relu, x, a, [5])


@op([(2, 1, 3), (1, 8, 3), (1, 8, 2), (1, 16), None, (1, 1, 2), (1, 1, 2)], hidden_size=2)
def LSTM(x, a):
    if activations(a, x[1].shape[0], "Sigmoid,Tanh,Tanh") != ["Sigmoid", "Tanh", "Tanh"]:
        raise NotImplementedError("torch's LSTM has sigmoid and tanh only")
    if optional(x, 7) is not None or a.get("input_forget", 0):
        raise NotImplementedError("torch's LSTM has no peepholes, and does not couple its gates")
    return sequence("LSTM", torch.lstm, x, a, [5, 6])


@op([(2, 1, 3), (1, 6, 3), (1, 6, 2), (1, 12), None, (1, 1, 2)], hidden_size=2, linear_before_reset=1)
def GRU(x, a):
    if activations(a, x[1].shape[0], "Sigmoid,Tanh") != ["Sigmoid", "Tanh"]:
        raise NotImplementedError("torch's GRU has sigmoid and tanh only")
    if not a.get("linear_before_reset", 0):
        raise NotImplementedError("torch's GRU is linear before the reset")
    return sequence("GRU", torch.gru, x, a, [5])


def apart(t, heads):
    """[N, length, heads * size] as [N, heads, length, size]."""
    return t if t.dim() == 4 else t.reshape(t.shape[0], t.shape[1], heads, -1).transpose(1, 2)


if hasattr(F, "scaled_dot_product_attention"):
    @op([(1, 2, 2, 3), (1, 2, 2, 3), (1, 2, 2, 3)], q_num_heads=2, kv_num_heads=2, is_causal=0, softcap=0.0)
    def Attention(x, a):
        if a.get("softcap", 0):
            raise NotImplementedError("torch's attention has no softcap")
        q, k, v = apart(x[0], a["q_num_heads"]), apart(x[1], a["kv_num_heads"]), apart(x[2], a["kv_num_heads"])
        mask = optional(x, 3) if optional(x, 3) is not None else optional(x, 6)
        if mask is not None and not mask.is_floating_point():
            mask = mask.bool()
        if a.get("is_causal", 0) and (mask is not None or optional(x, 4) is not None):
            raise NotImplementedError("torch's attention is causal without a mask, and without past keys only")
        if optional(x, 4) is not None:
            k, v = torch.cat([x[4], k], 2), torch.cat([x[5], v], 2)
        options = {"scale": a["scale"]} if "scale" in a else {}
        if q.shape[1] != k.shape[1]:
            options["enable_gqa"] = True
        try:
            y = F.scaled_dot_product_attention(q, k, v, mask, is_causal=bool(a.get("is_causal", 0)), **options)
        except TypeError as e:  # the keyword came later
            raise NotImplementedError(str(e))
        return [y if x[0].dim() == 4 else y.transpose(1, 2).reshape(y.shape[0], y.shape[2], -1)]


@op([(2, 1, 4), (3, 1, 4), (3, 1, 4), (12, 4), (12,), (4, 4), (4,)], domain="backproof", num_heads=2)
def multi_head_attention(x, a):
    padding = optional(x, 8)
    return [F.multi_head_attention_forward(
        x[0], x[1], x[2], x[0].shape[2], a["num_heads"], x[3], x[4], None, None, False, 0.0, x[5], optional(x, 6),
        training=False, key_padding_mask=None if padding is None else padding.bool(), need_weights=False,
        attn_mask=optional(x, 7))[0]]
