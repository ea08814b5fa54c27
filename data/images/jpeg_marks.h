// Metadata in the segments before the scan of a JPEG, which the pixel decoder ignores: its orientation and the meaning of its colours.
#pragma once

#include <cstdint>
#include <span>

namespace temper::data {

struct JpegMarks {
  int orientation = 1;  // 1..8, of the Exif segment (CIPA DC-008, tag 0x0112); 1, upright, where it is absent or invalid
  int components = 0;   // of the frame: 1 gray, 3 colour, 4 CMYK or YCCK; 0 without a frame
  bool adobe = false;   // it has Adobe's APP14 segment, which defines the meaning of four components, which are stored inverted
  int scanned = 0;      // components that a scan brings pixels of
  bool sound = true;    // no Huffman table has more than 256 codes. stb_image 2.27 would write such a one over its other memory
};

// Reads as far as the bytes are valid; never fails.
JpegMarks read_jpeg_marks(std::span<const std::uint8_t> bytes);

}  // namespace temper::data
