// Bytes as text, for JSON and HTML: RFC 4648, with padding.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

std::string to_base64(std::span<const std::uint8_t> bytes);

// The inverse. Throws Error, naming the character's place, for text that to_base64 does not write: other characters, missing padding.
std::vector<std::uint8_t> from_base64(std::string_view text);

}  // namespace temper
