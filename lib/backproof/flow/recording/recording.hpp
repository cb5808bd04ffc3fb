// Gradients that another program recorded, in any of three containers:
//   .npz, .safetensors  tensors named delta/INDEX/LAYER, grad/PARAMETER, weight/PARAMETER, jac/LAYER; with several
//                       steps, step/N/ before it
//   .jsonl              one object per line, with a tensor's statistics instead of its elements
// docs/flow.md describes the whole format. Files are untrusted: sizes are limited before anything is allocated, and a
// file with anything damaged, missing or out of order is refused with one line that says where.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backproof/flow/measure/record.hpp"

namespace backproof::flow {

enum class quantity { delta, grad, weight, jac };

struct recorded_tensor {
  long step = 0;
  quantity what = quantity::delta;
  long index = 0;  // of a delta's layer, from the input on
  std::string name;
  std::size_t width = 0;  // of a delta: its elements per sample
  tensor_statistics statistics;
  std::string dtype;    // f16, bf16, f32, f64; or empty
  bool absent = false;  // of a grad: there was none
  bool clipped = false;
  double loss_scale = 1;  // that the gradient still carries
  matrix elements;        // of a jac, one sample's: outputs x inputs of its layer; and of a delta, samples x width
};

struct recording {
  std::string path;
  std::vector<recorded_tensor> tensors;
};

recording read_recording(const std::string& path);  // by its ending; throws backproof::format_error or file_error

recording read_tensors(const std::string& path);  // .npz, .safetensors
recording read_jsonl(const std::string& path);

// What "delta/3/fc1" says; throws format_error.
recorded_tensor parsed_name(const std::string& name);

// Everything but findings. Throws format_error where layers or steps are missing.
flow_record analyze(const recording& r, const settings& s);

std::string sha256_of(const std::string& path);

}  // namespace backproof::flow
