// The one place that writes to stdout, where results go, and to stderr, where everything else goes. What is lost of a result is an error;
// what is lost of progress and warnings stops nothing. Names from elsewhere are shown so that a terminal does not obey them.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/json.h"
#include "core/base/printable.h"

namespace temper::app {

// Called first of all: puts /dev/null in the place of standard streams that are closed, so that no file that is opened later takes their
// numbers, and lets a write that cannot be done fail, rather than end the process by a signal.
void open_standard_streams();

// Called last: throws Error when something that was written to stdout did not arrive.
void close_results();

// What main() ends with, in silence, when nobody reads stdout any more, as head does.
struct NobodyReads {};

// Text to be printed as it is: made of several lines, its names made printable before.
struct Lines {
  std::string text;
};

namespace detail {

template <class T> inline constexpr bool kIsText = std::convertible_to<const T&, std::string_view>;
template <class T> using Shown = std::conditional_t<kIsText<T> || std::same_as<T, Lines>, std::string, T>;

template <class T> auto shown(const T& value) {
  if constexpr (kIsText<T>) {
    return printable(value);
  } else if constexpr (std::same_as<T, Lines>) {
    return value.text;
  } else {
    return value;
  }
}

void write_result(std::string_view text);
void write_note(std::string_view text) noexcept;

template <class... Values> std::string to_text(fmt::string_view format, const Values&... values) {
  return fmt::vformat(format, fmt::make_format_args(values...));
}

}  // namespace detail

// To stdout, at once; every text among the arguments is made printable. Throws Error "stdout: ..." when it cannot be written, NobodyReads
// when nobody reads it.
template <class... Args> void print(fmt::format_string<detail::Shown<Args>...> format, const Args&... args) {
  detail::write_result(detail::to_text(format, detail::shown(args)...));
}

// To stderr, likewise, but never fails: what cannot be written is dropped.
template <class... Args> void note(fmt::format_string<detail::Shown<Args>...> format, const Args&... args) {
  detail::write_note(detail::to_text(format, detail::shown(args)...));
}

// A line of JSON on stdout: what is no UTF-8 is replaced, and what a terminal would obey is written as \u009b.
void print_json(const Json& json);

// Writes to the terminal what moves its cursor.
inline void control_terminal(std::string_view codes) { detail::write_note(codes); }

}  // namespace temper::app
