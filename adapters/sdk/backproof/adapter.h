// The interface between backproof and a shared library whose gradients it judges: the adapter.
//
// An adapter is a shared library (a plugin) with one exported symbol, backproof_adapter_create_v1. The host loads it
// into a worker process, asks it once what it can do, and then puts cases to it: run this op, forwards or backwards, on
// these tensors. This header is plain C99 and needs nothing else; in C++, an adapter is shorter to write with
// adapter.hpp.
//
// LIFE OF AN ADAPTER
//   1. The host loads the library with RTLD_NOW | RTLD_LOCAL. Build it with hidden visibility.
//   2. It calls backproof_adapter_create_v1(host, config, &adapter).
//   3. It calls adapter->describe(adapter): the capability document, below.
//   4. It calls adapter->run(adapter, args) any number of times.
//   5. It calls adapter->destroy(adapter), once. The library may stay loaded until the process ends.
//
// THREADS
//   All calls of one adapter come from one thread, one after the other. An adapter may use threads of its own, but
//   calls the host only from inside of run, from the thread that run was called on.
//
// OWNERSHIP
//   No memory changes hands. Everything in bp_run_args is the host's, may be read until run returns and must not be
//   written, except for the tensors that alloc_output gave out, which are written until run returns. What describe
//   returns is the adapter's, and stays until destroy. Messages are copied before the call returns. The host table
//   outlives the adapter.
//
// ERRORS
//   Functions that can fail return a bp_status; anything but BP_OK is a failure. run says why with host->set_error, in
//   one line. The codes have consequences:
//     BP_UNIMPLEMENTED     the adapter cannot do this case: it is skipped, and counted as a hole in the coverage
//     BP_INVALID_ARGUMENT  the adapter refuses the case. If the capability document promised it, the adapter has failed
//     others               the adapter broke; nothing is concluded about the op
//   C++ exceptions, longjmp and FILE* must not cross this interface. Whatever is written to stdout appears on stderr.
//   Floating-point modes (rounding, flush to zero) that a call leaves changed are restored by the host, and reported.
//
// GRADIENTS
//   A vector-Jacobian product (BP_VJP) receives the inputs and one cotangent per output, and answers with one gradient
//   per input: alloc_output(call, k, ...) for the gradient of input k. A gradient that is not allocated means "there is
//   none", which is not the same as zero. needs_grad[k] == 0 means that nobody looks at gradient k. Adapters run their
//   own forward pass if they need its results.
//
// CAPABILITY DOCUMENT
//   JSON, the same as on the wire:
//     {"protocol": 1,
//      "adapter": {"name": "mine", "version": "1.0", "framework": "Mine", "framework_version": "1.0", "language": "C"},
//      "deterministic": true, "concurrency": 1,
//      "ops": [{"op": "Sigmoid", "domain": "ai.onnx", "modes": ["forward", "vjp"], "dtypes": ["f32"], "native": true}]}
//   Ops and attributes have the names and the meaning that ONNX gives them. dtypes are f64, f32, f16, bf16. Every mode
//   of an entry holds for each of its dtypes. "native" is false if the op is computed through another dtype. Optional
//   in an entry: "accumulator": {"bf16": "f32"}, the format in which sums are kept, and "limits", a sentence for
//   people; "kink": {"ties": "first"} or {"slope": "0"}, what is promised where there is no derivative. What depends on
//   the machine should be tried out when the adapter is created rather than written down.
//
//   "under": ["strided", "expanded", "threads", "retained", "accumulated"] beside "ops" lists in what call conditions
//   the adapter can be asked besides the plain one: with operands of any strides, or with a flag of bp_run_args.
//   The host itself makes operands unaligned, makes them share memory, and watches whether they are written to.
//
// OPS THAT BACKPROOF DOES NOT KNOW
//   An entry with a "signature" offers an op of the adapter's own, in a domain of its own. It is judged by its own
//   forward function: {"op": "GatedScale", "domain": "my.lab", "signature": "X[N,C], scale[C] -> Y[N,C]", ...}.
//   Extents are numbers, names, or expressions of them; [...] is any shape; label#[N]<C are indices below C; ? marks an
//   optional input, ~ one without a gradient. Optional: "attributes": {"alpha": [0.5, 2]}, the values to try for each;
//   "ranges": {"X": [0.1, 10]}, where the function is defined and smooth; "batch": "N", the extent that counts
//   independent examples.
//
// EVOLUTION
//   Tables begin with their size, and fields are only ever appended. Set struct_size to sizeof the table that you
//   compiled with, and before you use a field that was appended later, test that the other side's struct_size covers
//   it. abi_major never changes within backproof_adapter_create_v1; abi_minor counts the additions. A break gets a new
//   symbol, backproof_adapter_create_v2, beside the old one. get_extension is for additions that not everybody needs.
#ifndef BACKPROOF_ADAPTER_H
#define BACKPROOF_ADAPTER_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define BP_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define BP_EXPORT __attribute__((visibility("default")))
#else
#define BP_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define BP_ABI_MAJOR 1u
#define BP_ABI_MINOR 0u

