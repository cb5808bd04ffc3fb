"""How an operator is offered: @op registers a function from its inputs and attributes to its outputs, and
as_it_stands functions of torch that are operators already."""

OPS = {}


def op(shapes, domain="ai.onnx", limits=None, name=None, **attrs):
    """Registers a function under its name, or under `name` where that is no Python name.

    `shapes` are those of the inputs of a tiny case, and `attrs` its attributes, on which dtypes and modes are tried at
    start. In the place of a shape stand "labels" and "weights" for such inputs of a loss over three classes, (shape,
    values) for indices, which are i64, and None for an optional input that is not given.
    """

    def register(function):
        OPS[domain, name or function.__name__] = (function, shapes, attrs, limits)
        return function

    return register


def as_it_stands(functions, shapes, domain="ai.onnx"):
    """Registers functions of torch that take the inputs of an operator and give its output: {"Sin": torch.sin}."""
    for name, function in functions.items():
        op(shapes, domain, name=name)(lambda x, a, function=function: [function(*x)])
