// The most that is read of what comes from outside. A file of a megabyte must not cost gigabytes or minutes, so each
// limit is checked before memory is taken for what it counts; the numbers are far above what sound files need.
// docs/limits.md has them as a table, and a test compares the two.
#pragma once

#include <cstddef>

namespace backproof::limits {

constexpr std::size_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;

// JSON. A value takes some 50 bytes, however short its text is, so that it is the values that have to be counted.
constexpr std::size_t json_levels = 32;           // readers descend level by level; networks, the deepest, need 20
constexpr std::size_t json_values = 4'194'304;    // a safetensors header of 16 MiB holds fewer, 500,000 tensors at most
constexpr std::size_t message_values = 262'144;   // of an adapter's answer: 4096 ops of 64 values
constexpr std::size_t document_bytes = 64 * mib;  // of a network's description, a flow report
constexpr std::size_t manifest_bytes = 64 * kib;  // of an adapter.json, which is a dozen lines
constexpr std::size_t event_bytes = mib;          // of a line of an event log: a counterexample's numbers are not in it

// Tensors, in files and on the wire.
constexpr std::size_t header_bytes = 16 * mib;   // of safetensors, metadata included; large models have 1 MiB
constexpr std::size_t payload_bytes = gib;       // of one file or frame, and of one tensor in memory
constexpr std::size_t metadata_keys = 4096;      // a counterexample has a dozen
constexpr std::size_t axes = 16;                 // ops have at most 8
constexpr std::size_t archive_members = 16'384;  // of a .npz: each takes memory in libzip, wherever it is looked for
constexpr std::size_t archive_bytes = gib;       // of all its members expanded; deflate makes a thousand bytes of one
constexpr std::size_t npy_header_bytes = 64 * kib;  // one line of Python, as NumPy's version 1.0 has it

// Networks. A number in wide precision takes 64 bytes, so that these are 1 GiB.
constexpr std::size_t network_numbers = 16'777'216;  // in the leaves of a network and in the outputs of its layers
constexpr std::size_t network_layers = 100'000;      // with repetitions written out; of an ONNX model, its nodes
constexpr std::size_t onnx_bytes = gib;              // of the file, and of what its messages take in memory
constexpr std::size_t onnx_levels = 16;              // messages within messages; without subgraphs there are six
constexpr std::size_t folded_numbers = 1'048'576;    // of a constant that nodes compute: shapes, masks

// Recordings of training.
constexpr std::size_t recorded_tensors = 1'000'000;     // or lines; 500 bytes each
constexpr std::size_t recorded_numbers = 268'435'456;   // in all tensors: 1 GiB of f32
constexpr std::size_t recorded_elements = 134'217'728;  // in one tensor, as doubles: 1 GiB
constexpr std::size_t recorded_exponents = 16'777'216;  // in all histograms: 800 MB
constexpr std::size_t recorded_layers = 10'000;         // of one step, as of a preset
constexpr std::size_t recorded_line_bytes = 64 * kib;   // a histogram of 4096 exponents fits

// What an adapter says of itself, and of its own ops.
constexpr std::size_t adapter_ops = 4096;          // the reference has 200
constexpr std::size_t signature_bytes = 2000;      // of an op's signature
constexpr std::size_t signature_operands = 16;     // of one side of it
constexpr std::size_t signature_axes = 8;          // of an operand
constexpr std::size_t sample_numbers = 1'048'576;  // of an operand whose extents are fixed; and of one extent

// What is typed.
constexpr std::size_t formula_bytes = 100'000;    // of a formula for a graph
constexpr std::size_t formula_levels = 200;       // of brackets in one another
constexpr std::size_t formula_elements = 10'000;  // of a variable

}  // namespace backproof::limits
