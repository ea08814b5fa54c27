// Errors that say what failed, why, and what to do about it.
#pragma once

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace temper {

// The one exception type of the library. what() is one line: "<where>: <what is wrong>; <what to do>".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The fewest digits that read back as the same number, so that two numbers that differ look different: "0.1", "1.0000001", "1e-05", "nan".
std::string shortest_text(double value);
std::string shortest_text(float value);

// Joins anything streamable into a string: str_cat("batch of ", 3, " rows"). Numbers have all their digits, see above, and the text is the
// same in every locale.
template <class... Parts> std::string str_cat(const Parts&... parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  const auto put = [&out](const auto& part) {
    using Part = std::remove_cvref_t<decltype(part)>;
    if constexpr (std::is_same_v<Part, float> || std::is_same_v<Part, double>) {
      out << shortest_text(part);
    } else {
      out << part;
    }
  };
  (put(parts), ...);
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
