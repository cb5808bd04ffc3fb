#include "cli/adapter_limits.hpp"

#include <fmt/format.h>

#include <charconv>

namespace backproof::cli {
namespace {

std::uint64_t size_option(const std::string& name, const std::string& text) {
  if (const auto bytes = parse_size(text)) return *bytes;
  throw CLI::ValidationError(name, fmt::format("'{}' is no size such as 512MiB, 8GiB or none", text));
}

}  // namespace

CLI::Validator seconds_within(double least, double most) {
  const auto judge = [=](std::string& text) {
    double seconds = 0;
    const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool number = trouble == std::errc() && end == text.data() + text.size();
    if (number && seconds >= least && seconds <= most) return std::string();
    return fmt::format("'{}' is no number of seconds from {} to {}", text, least, most);
  };
  return CLI::Validator(judge, "SECONDS");
}

std::optional<std::uint64_t> parse_size(const std::string& text) {
  if (text == "none") return 0;
  std::uint64_t number = 0;
  const auto [unit, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble != std::errc() || number == 0) return std::nullopt;
  std::string rest(unit, text.data() + text.size());
  if (rest.ends_with("iB")) rest.resize(rest.size() - 2);
  constexpr std::string_view prefixes = "KMGT";
  const std::size_t power = rest.empty() ? 0 : prefixes.find(rest) + 1;
  if (rest.size() > 1 || (power == 0 && unit != text.data() + text.size())) return std::nullopt;
  const int shift = static_cast<int>(10 * power);
  if (number > UINT64_MAX >> shift) return std::nullopt;
  return number << shift;
}

std::shared_ptr<adapter_limits> add_adapter_limits(CLI::App& command) {
  auto limits = std::make_shared<adapter_limits>();
  command
      .add_option("--timeout", limits->call_seconds,
                  "Seconds that the adapter has for each answer, default 30; to start it has 10 or as many as this, "
                  "and 60 if this is not given")
      ->check(seconds_within(0.001, 86400));
  command
      .add_option_function<std::string>(
          "--adapter-memory",
          [limits](const std::string& text) { limits->memory = size_option("--adapter-memory", text); },
          "Memory that the processes of an adapter may hold together, such as 8GiB, or none for no limit; "
          "default three quarters of the machine's")
      ->type_name("SIZE");
  command
      .add_option_function<std::string>(
          "--adapter-address-space",
          [limits](const std::string& text) { limits->address_space = size_option("--adapter-address-space", text); },
          "Address space of each process of an adapter (RLIMIT_AS), beyond which its allocations fail; CUDA and "
          "sanitizers need terabytes")
      ->type_name("SIZE");
  return limits;
}

}  // namespace backproof::cli
