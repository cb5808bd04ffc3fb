#include "backproof/op/registry.hpp"

#include <algorithm>

#include "backproof/base/glob.hpp"
#include "backproof/base/registered.hpp"
#include "backproof/op/register_op.hpp"

namespace backproof {

const std::vector<op>& all_ops() { return registered<op>(); }

bool register_op(op o) { return add_registered(std::move(o)); }

void introduce(op o) {
  if (find_op(o.wire_name()) == nullptr) add_registered(std::move(o));
}

const op* find_op(std::string_view name) {
  if (name.empty()) return nullptr;  // as ONNX's name is, of an op that ONNX does not have
  const auto found = std::find_if(all_ops().begin(), all_ops().end(), [&](const op& o) {
    return same_letters(o.info.name, name) || same_letters(o.info.onnx, name);
  });
  return found == all_ops().end() ? nullptr : &*found;
}

}  // namespace backproof
