// Checks a PNG file before its pixels are decoded. stb_image ignores the checksums and unpacks whatever the data unpack to.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace temper::data {

bool is_png(std::span<const std::uint8_t> bytes);

// Throws Error, naming `name` and the byte, unless the file is whole chunks with right checksums up to IEND, the size in its header is
// within the limits of image.h, and its data, which are unpacked once to be counted, are the bytes of that many pixels, no more and no
// less. What follows IEND is ignored. Needs no memory by what the file claims.
void check_png(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace temper::data
