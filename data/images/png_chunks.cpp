#include "data/images/png_chunks.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "data/images/image.h"
#include "data/unpack.h"

namespace temper::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 8> kMark{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr const char* kGetPngAgain = "; get the file again";

std::uint32_t number(Bytes four) {
  return std::uint32_t{four[0]} << 24 | std::uint32_t{four[1]} << 16 | std::uint32_t{four[2]} << 8 | four[3];
}

// Bytes of (height, width) pixels of so many bits: every row is preceded by the number of its filter.
Index packed_rows(Index height, Index width, Index bits) { return width == 0 ? 0 : height * (1 + (width * bits + 7) / 8); }

// How many bytes the data of a picture unpack to, by the content of its IHDR chunk. Throws Error when it would take too much memory.
Index unpacked_size(Bytes header, const std::string& name) {
  constexpr std::array<Index, 7> kChannels{1, 0, 3, 1, 2, 0, 4};  // gray, RGB, palette, gray and alpha, RGBA
  const Index width = number(header), height = number(header.subspan(4));
  const int depth = header[8], kind = header[9], interlaced = header[12];
  const Index channels = kind < 7 ? kChannels[static_cast<std::size_t>(kind)] : 0;
  const bool known_depth =
      depth == 8 || (depth == 16 && kind != 3) || ((kind == 0 || kind == 3) && (depth == 1 || depth == 2 || depth == 4));
  TEMPER_CHECK(channels > 0 && known_depth && header[10] == 0 && header[11] == 0 && interlaced <= 1, name,
               ": the header of the PNG is invalid (colours ", kind, " of ", depth, " bits, packed ", int{header[10]}, ", filtered ",
               int{header[11]}, ", interlaced ", interlaced, ")", kGetPngAgain);
  const Index bits = channels * depth;
  // The unpacked bytes and RGBA, of the same depth; the passes are put together in a third copy. Then RGBA and RGB, of 8 bits.
  const Index sample = depth == 16 ? 2 : 1, whole = interlaced == 1 ? 6 : 4;
  check_memory(height, width, std::max(sample * (channels + whole), depth == 16 ? Index{12} : Index{7}), name);
  if (interlaced == 0) return packed_rows(height, width, bits);
  struct Pass {  // of Adam7
    Index x, y, dx, dy;
  };
  Index bytes = 0;
  for (const auto& [x, y, dx, dy] : {Pass{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}})
    bytes += packed_rows((height - y + dy - 1) / dy, (width - x + dx - 1) / dx, bits);
  return bytes;
}

// Counts what the data of a picture unpack to, a chunk after the other.
class DataCounter {
 public:
  DataCounter(Index expected, const std::string& name) : expected_(expected), name_(name), room_(1 << 16) {}

  void add(Bytes packed) {
    while (!packed.empty() && !unpacker_.ended()) {  // decoders ignore what follows the end
      count_ += static_cast<Index>(unpacker_.unpack(packed, room_));
      TEMPER_CHECK(!unpacker_.damaged(), name_, ": the data of the PNG are damaged (", unpacker_.message(), ")", kGetPngAgain);
      TEMPER_CHECK(count_ <= expected_, name_, ": the data of the PNG unpack to more than the ", expected_, " bytes of its pixels",
                   kGetPngAgain);
    }
  }
  void finish() const {
    TEMPER_CHECK(unpacker_.ended() && count_ == expected_, name_, ": the data of the PNG unpack to ", count_, " of the ", expected_,
                 " bytes of its pixels", unpacker_.ended() ? "" : " and do not end", kGetPngAgain);
  }

 private:
  Index expected_, count_ = 0;
  const std::string& name_;
  Unpacker unpacker_{Unpacker::Format::zlib};
  std::vector<std::uint8_t> room_;
};

}  // namespace

bool is_png(Bytes bytes) { return bytes.size() >= kMark.size() && std::ranges::equal(bytes.first(kMark.size()), kMark); }

void check_png(Bytes bytes, const std::string& name) {
  // A chunk: length of the content, name, content, checksum over name and content.
  constexpr std::size_t kAround = 12, kHeader = 13;
  std::unique_ptr<DataCounter> data;
  for (std::size_t at = kMark.size();;) {
    const Bytes rest = bytes.subspan(at);
    TEMPER_CHECK(rest.size() >= kAround && number(rest) <= rest.size() - kAround, name, ": the PNG is cut off after ", bytes.size(),
                 " bytes; get the whole file");
    const std::size_t length = number(rest);
    const Bytes named = rest.subspan(4, 4 + length), content = named.subspan(4);
    TEMPER_CHECK(compute_crc32(named) == number(rest.subspan(8 + length)), name, ": the PNG is damaged between the bytes ", at, " and ",
                 at + kAround + length, kGetPngAgain);
    const auto is = [&](std::string_view kind) { return std::equal(kind.begin(), kind.end(), named.begin()); };
    TEMPER_CHECK(!is("CgBI"), name, ": a PNG as Apple's tools change it for telephones, with exchanged colours; convert it to a usual PNG");
    TEMPER_CHECK(is("IHDR") == (data == nullptr) && (!is("IHDR") || length == kHeader), name, ": the PNG has ",
                 data ? "a second header" : "no header", " at byte ", at, kGetPngAgain);
    if (is("IHDR")) {
      check_size(number(content.subspan(4)), number(content), bytes.size(), name);
      data = std::make_unique<DataCounter>(unpacked_size(content, name), name);
    }
    if (is("IDAT")) data->add(content);
    if (is("IEND")) return data->finish();
    at += kAround + length;
  }
}

}  // namespace temper::data
