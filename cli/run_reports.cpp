#include "cli/run_reports.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "backproof/run/registry.hpp"
#include "cli/exit_codes.hpp"
#include "cli/streams.hpp"

namespace backproof::cli {
namespace {

void require_different_files(const std::map<std::string, std::string>& reports) {
  std::error_code none;
  for (auto a = reports.begin(); a != reports.end(); ++a)
    for (auto b = reports.begin(); b != a; ++b)
      if (!a->second.empty() && (a->second == b->second || std::filesystem::equivalent(a->second, b->second, none)))
        throw stop_with(exit_usage, fmt::format("--{} and --{} are both {}", b->first, a->first, a->second));
}

}  // namespace

run_reports::run_reports(const std::map<std::string, std::string>& files) {
  require_different_files(files);
  for (const report& r : all_reports()) {
    const auto at = files.find(std::string(r.info.name));
    if (at == files.end() || at->second.empty()) continue;
    open_report& next = open_.emplace_back(open_report{r.make(), nullptr, nullptr});
    if (r.info.written_as_it_happens)
      next.live = std::make_unique<live_file>(at->second);
    else
      next.whole = std::make_unique<output_file>(at->second);
  }
}

void run_reports::begin(const run_info& i, const event_log& earlier) {
  known_units_ = earlier.whole.size();
  for (open_report& r : open_) {
    if (r.live) r.live->begin_at(earlier.bytes);
    if (!r.live || earlier.bytes == 0) r.renderer->begin(i, r.stream());
  }
}

// What a live report of an earlier run has already is not written again.
template <class Write>
void run_reports::write(Write to) {
  for (open_report& r : open_) {
    if (seen_units_ < known_units_ && r.live) continue;
    to(r);
    if (r.live) tell_trouble(*r.live);
  }
}

void run_reports::record(const result& x) {
  write([&](open_report& r) { r.renderer->record(x, r.stream()); });
}

void run_reports::unit(const unit_result& u) {
  write([&](open_report& r) { r.renderer->unit(u, r.stream()); });
  ++seen_units_;
}

std::string run_reports::end(const run_info& i, const summary& s) {
  std::string trouble;
  for (open_report& r : open_) {
    try {
      r.renderer->end(i, s, r.stream());
      commit(r);
    } catch (const file_error& e) {
      if (trouble.empty()) trouble = e.what();
    }
  }
  return trouble;
}

void run_reports::commit(open_report& r) {
  if (r.whole) r.whole->commit();
  if (r.live && !r.live->trouble().empty()) throw file_error(r.live->trouble());
}

void run_reports::tell_trouble(const live_file& f) {
  if (told_ || f.trouble().empty()) return;
  tell(fmt::format("backproof: {}; the run goes on without it\n", f.trouble()));
  told_ = true;
}

}  // namespace backproof::cli
