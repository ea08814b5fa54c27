#include "apps/report/png.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "core/base/base64.h"

namespace temper::report {
namespace {

using Bytes = std::vector<std::uint8_t>;

void append_big_endian(Bytes& bytes, std::uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift & 255));
}

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

std::uint32_t adler32(std::span<const std::uint8_t> bytes) {
  std::uint32_t a = 1, b = 0;
  for (const std::uint8_t byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

void append_chunk(Bytes& file, std::string_view type, const Bytes& content) {
  append_big_endian(file, static_cast<std::uint32_t>(content.size()));
  const std::size_t begin = file.size();
  file.insert(file.end(), type.begin(), type.end());
  file.insert(file.end(), content.begin(), content.end());
  append_big_endian(file, crc32(std::span(file).subspan(begin)));
}

// A zlib stream of stored blocks (RFC 1950, RFC 1951).
Bytes stored(const Bytes& bytes) {
  constexpr std::size_t kBlock = 65535;
  Bytes stream{0x78, 0x01};
  for (std::size_t begin = 0; begin < bytes.size(); begin += kBlock) {
    const std::size_t size = std::min(kBlock, bytes.size() - begin);
    const std::uint8_t low = static_cast<std::uint8_t>(size & 255), high = static_cast<std::uint8_t>(size >> 8);
    const std::uint8_t last = begin + size == bytes.size() ? 1 : 0;
    for (const int byte : {int{last}, int{low}, int{high}, 255 - low, 255 - high}) stream.push_back(static_cast<std::uint8_t>(byte));
    stream.insert(stream.end(), bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                  bytes.begin() + static_cast<std::ptrdiff_t>(begin + size));
  }
  append_big_endian(stream, adler32(bytes));
  return stream;
}

}  // namespace

Bytes png(const runs::Thumbnail& picture) {
  Bytes header;
  append_big_endian(header, static_cast<std::uint32_t>(picture.width));
  append_big_endian(header, static_cast<std::uint32_t>(picture.height));
  const std::uint8_t gray = 0, colour = 2;
  for (const int byte : {8, picture.channels == 1 ? int{gray} : int{colour}, 0, 0, 0}) header.push_back(static_cast<std::uint8_t>(byte));
  Bytes lines;
  const Index line = picture.width * picture.channels;
  for (Index y = 0; y < picture.height; ++y) {
    lines.push_back(0);  // no filter
    lines.insert(lines.end(), picture.pixels.begin() + y * line, picture.pixels.begin() + (y + 1) * line);
  }
  Bytes file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  append_chunk(file, "IHDR", header);
  append_chunk(file, "IDAT", stored(lines));
  append_chunk(file, "IEND", {});
  return file;
}

std::string png_address(const runs::Thumbnail& picture) { return "data:image/png;base64," + to_base64(png(picture)); }

}  // namespace temper::report
