// Decodes photos and other pictures to 8-bit RGB. image.cpp is the only file that includes stb_image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/shape.h"

namespace temper::data {

struct Image {
  Index height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  // (H,W,3): red, green, blue
};

// The largest picture (134 million pixels, 400 MB as RGB); larger ones are rejected by their header, before memory is allocated. So are
// pictures with more than kMostPixelsAByte pixels per byte of the file: no file of these formats packs more.
inline constexpr Index kMostPixels = Index{1} << 27;
inline constexpr Index kMostPixelsAByte = 10'000;

// Throws Error, naming `name`, for a picture that is empty or beyond these limits. `bytes`: of its file.
void check_size(Index height, Index width, std::size_t bytes, const std::string& name, Index most_a_byte = kMostPixelsAByte);

// Throws Error, naming `name`, for a picture that would take more than 940 MB while it is decoded, at so many bytes a pixel.
void check_memory(Index height, Index width, Index bytes_a_pixel, const std::string& name);

// Decodes JPEG, PNG, BMP, GIF (its first picture), TGA and PNM (P1 to P6). The format is detected from the content, not the name.
//   gray          the three channels are equal
//   alpha         laid over white
//   16-bit PNG    the upper byte of each value; PNM scales by its own maximum
//   EXIF          a JPEG is turned upright by its orientation, 1 to 8
//   CMYK, YCCK    JPEGs of Adobe's kind become RGB by (1-C)(1-K) and so on, without a colour profile; others are refused
// Throws Error, naming `name` and the reason, for bytes that are none of these, empty, cut off, damaged as far as the format can tell (PNG:
// every checksum), larger than the limit, or that would take more memory or time than their header lets expect (png_chunks.h, jpeg_marks.h,
// gif_codes.h).
Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name);

// The same for a file.
Image read_image(const std::string& path);

// Whether a file of this name may be a picture: it ends in .jpg .jpeg .jpe .jfif .png .bmp .gif .tga .pbm .pgm .ppm or .pnm, in letters of
// either case.
bool has_image_suffix(std::string_view name);

}  // namespace temper::data
