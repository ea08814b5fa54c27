// Errors that say what failed, why, and what to do about it.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace temper {

// The one exception type of the library. what() is one line: "<where>: <what is wrong>; <what to do>".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Joins anything streamable into a string: str_cat("batch of ", 3, " rows").
template <class... Parts> std::string str_cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// The message of an error about a file. A message that begins with the file's name is returned as it is; any other one is put between the
// file's name and the advice.
template <class... Advice> std::string file_error_message(const std::string& file, const std::string& message, const Advice&... advice) {
  return message.starts_with(file) ? message : str_cat(file, ": ", message, advice...);
}

}  // namespace temper

// Throws temper::Error with the joined parts unless `condition` holds; the parts are evaluated only then. Stays on in release builds.
#define TEMPER_CHECK(condition, ...) \
  do { \
    if (!(condition)) throw ::temper::Error(::temper::str_cat(__VA_ARGS__)); \
  } while (false)
