// What every target has in common: the contract, and the option --seeds FOLDER, which writes the target's seeds.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "backproof/base/error.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) found("cannot write " + path.string());
}

// A folder of this process, gone with it; what a crash leaves lies in TMPDIR, which scripts/fuzz empties.
const fs::path& folder() {
  static const struct own_folder {
    fs::path path = [] {
      std::string name = (fs::temp_directory_path() / "backproof-fuzz-XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) found("cannot make a folder in " + fs::temp_directory_path().string());
      return fs::path(name);
    }();
    ~own_folder() {
      std::error_code none;
      fs::remove_all(path, none);
    }
  } own;
  return own.path;
}

}  // namespace

std::string file_with(std::string_view bytes, const std::string& ending) {
  const fs::path path = folder() / ("input" + ending);
  write(path, bytes);
  return path.string();
}

void found(const std::string& what) {
  std::fprintf(stderr, "FINDING: %s\n", what.c_str());
  std::abort();
}

}  // namespace backproof::fuzz

using namespace backproof;

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc != 3 || std::string_view((*argv)[1]) != "--seeds") return 0;
  const std::filesystem::path into = (*argv)[2];
  std::filesystem::create_directories(into);
  int number = 0;
  for (const std::string& seed : fuzz::seeds()) fuzz::write(into / ("seed-" + std::to_string(number++)), seed);
  std::exit(number > 0 ? 0 : 1);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    fuzz::try_to_read({reinterpret_cast<const char*>(data), size});
  } catch (const misuse& e) {
    fuzz::found(std::string("an input made the library misuse itself: ") + e.what());
  } catch (const error& e) {
    if (std::string_view(e.what()).find('\n') != std::string_view::npos)
      fuzz::found(std::string("a message of several lines: ") + e.what());
  }
  return 0;
}
