// Checks the structure of a PNG file. stb_image ignores its checksums and would return damaged pixels without an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace temper::data {

bool is_png(std::span<const std::uint8_t> bytes);

// Throws Error, naming `name` and the byte, unless the file is whole chunks with right checksums up to IEND and the size in its header is
// within the limits of image.h. What follows IEND is ignored.
void check_png(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace temper::data
