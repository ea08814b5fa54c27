// Checks a GIF before its picture is decoded: stb_image unpacks codes without end behind the last pixel.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace temper::data {

bool is_gif(std::span<const std::uint8_t> bytes);

// Throws Error, naming `name`, for a GIF whose first picture unpacks to more than twice its pixels. Whatever else is wrong with it, the
// decoder finds.
void check_gif(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace temper::data
