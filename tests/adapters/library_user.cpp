// A user's own program, which hosts adapters through the library: the same supervision, the same stop.
//   library_user FOLDER_OF_BACKPROOF PYTHON BAD.PY
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "backproof/host/open.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/op/sample.hpp"

namespace {

using namespace backproof;
using namespace std::chrono_literals;

int failures = 0;

void expect(bool holds, const std::string& what) {
  fmt::print("{}  {}\n", holds ? "ok  " : "FAIL", what);
  failures += !holds;
}

reply ask(subject& s) {
  const op& o = *find_op("Sigmoid");
  return s.run(mode::forward, o, draw_sample(o, dtype::f64, 1, 0));
}

void without_helpers(const std::string& adapter) {
  try {
    host::open_adapter(adapter);
    expect(true, "there is a supervisor where the library was to be installed");
  } catch (const adapter_error& e) {
    expect(std::string(e.what()).find("backproof-supervisor comes with backproof") == 0, e.what());
  }
}

void hostile(const std::string& adapter, const host::open_options& options, reply::status expected) {
  const auto s = host::open_adapter(adapter, options)();
  const reply r = ask(*s);
  expect(r.code == expected, fmt::format("{}: {}", adapter, r.message));
}

void stopped(const std::string& adapter, host::open_options options) {
  std::atomic<bool> stop = false;
  options.stdio.bounds.stop = &stop;
  const subject_factory make = host::open_adapter(adapter, options);
  const auto s = make();
  const std::jthread later([&] {
    std::this_thread::sleep_for(500ms);
    stop = true;
  });
  const auto begin = std::chrono::steady_clock::now();
  const reply r = ask(*s);
  const bool soon = std::chrono::steady_clock::now() - begin < 20s;  // an answer would have had 30 s
  expect(soon && r.code == reply::status::error && r.message == "interrupted", "a question that hangs is broken off");
  const reply next = ask(*s);
  expect(next.code == reply::status::error && next.message == "interrupted", "nothing is asked any more");
  try {
    make();
    expect(false, "no subject is made any more");
  } catch (const adapter_error& e) {
    expect(std::string(e.what()).find("interrupted") != std::string::npos, e.what());
  }
}

}  // namespace

int main(int, char** argv) {
  const std::string bad = fmt::format("{} {} ", argv[2], argv[3]);
  host::open_options options;
  options.executable_folder = argv[1];
  without_helpers(bad + "crash");
  hostile(bad + "prints", options, reply::status::ok);
  hostile(bad + "crash", options, reply::status::crash);
  stopped(bad + "hang", options);
  try {
    host::open_adapter("/nonesuch/program x", options)();
    expect(false, "a program that is not there");
  } catch (const adapter_error& e) {
    expect(std::string(e.what()).find("/nonesuch/program") != std::string::npos, e.what());
  }
  try {
    const host::stdio_subject lost("lost", {"no-such-program-anywhere"}, [&] {
      host::stdio_options direct;
      direct.bounds.program = std::string(argv[1]) + "/backproof-supervisor";
      return direct;
    }());
    expect(false, "a word that is not in PATH");
  } catch (const adapter_error& e) {
    expect(std::string(e.what()).find("cannot execute no-such-program-anywhere: No such file") != std::string::npos,
           e.what());
  }
  return failures == 0 ? 0 : 1;
}
