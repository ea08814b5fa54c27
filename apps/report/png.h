// Small pictures as PNG files, stored without compression: for the inside of a page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/runs/class_record.h"

namespace temper::report {

// The bytes of a PNG of 8 bits a channel. requires: 1 or 3 channels, and as many pixels as height and width say.
std::vector<std::uint8_t> png(const runs::Thumbnail& picture);

// The same as the address of an <img>: "data:image/png;base64,...".
std::string png_address(const runs::Thumbnail& picture);

}  // namespace temper::report
