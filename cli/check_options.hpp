// What stands on the command line of check.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "backproof/base/config.hpp"
#include "cli/adapter_limits.hpp"
#include "cli/terminal.hpp"

namespace backproof::cli {

struct check_options {
  std::string adapter;
  std::vector<std::string> ops, checks, dtypes;
  std::uint64_t samples = 49;
  std::string seed = "1";
  int digits = BACKPROOF_DIGITS;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  double budget = 0;
  std::shared_ptr<adapter_limits> limits;
  std::string shard;
  std::string out = "backproof-out";
  bool exhaustive = false;
  std::string accuracy = "default";
  std::string baseline;
  color_choice color = color_choice::automatic;
  std::map<std::string, std::string> reports;  // report name -> file
  std::string resume;
  std::set<std::string> given;  // of the options that say what is asked for, those that stand on the command line
};

}  // namespace backproof::cli
