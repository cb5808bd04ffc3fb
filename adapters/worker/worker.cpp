// backproof-worker FILE.so: puts an adapter plugin into a process of its own, and answers for it on stdin and stdout.
//
// Protocol bp/1: JSON-RPC 2.0 objects as the metadata "rpc" of safetensors frames. Methods: initialize, describe, run,
// echo, shutdown; the end of stdin is a shutdown too. Errors with negative codes are faults of the protocol, those with
// positive codes are the adapter's status. One line on stderr and an exit code say why the process gave up:
//   0 shutdown, 3 trouble of its own, 4 usage or input that cannot be read, 6 the plugin could not be started
//
// The worker stands between a plugin that may be wrong in any way and a host that must not be misled by it:
// - stdin and stdout are moved away before the plugin is loaded, so that nothing it prints corrupts the stream;
// - results are written into memory that is filled with NaN and watched on both sides: an overrun is error 13;
// - tensors that were given to the plugin and came back changed are named in the reply: "mutated": ["in.0"];
// - floating-point modes are restored after each call, and a change is told: "fp_environment_changed": true.
#include <cstdio>
#include <exception>

#include "worker/channel.hpp"
#include "worker/plugin.hpp"
#include "worker/server.hpp"
#include "worker/trouble.hpp"

namespace backproof::worker {
namespace {

void work(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-')
    throw fatal(exit_unreadable, "usage: backproof-worker FILE.so (speaks the protocol bp/1 on stdin and stdout)");
  channel to_host = channel::take_standard_streams();
  plugin subject(argv[1]);
  server(to_host, subject).serve();
}

}  // namespace
}  // namespace backproof::worker

int main(int argc, char** argv) {
  try {
    backproof::worker::work(argc, argv);
    return 0;
  } catch (const backproof::worker::fatal& e) {
    std::fprintf(stderr, "backproof-worker: %s\n", e.what());
    return e.exit_code;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "backproof-worker: %s\n", e.what());
    return backproof::worker::exit_internal;
  }
}
