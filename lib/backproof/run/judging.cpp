#include "backproof/run/judging.hpp"

#include "backproof/base/shell.hpp"
#include "backproof/run/describe.hpp"

namespace backproof {

std::string replay_command(const std::string& program, const std::string& what, const std::string& adapter) {
  const std::string line = shell_quoted(program) + " replay " + shell_quoted(what);
  return adapter.empty() ? line : line + " --adapter " + shell_quoted(adapter);
}

finding judge(const check& c, trial& t) {
  if (c.info.judges == check_target::oracle && !t.truth().asks_for_all())
    return unresolved("not all gradients are asked for, and what the reference is held against is about all of them");
  try {
    return c.run(t);
  } catch (const no_answer& none) {
    return none.found;
  }
}

finding judge(const op& o, const check& c, subject& s, const sample& x) {
  const format accumulator = s.accumulator(x.type);
  const oracle truth(o, x, accumulator);
  trial t(truth, s, {x.type, accumulator});
  return judge(c, t);
}

result judge_in_full(const op& o, const check& c, subject& s, const sample& x) {
  result r = blank(o, s, c, x);
  r.found = judge(o, c, s, x);
  describe_sample(r, o, x);
  return r;
}

}  // namespace backproof
