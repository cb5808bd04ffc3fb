// What exists: every op, check and report whose file is present. The build generates one translation unit per file,
// which includes it alone and registers its struct; nobody edits a list.
// Subjects may bring along ops of their own.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "backproof/check.hpp"
#include "backproof/op.hpp"
#include "backproof/reporter.hpp"

namespace backproof {

// Sorted by name, whatever order the linker chose.
const std::vector<op>& all_ops();
const std::vector<check>& all_checks();
const std::vector<report>& all_reports();

const op* find_op(std::string_view name);  // by its own or its ONNX name, in any case; null if there is none
const check* find_check(std::string_view name);

// Adds an op that a subject brought along, unless there is one of its name. Pointers to ops are void afterwards.
void introduce(op o);

// Shell-style match: * any text, ? any character; letters in any case.
bool matches(std::string_view glob, std::string_view text);

}  // namespace backproof
