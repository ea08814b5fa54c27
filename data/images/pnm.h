// PNM, the plain pictures of netpbm: P1 to P6, bits, gray or colour, as text or bytes, with any maximum up to 65535.
#pragma once

#include <span>
#include <string>

#include "data/images/image.h"

namespace temper::data {

bool is_pnm(std::span<const std::uint8_t> bytes);

// Values are scaled by the file's own maximum and rounded. Throws Error naming `name` for an invalid header, a picture beyond
// the limits of image.h, a value above the maximum, and a file that is cut off. Of several pictures the first is read.
Image decode_pnm(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace temper::data
