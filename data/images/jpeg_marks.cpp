#include "data/images/jpeg_marks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string_view>

#include "core/base/check.h"
#include "data/file_bytes.h"
#include "data/images/image.h"

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

constexpr const char* kSaveAgain = "; get the file again, or save it again as PNG or JPEG";

class Segments {
 public:
  Segments(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  JpegMarks read() {
    while (at_ < bytes_.size() && bytes_[at_] == 0xFF) ++at_;
    if (at_ == 0 || at_ == bytes_.size() || bytes_[at_++] != kStart) return marks_;
    for (int segments = 1;; ++segments) {
      const std::uint8_t marker = next_marker();
      if (marker == kEnd) return marks_;
      TEMPER_CHECK(segments <= kMostJpegSegments, name_, ": the JPEG has more than ", kMostJpegSegments, " segments", kSaveAgain);
      const std::size_t length = number(bytes_, at_, 2, true);  // of the segment, its length field included
      expect(length >= 2 && length <= bytes_.size() - at_, "a segment is cut off");
      const Bytes content = bytes_.subspan(at_ + 2, length - 2);
      look_at(marker, content);
      at_ += length;
      if (marker == kScan) skip_pixels();
    }
  }

 private:
  static constexpr std::uint8_t kStart = 0xD8, kEnd = 0xD9, kScan = 0xDA, kTables = 0xDB, kLines = 0xDC, kInterval = 0xDD, kHuffman = 0xC4,
                                kProgressive = 0xC2, kApp1 = 0xE1, kApp14 = 0xEE, kComment = 0xFE;

  void expect(bool holds, const char* what) const {
    TEMPER_CHECK(holds, name_, ": the JPEG is damaged near byte ", at_, " (", what, ")", kSaveAgain);
  }

  // Before the frame a decoder passes over what is no marker.
  std::uint8_t next_marker() {
    while (marks_.components == 0 && at_ < bytes_.size() && bytes_[at_] != 0xFF) ++at_;
    TEMPER_CHECK(at_ < bytes_.size(), name_, ": the JPEG is cut off after ", bytes_.size(), " bytes; get the whole file");
    expect(bytes_[at_] == 0xFF, "no marker");
    while (at_ < bytes_.size() && bytes_[at_] == 0xFF) ++at_;
    TEMPER_CHECK(at_ < bytes_.size(), name_, ": the JPEG is cut off after ", bytes_.size(), " bytes; get the whole file");
    return bytes_[at_++];
  }

  // In the pixels of a scan 0xFF is followed by 0, or begins a restart, if there are any.
  void skip_pixels() {
    for (; at_ + 1 < bytes_.size(); ++at_) {
      const std::uint8_t next = bytes_[at_ + 1];
      if (bytes_[at_] != 0xFF || next == 0 || next == 0xFF) continue;
      const bool restart = next >= 0xD0 && next <= 0xD7;
      if (!restart) return;
      expect(restarts_, "a restart where none is expected");
    }
    at_ = bytes_.size();
  }

  void look_at(std::uint8_t marker, Bytes content) {
    using namespace std::string_view_literals;
    if (marker == kHuffman) {
      read_huffman(content);
    } else if (marker == kTables) {
      for (; !content.empty(); content = content.subspan(content[0] >> 4 ? 129 : 65))
        expect(content[0] >> 4 <= 1 && content.size() >= (content[0] >> 4 ? 129U : 65U), "a table of factors");
    } else if (marker == kScan) {
      read_scan(content);
    } else if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC8 && marker != 0xCC) {
      TEMPER_CHECK(marker <= 0xC2, name_, ": a JPEG of a rare kind (lossless, hierarchical or arithmetic)", kSaveAgain);
      read_frame(content, marker == kProgressive);
    } else if (marker == kApp1 && !has_exif_ && begins_with(content, "Exif\0\0"sv)) {
      marks_.orientation = read_orientation(content.subspan(6));
      has_exif_ = true;
    } else if (marker == kApp14 && content.size() >= 12 && begins_with(content, "Adobe\0"sv)) {
      marks_.adobe = true;
    } else {
      const bool application = (marker >= 0xE0 && marker <= 0xEF) || marker == kComment;
      const bool of_four = (marker == kLines && marks_.scanned > 0) || marker == kInterval;
      expect(application || (of_four && content.size() + 2 == 4), "an unknown segment");
      if (marker == kInterval) restarts_ = number(content, 0, 2, true) > 0;
    }
  }

  void read_huffman(Bytes content) {
    constexpr std::size_t kCounts = 17;  // a name and the number of codes of each length
    while (!content.empty()) {
      expect(content.size() >= kCounts, "a Huffman table is cut off");
      std::size_t codes = 0;
      for (const std::uint8_t count : content.subspan(1, kCounts - 1)) codes += count;
      expect(codes <= 256, "a Huffman table with more than 256 codes");
      expect(content.size() >= kCounts + codes, "a Huffman table is cut off");
      content = content.subspan(kCounts + codes);
    }
  }

  void read_frame(Bytes content, bool progressive) {
    expect(marks_.components == 0, "a second frame");
    expect(content.size() >= 6 && content[5] > 0 && content.size() == 6 + 3 * std::size_t{content[5]}, "the frame");
    marks_.components = content[5];
    marks_.height = number(content, 1, 2, true);
    marks_.width = number(content, 3, 2, true);
    check_size(marks_.height, marks_.width, bytes_.size(), name_, kMostJpegPixelsAByte);
    // A plane for each colour, coefficients of two bytes where they come in scans, and RGB; then RGB twice.
    check_memory(marks_.height, marks_.width, std::max<Index>(6, (progressive ? 3 : 1) * marks_.components + 3), name_);
    int across = 1, down = 1;
    for (Bytes rest = content.subspan(6); !rest.empty(); rest = rest.subspan(3)) {
      across = std::max(across, rest[1] >> 4);
      down = std::max(down, rest[1] & 15);
    }
    for (Bytes rest = content.subspan(6); !rest.empty(); rest = rest.subspan(3)) {
      const Index height = marks_.height * (rest[1] & 15) / down + 8, width = marks_.width * (rest[1] >> 4) / across + 8;
      pixels_[rest[0]] = height * width;
    }
  }

  void read_scan(Bytes content) {
    expect(marks_.components > 0, "a scan before the frame");
    expect(!content.empty() && content.size() == 4 + 2 * std::size_t{content[0]}, "a scan");
    ++scans_;
    TEMPER_CHECK(scans_ <= kMostJpegScans, name_, ": the JPEG has more than ", kMostJpegScans, " scans", kSaveAgain);
    for (std::size_t c = 0; c < content[0]; ++c) {
      const std::uint8_t component = content[1 + 2 * c];
      scanned_.insert(component);
      visited_ += pixels_[component];
    }
    TEMPER_CHECK(visited_ <= 16 * kMostPixels, name_, ": the JPEG has too many scans for its ", marks_.height, " x ", marks_.width,
                 " pixels", kSaveAgain);
    marks_.scanned = static_cast<int>(scanned_.size());
  }

  Bytes bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
  JpegMarks marks_;
  bool has_exif_ = false, restarts_ = false;
  std::array<Index, 256> pixels_{};  // of each component of the frame
  std::set<std::uint8_t> scanned_;
  int scans_ = 0;
  Index visited_ = 0;
};

}  // namespace

JpegMarks read_jpeg_marks(Bytes bytes, const std::string& name) { return Segments(bytes, name).read(); }

}  // namespace temper::data
