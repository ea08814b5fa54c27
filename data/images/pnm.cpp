#include "data/images/pnm.h"

#include "core/base/check.h"

namespace temper::data {
namespace {

bool is_space(std::uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
bool is_digit(std::uint8_t byte) { return byte >= '0' && byte <= '9'; }

class PnmReader {
 public:
  PnmReader(std::span<const std::uint8_t> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  // The next number of the header or of a text picture; blanks and comments (# to the end of the line) before it are skipped.
  Index number() {
    skip_blanks();
    constexpr Index kMost = 1'000'000'000;
    Index value = 0;
    const std::size_t start = at_;
    for (; at_ < bytes_.size() && is_digit(bytes_[at_]); ++at_) {
      value = 10 * value + (bytes_[at_] - '0');
      TEMPER_CHECK(value <= kMost, name_, ": a number of the PNM picture is too large at byte ", start, "; save it again");
    }
    check_complete(start);
    TEMPER_CHECK(at_ > start, name_, ": the PNM picture has no number at byte ", start, " where one was expected; save it again");
    return value;
  }
  // A bit of a text picture: 0 or 1, blanks between them may be missing.
  Index bit() {
    skip_blanks();
    check_complete(at_);
    const std::uint8_t byte = bytes_[at_++];
    TEMPER_CHECK(byte == '0' || byte == '1', name_, ": the PNM picture has no bit at byte ", at_ - 1, "; save it again");
    return byte - '0';
  }
  Index byte() {
    check_complete(at_);
    return bytes_[at_++];
  }
  // The one blank between header and bytes.
  void end_of_header() {
    check_complete(at_);
    TEMPER_CHECK(is_space(bytes_[at_++]), name_, ": the header of the PNM picture does not end at byte ", at_ - 1, "; save it again");
  }

  // Before memory is taken for what the header claims.
  void check_holds(Index bytes) const {
    TEMPER_CHECK(bytes <= static_cast<Index>(bytes_.size() - at_), name_, ": the PNM picture is cut off after ", bytes_.size(),
                 " bytes; get the whole file");
  }

 private:
  void skip_blanks() {
    for (; at_ < bytes_.size(); ++at_) {
      if (bytes_[at_] == '#') {
        while (at_ < bytes_.size() && bytes_[at_] != '\n') ++at_;
        if (at_ == bytes_.size()) return;
      } else if (!is_space(bytes_[at_])) {
        return;
      }
    }
  }
  void check_complete(std::size_t at) const {
    TEMPER_CHECK(at < bytes_.size(), name_, ": the PNM picture is cut off after ", bytes_.size(), " bytes; get the whole file");
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  std::size_t at_ = 2;  // after the mark
};

// The fewest bytes that the pixels of a picture take. As text, two of a number and of the blank before it, one of a bit.
Index smallest_size(const Image& image, int kind, bool text, bool small_values) {
  const Index values = image.height * image.width * (kind == 2 ? 3 : 1);
  if (kind == 0) return text ? values : image.height * ((image.width + 7) / 8);
  return text || !small_values ? 2 * values : values;
}

}  // namespace

bool is_pnm(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' && (is_space(bytes[2]) || bytes[2] == '#');
}

Image decode_pnm(std::span<const std::uint8_t> bytes, const std::string& name) {
  PnmReader reader(bytes, name);
  const int kind = (bytes[1] - '1') % 3;  // 0 bits, 1 gray, 2 colour
  const bool text = bytes[1] < '4', bits = kind == 0;
  Image image{.height = 0, .width = reader.number(), .pixels = {}};
  image.height = reader.number();
  const Index most = bits ? 1 : reader.number();
  TEMPER_CHECK(most >= 1 && most <= 65535, name, ": the PNM picture has values up to ", most, ", expected 1-65535; save it again");
  check_size(image.height, image.width, bytes.size(), name);
  if (!text) reader.end_of_header();
  reader.check_holds(smallest_size(image, kind, text, most < 256));

  Index packed = 0;
  const auto value = [&](Index x) {
    if (bits && text) return 1 - reader.bit();  // 1 is black
    if (text) return reader.number();
    if (!bits) return most < 256 ? reader.byte() : reader.byte() * 256 + reader.byte();
    if (x % 8 == 0) packed = reader.byte();
    return 1 - (packed >> (7 - x % 8) & 1);
  };
  image.pixels.resize(static_cast<std::size_t>(3 * image.height * image.width));
  std::uint8_t* out = image.pixels.data();
  for (Index i = 0; i < image.height * image.width; ++i, out += 3) {
    for (int c = 0; c < (kind == 2 ? 3 : 1); ++c) {
      const Index v = value(i % image.width);
      TEMPER_CHECK(v <= most, name, ": the PNM picture has the value ", v, " above its maximum ", most, "; save it again");
      out[c] = static_cast<std::uint8_t>((255 * v + most / 2) / most);
    }
    if (kind != 2) out[1] = out[2] = out[0];
  }
  return image;
}

}  // namespace temper::data
