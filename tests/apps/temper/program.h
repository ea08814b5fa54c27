// Programs as a script sees them: what they print, and with which code they end.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/json.h"

namespace temper {

struct Result {
  int code;
  std::string out, err;
};

// Runs a command in the folder; what it prints is kept there, too, in the files stdout and stderr.
inline Result shell(const std::string& folder, const std::string& command) {
  const std::string out = folder + "/stdout", err = folder + "/stderr";
  const int status = std::system(str_cat("cd ", folder, " && { ", command, "; } >", out, " 2>", err, " </dev/null").c_str());
  return {WEXITSTATUS(status), read_file(out), read_file(err)};
}

// Runs `temper ARGUMENTS`.
inline Result temper_program(const std::string& folder, const std::string& arguments) {
  return shell(folder, str_cat(TEMPER_PROGRAM, " ", arguments));
}

// What `temper ARGUMENTS --json` prints.
inline Json json_of(const std::string& folder, const std::string& arguments) {
  CAPTURE(arguments);
  const Result result = temper_program(folder, arguments + " --json");
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  return Json::parse(result.out);
}

// `temper ARGUMENTS` ends with the code, nothing on stdout and one line, "temper: error: ... about ...; what to do", which names no option
// twice in a row.
inline void check_refused(const std::string& folder, const std::string& arguments, int code, const std::string& about) {
  CAPTURE(arguments);
  const Result result = temper_program(folder, arguments);
  CAPTURE(result.err);
  CHECK(result.code == code);
  CHECK(result.out.empty());
  constexpr std::string_view kError = "temper: error: ";
  CHECK(result.err.starts_with(kError));
  const std::string said = result.err.substr(std::min(kError.size(), result.err.size()));
  const std::string first = said.substr(0, said.find(": ") + 2);
  CHECK_FALSE(said.substr(first.size()).starts_with(first));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK(result.err.find("; ") != std::string::npos);
  CHECK(result.err.find(about) != std::string::npos);
}

}  // namespace temper
