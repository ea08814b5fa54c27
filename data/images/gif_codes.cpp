#include "data/images/gif_codes.h"

#include <algorithm>
#include <vector>

#include "core/base/check.h"
#include "core/base/shape.h"
#include "data/file_bytes.h"

namespace temper::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

// How many bytes a colour table takes, by the byte of flags before it.
std::size_t table_size(std::uint8_t flags) { return flags & 0x80 ? std::size_t{3} << ((flags & 7) + 1) : 0; }

// The codes of a picture, in blocks of a length and so many bytes.
class Codes {
 public:
  explicit Codes(Bytes blocks) : rest_(blocks) {}

  // The next code of `bits` bits; -1 at the end.
  int next(int bits) {
    for (; count_ < bits; count_ += 8) {
      if (left_ == 0) left_ = byte();
      if (left_ <= 0) return -1;
      --left_;
      const int value = byte();
      if (value < 0) return -1;
      held_ |= static_cast<std::uint32_t>(value) << count_;
    }
    const auto code = static_cast<int>(held_ & ((std::uint32_t{1} << bits) - 1));
    held_ >>= bits;
    count_ -= bits;
    return code;
  }

 private:
  int byte() {
    if (rest_.empty()) return -1;
    const int value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }

  Bytes rest_;
  int left_ = 0;  // bytes of this block
  std::uint32_t held_ = 0;
  int count_ = 0;
};

// How many pixels the codes unpack to (LZW: each code stands for those of an older one and one more), or more than `most`.
Index count_pixels(Bytes data, Index most) {
  if (data.empty() || data[0] > 12) return 0;  // the decoder refuses it
  constexpr std::size_t kMostCodes = 8192;
  const int first_size = data[0] + 1, clear = 1 << data[0];
  std::vector<Index> lengths(kMostCodes, 1);
  Codes codes(data.subspan(1));
  int size = first_size, available = clear + 2, old = -1;
  Index pixels = 0;
  while (pixels <= most) {
    const int code = codes.next(size);
    if (code < 0 || code == clear + 1) break;
    if (code == clear) {
      size = first_size;
      available = clear + 2;
      old = -1;
      continue;
    }
    if (code > available || (old < 0 && code == available)) break;
    if (old >= 0) {
      if (static_cast<std::size_t>(available) + 1 >= kMostCodes) break;
      lengths[static_cast<std::size_t>(available++)] = lengths[static_cast<std::size_t>(old)] + 1;
    }
    pixels += lengths[static_cast<std::size_t>(code)];
    if ((available & ((1 << size) - 1)) == 0 && available <= 0x0FFF) ++size;
    old = code;
  }
  return pixels;
}

}  // namespace

bool is_gif(Bytes bytes) { return begins_with(bytes, "GIF8"); }

void check_gif(Bytes bytes, const std::string& name) {
  constexpr std::size_t kHeader = 13, kDescriptor = 10;
  constexpr std::uint8_t kPicture = 0x2C, kExtension = 0x21;
  if (bytes.size() < kHeader) return;
  std::size_t at = kHeader + table_size(bytes[10]);
  while (at + 2 < bytes.size() && bytes[at] == kExtension) {
    at += 2;
    while (at < bytes.size() && bytes[at] != 0) at += 1 + std::size_t{bytes[at]};
    ++at;
  }
  if (at + kDescriptor >= bytes.size() || bytes[at] != kPicture) return;
  const Bytes descriptor = bytes.subspan(at, kDescriptor);
  const Index width = descriptor[5] | Index{descriptor[6]} << 8, height = descriptor[7] | Index{descriptor[8]} << 8;
  constexpr Index kSpare = 1 << 16;
  const Index most = 2 * width * height + kSpare;
  at += kDescriptor + table_size(descriptor[9]);
  TEMPER_CHECK(at >= bytes.size() || count_pixels(bytes.subspan(at), most) <= most, name, ": the GIF unpacks to more than twice its ",
               height, " x ", width, " pixels; get the file again, or save it again as PNG or JPEG");
}

}  // namespace temper::data
