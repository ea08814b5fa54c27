// A hash of bytes that detects damage and mix-ups: equal for equal bytes added in the same pieces. It is no protection against forgery.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace temper {

class Fingerprint {
 public:
  Fingerprint& add(std::string_view bytes) {
    mix(bytes.size());
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) mix(word(bytes, 8));
    if (!bytes.empty()) mix(word(bytes, bytes.size()));
    return *this;
  }
  template <class T> Fingerprint& add(std::span<T> values) {
    return add(std::string_view(reinterpret_cast<const char*>(values.data()), values.size_bytes()));
  }

  std::string hex() const {  // 16 digits
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[state_ >> shift & 0xF];
    return text;
  }

 private:
  static std::uint64_t word(std::string_view bytes, std::size_t count) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), count);
    return word;
  }
  // FNV-1a's step on a word of 64 bits; the shift brings the upper bits down, which the product alone never does.
  void mix(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9E3779B97F4A7C15u;
    state_ ^= state_ >> 32;
  }

  std::uint64_t state_ = 0xCBF29CE484222325u;
};

}  // namespace temper
