// Numbers from an ONNX file.
//
// A file is untrusted: what a tensor claims is compared with what is there before anything is allocated, and external
// data is read from the model's folder only.
#pragma once

#include <string>
#include <string_view>

#include "backproof/network/onnx/onnx.pb.h"
#include "backproof/tensor/tensor.hpp"

namespace backproof::networks {

// Types of elements by their numbers in the file.
enum class onnx_type : int { f32 = 1, u8 = 2, i8 = 3, i32 = 6, i64 = 7, boolean = 9, f16 = 10, f64 = 11, bf16 = 16 };

bool is_read(int type);  // whether it is one of those above
bool is_float(onnx_type t);
std::string_view name_of(onnx_type t);

// Untrusted text in a message or as a name: one line, and UTF-8, with a question mark for each byte that is neither.
std::string shown(std::string_view text, std::size_t most = 80);

struct onnx_constant {
  onnx_type type = onnx_type::f32;
  values<real> numbers;
};

// How many numbers a tensor claims to hold, at most `most_numbers`. These throw invalid_input with one line that says
// what is wrong with the tensor, or file_error.
index_t numbers_claimed(const onnx::TensorProto& t);
onnx_constant constant_of(const onnx::TensorProto& t, const std::string& folder);

// Each number as the type has it: rounded to the nearest, towards zero if it is an integer.
void store(onnx_constant& c);

}  // namespace backproof::networks
