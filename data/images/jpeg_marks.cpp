#include "data/images/jpeg_marks.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>

#include "data/file_bytes.h"

namespace temper::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

// The unsigned number of `count` bytes at `at`, or 0 where the bytes end before.
std::uint32_t number(Bytes bytes, std::size_t at, std::size_t count, bool big_endian) {
  if (at > bytes.size() || count > bytes.size() - at) return 0;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + (big_endian ? i : count - 1 - i)];
  return value;
}

// The orientation in a TIFF header and its first directory, as Exif embeds them; 1 where it is not there.
int read_orientation(Bytes tiff) {
  const bool big_endian = begins_with(tiff, "MM");
  if (!big_endian && !begins_with(tiff, "II")) return 1;
  if (number(tiff, 2, 2, big_endian) != 42) return 1;
  const std::size_t directory = number(tiff, 4, 4, big_endian);
  const std::uint32_t entries = number(tiff, directory, 2, big_endian);
  for (std::uint32_t e = 0; e < entries; ++e) {
    constexpr std::size_t kEntrySize = 12;
    constexpr std::uint32_t kOrientation = 0x0112, kShort = 3;
    const std::size_t entry = directory + 2 + e * kEntrySize;
    if (entry >= tiff.size()) break;
    if (number(tiff, entry, 2, big_endian) != kOrientation || number(tiff, entry + 2, 2, big_endian) != kShort) continue;
    const std::uint32_t value = number(tiff, entry + 8, 2, big_endian);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

bool is_frame(std::uint8_t marker) { return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC; }

// Reads the marked segments of a JPEG. Where it is damaged, a decoder may take other bytes for a segment than this does; what is dangerous
// is looked for wherever a decoder could.
class Segments {
 public:
  explicit Segments(Bytes bytes) : bytes_(bytes) {}

  JpegMarks read() {
    std::size_t at = 2;  // after the start of image
    while (at + 1 < bytes_.size() && marks_.scanned == 0) at = marker(at);
    for (; at + 1 < bytes_.size(); ++at) {  // in a scan 0xFF is followed by 0, so that other markers stand out
      if (bytes_[at] == 0xFF && (bytes_[at + 1] == kScan || bytes_[at + 1] == kHuffman)) look_at(bytes_[at + 1], at + 4);
    }
    return marks_;
  }

 private:
  static constexpr std::uint8_t kApp1 = 0xE1, kApp14 = 0xEE, kScan = 0xDA, kHuffman = 0xC4;

  // The place after the segment whose marker may be at `at`, or the next byte.
  std::size_t marker(std::size_t at) {
    if (bytes_[at] != 0xFF || bytes_[at + 1] == 0xFF || bytes_[at + 1] == 0) return at + 1;
    look_at(bytes_[at + 1], at + 4);
    const std::size_t length = number(bytes_, at + 2, 2, true);  // of the segment, its length field included
    return at + 2 + std::max<std::size_t>(2, length);
  }

  void look_at(std::uint8_t marker, std::size_t start) {
    using namespace std::string_view_literals;
    if (start >= bytes_.size()) return;
    const std::size_t length = number(bytes_, start - 2, 2, true);
    const Bytes rest = bytes_.subspan(start);
    const Bytes content = rest.first(std::min(rest.size(), length < 2 ? 0 : length - 2));
    if (marker == kApp1 && !has_exif_ && begins_with(content, "Exif\0\0"sv)) {
      marks_.orientation = read_orientation(content.subspan(6));
      has_exif_ = true;
    } else if (marker == kApp14 && begins_with(content, "Adobe")) {
      marks_.adobe = true;
    } else if (is_frame(marker) && content.size() >= 6) {
      marks_.components = content[5];
    } else if (marker == kHuffman) {
      read_huffman(rest, static_cast<long>(length) - 2);
    } else if (marker == kScan && !content.empty()) {
      for (std::size_t c = 0; c < content[0] && 1 + 2 * c < content.size(); ++c) scanned_.insert(content[1 + 2 * c]);
      marks_.scanned = static_cast<int>(scanned_.size());
    }
  }

  // Tables follow one another as long as the segment lasts, and the last is read to its end even if the segment is too short for it.
  void read_huffman(Bytes rest, long left) {
    constexpr std::size_t kCounts = 17;  // a name and the number of codes of each length
    while (left > 0 && !rest.empty()) {
      std::size_t codes = 0;
      for (const std::uint8_t count : rest.subspan(1, std::min(kCounts, rest.size()) - 1)) codes += count;
      if (codes > 256) marks_.sound = false;
      const std::size_t size = std::min(rest.size(), kCounts + codes);
      left -= static_cast<long>(kCounts + codes);
      rest = rest.subspan(size);
    }
  }

  Bytes bytes_;
  JpegMarks marks_;
  bool has_exif_ = false;
  std::set<std::uint8_t> scanned_;
};

}  // namespace

JpegMarks read_jpeg_marks(Bytes bytes) { return Segments(bytes).read(); }

}  // namespace temper::data
