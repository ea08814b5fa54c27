#include "data/images/png_chunks.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/check.h"
#include "data/file_bytes.h"
#include "data/images/image.h"

namespace temper::data {
namespace {

constexpr std::array<std::uint8_t, 8> kMark{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

std::uint32_t number(std::span<const std::uint8_t> four) {
  return std::uint32_t{four[0]} << 24 | std::uint32_t{four[1]} << 16 | std::uint32_t{four[2]} << 8 | four[3];
}

}  // namespace

bool is_png(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= kMark.size() && std::ranges::equal(bytes.first(kMark.size()), kMark);
}

void check_png(std::span<const std::uint8_t> bytes, const std::string& name) {
  // A chunk: length of the content, name, content, checksum over name and content.
  constexpr std::size_t kAround = 12;
  for (std::size_t at = kMark.size();;) {
    const std::span<const std::uint8_t> rest = bytes.subspan(at);
    TEMPER_CHECK(rest.size() >= kAround && number(rest) <= rest.size() - kAround, name, ": the PNG is cut off after ", bytes.size(),
                 " bytes; get the whole file");
    const std::size_t length = number(rest);
    const std::span<const std::uint8_t> content = rest.subspan(4, 4 + length);
    TEMPER_CHECK(compute_crc32(content) == number(rest.subspan(8 + length)), name, ": the PNG is damaged between the bytes ", at, " and ",
                 at + kAround + length, "; get the file again");
    const auto is = [&](std::string_view kind) { return std::equal(kind.begin(), kind.end(), content.begin()); };
    if (is("IHDR") && length >= 8) check_size(number(content.subspan(8)), number(content.subspan(4)), bytes.size(), name);
    if (is("IEND")) return;
    at += kAround + length;
  }
}

}  // namespace temper::data
