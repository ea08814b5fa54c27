// The segments of a JPEG, read before its pixels are decoded: what the pixel decoder ignores, orientation and the meaning of colours, and
// what would make it work without end.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/base/shape.h"

namespace temper::data {

struct JpegMarks {
  int orientation = 1;  // 1..8, of the Exif segment (CIPA DC-008, tag 0x0112); 1, upright, where it is absent or invalid
  Index height = 0, width = 0;
  int components = 0;  // of the frame: 1 gray, 3 colour, 4 CMYK or YCCK; 0 without a frame
  bool adobe = false;  // it has Adobe's APP14 segment, which defines the meaning of four components, which are stored inverted
  int scanned = 0;     // components that a scan brings pixels of
};

// The limits of what a decoder is to do for one file: no program writes more.
inline constexpr int kMostJpegScans = 500;
inline constexpr int kMostJpegSegments = 10'000;
inline constexpr Index kMostJpegPixelsAByte = 1024;  // a block of 8 x 8 takes a bit at least, and a component may have a sixteenth of them

// Walks over all segments, from the start to the end of the image, as stb_image 2.27 does; 2.30 returns a part of the picture where that
// one fails. Throws Error, naming `name` and the byte, for segments that a decoder does not know or that are not whole, Huffman tables of
// more than 256 codes (2.27 would write them over its other memory), no end, and pictures beyond the limits above or those of image.h,
// whose scans visit more than 16 times kMostPixels pixels included. Bytes that do not begin as a JPEG are left to the decoder.
JpegMarks read_jpeg_marks(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace temper::data