// UTF-8 text. It is not terminated by a zero; ptr may be NULL if len is 0.
typedef struct bp_str {
  const char* ptr;
  size_t len;
} bp_str;

// The status codes of absl and gRPC; these are the ones that have a use here.
typedef int32_t bp_status;
enum {
  BP_OK = 0,
  BP_CANCELLED = 1,  // run gave up because host->cancelled said so
  BP_UNKNOWN = 2,
  BP_INVALID_ARGUMENT = 3,
  BP_DEADLINE_EXCEEDED = 4,
  BP_RESOURCE_EXHAUSTED = 8,  // out of memory, or larger than the host's limit
  BP_FAILED_PRECONDITION = 9,
  BP_UNIMPLEMENTED = 12,
  BP_INTERNAL = 13
};

// Tensors. bp_tensor has the layout of DLPack's DLTensor, and its members those of DLDevice and DLDataType, member by
// member: a bp_tensor* may be cast to a DLTensor* where DLPack is at hand. It is repeated here so that nobody needs
// DLPack to use this header.
enum { BP_DEVICE_CPU = 1 };                                       // DLPack's kDLCPU, the only device in this version
enum { BP_CODE_INT = 0, BP_CODE_FLOAT = 2, BP_CODE_BFLOAT = 4 };  // DLPack's kDLInt, kDLFloat, kDLBfloat

typedef struct bp_device {
  int32_t device_type;
  int32_t device_id;
} bp_device;

// f64, f32, f16 are {BP_CODE_FLOAT, 64 | 32 | 16, 1}, bf16 is {BP_CODE_BFLOAT, 16, 1}, i64 is {BP_CODE_INT, 64, 1}.
// There are no others in this version. i64 is for indices.
typedef struct bp_dtype {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;  // 1
} bp_dtype;

typedef struct bp_tensor {
  void* data;  // first byte, to which byte_offset is added; may be NULL if there are no elements
  bp_device device;
  int32_t ndim;  // 0 for a scalar; shape and strides may then be NULL
  bp_dtype dtype;
  int64_t* shape;        // ndim extents, outermost first; an extent may be 0
  int64_t* strides;      // ndim strides, in elements. The host always gives them, row-major unless "under" lists others
  uint64_t byte_offset;  // 0 in this version. Do not rely on any alignment beyond that of one element
} bp_tensor;

// One call of run, as the host sees it.
typedef struct bp_call bp_call;

// What the host offers. All functions are there in every 1.x host.
typedef struct bp_host_api {
  size_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;

  // Makes the memory for one result: output `index` if the mode is forward or jvp, the gradient of *input* `index` if
  // it is vjp. Row-major host memory, filled with NaN; what is not written stays NaN and is found. The memory before
  // and behind it is watched. Each index once per call. On failure *out is NULL, the status is to be returned by run,
  // and the host already knows the reason.
  bp_status (*alloc_output)(bp_call* call, uint32_t index, bp_dtype dtype, int32_t ndim, const int64_t* shape,
                            bp_tensor** out);

  // Says in one line why run is about to return this status. The first message of a call is kept: it is nearest to
  // the cause.
  void (*set_error)(bp_call* call, bp_status status, bp_str message);

  // A line for the log: level 0 debug, 1 information, 2 warning, 3 error. In backproof_adapter_create_v1 this is the
  // way to say why it fails. `host` is the last member of this table.
  void (*log)(void* host, int32_t level, bp_str message);

  // Non-zero if the answer is no longer wanted. Adapters need not ask.
  int32_t (*cancelled)(bp_call* call);

  // An extension by its name, such as "backproof.saved_tensors/1", or NULL. `id` is terminated by a zero.
  const void* (*get_extension)(const char* id);

  void* host;
} bp_host_api;

enum { BP_FORWARD = 0, BP_VJP = 1, BP_JVP = 2 };

// Flags of a VJP, each set only if the capability document lists it under "under".
enum {
  BP_THREADS = 1,      // use several threads
  BP_RETAINED = 2,     // run the forward pass once, the backward pass twice, and give the second one's gradients
  BP_ACCUMULATED = 4,  // add the gradients twice into buffers that begin as zeros: twice the gradients
};

// One case. Counts are numbers of elements of the array beside them; arrays of count 0 may be NULL.
typedef struct bp_run_args {
  size_t struct_size;
  const void* extension;  // NULL in this version

  bp_str op;       // "Sigmoid"
  bp_str domain;   // "ai.onnx", or "backproof" for ops that ONNX does not have
  int32_t opset;   // the version of the domain whose semantics are meant; 0 if it has none
  int32_t mode;    // BP_FORWARD, BP_VJP or BP_JVP
  bp_dtype dtype;  // of all floating-point tensors of the case, and so of its results
  uint32_t flags;  // BP_THREADS ...; unknown bits are to be ignored

  // Every attribute of the op, defaults included: {"axis": {"type": "int", "value": -1}}. Types are int, float, string,
  // ints, floats. Integers beyond 2^53 and the floats "NaN", "Infinity", "-Infinity" are written as strings.
  bp_str attrs_json;

  uint64_t seed;         // for ops that draw random numbers
  uint64_t deadline_ns;  // on CLOCK_MONOTONIC; 0 if there is none. Past it the process is ended

  // The inputs, in ONNX's order. A NULL entry is an optional input that is not given.
  uint32_t n_inputs;
  const bp_tensor* const* inputs;
  const uint8_t* needs_grad;  // n_inputs flags in BP_VJP, else NULL

  // BP_VJP: one per output, of its shape. A NULL entry stands for zeros.
  uint32_t n_cotangents;
  const bp_tensor* const* cotangents;

  // BP_JVP: one per input, of its shape. A NULL entry stands for zeros.
  uint32_t n_tangents;
  const bp_tensor* const* tangents;

  bp_call* call;
} bp_run_args;

// What the adapter offers. All functions are required.
typedef struct bp_adapter {
  size_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  void* impl;  // the adapter's own

  bp_str (*describe)(struct bp_adapter* self);  // an empty text if that failed
  bp_status (*run)(struct bp_adapter* self, const bp_run_args* args);
  const void* (*get_extension)(struct bp_adapter* self, const char* id);  // NULL if unknown
  void (*destroy)(struct bp_adapter* self);
} bp_adapter;

// The one exported symbol. `config_json` is an object whose unknown members are to be ignored; in this version it is
// always {}. On failure *out stays untouched. It may be called more than once in a process.
typedef bp_status (*bp_adapter_create_fn)(const bp_host_api* host, bp_str config_json, bp_adapter** out);
BP_EXPORT bp_status backproof_adapter_create_v1(const bp_host_api* host, bp_str config_json, bp_adapter** out);

#ifdef __cplusplus
}
#endif

#endif  // BACKPROOF_ADAPTER_H
