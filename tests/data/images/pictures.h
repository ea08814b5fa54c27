// Pictures for tests, written by the simplest code that gives valid files.
#pragma once

#include <zlib.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/shape.h"
#include "tests/data/file_folder.h"

namespace temper::tests {

inline void put(Bytes& bytes, std::uint32_t value, int count, bool big_endian = true) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * (big_endian ? count - 1 - i : i)));
}

// A PNG of the given kind (0 gray, 2 RGB, 4 gray and alpha, 6 RGBA) from rows of big-endian samples.
inline Bytes png(std::uint32_t height, std::uint32_t width, int depth, int kind, const Bytes& samples) {
  Bytes file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const auto chunk = [&](const std::string& name, const Bytes& content) {
    put(file, static_cast<std::uint32_t>(content.size()), 4);
    Bytes body(name.begin(), name.end());
    body.insert(body.end(), content.begin(), content.end());
    file.insert(file.end(), body.begin(), body.end());
    put(file, static_cast<std::uint32_t>(crc32(0, body.data(), static_cast<uInt>(body.size()))), 4);
  };
  Bytes header;
  put(header, width, 4);
  put(header, height, 4);
  for (const int value : {depth, kind, 0, 0, 0}) put(header, static_cast<std::uint32_t>(value), 1);
  chunk("IHDR", header);
  Bytes rows;
  const std::size_t row_size = samples.size() / height;
  for (std::size_t y = 0; !samples.empty() && y < height; ++y) {
    rows.push_back(0);  // no filter
    rows.insert(rows.end(), samples.begin() + static_cast<std::ptrdiff_t>(y * row_size),
                samples.begin() + static_cast<std::ptrdiff_t>((y + 1) * row_size));
  }
  Bytes packed(compressBound(static_cast<uLong>(rows.size())));
  uLongf size = static_cast<uLongf>(packed.size());
  REQUIRE(compress(packed.data(), &size, rows.data(), static_cast<uLong>(rows.size())) == Z_OK);
  packed.resize(size);
  chunk("IDAT", packed);
  chunk("IEND", {});
  return file;
}

// An RGB picture whose samples are value(y, x, c).
using Samples = std::function<int(Index y, Index x, Index c)>;
inline Bytes png(Index height, Index width, const Samples& value) {
  Bytes samples;
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x)
      for (Index c = 0; c < 3; ++c) samples.push_back(static_cast<std::uint8_t>(value(y, x, c)));
  return png(static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width), 8, 2, samples);
}
inline Bytes plain_png(Index height, Index width, int level) {
  return png(height, width, [=](Index, Index, Index) { return level; });
}

// A picture that Pillow made, of tests/golden/pictures.
inline std::string golden_path(const std::string& name) { return TEMPER_SOURCE_DIR "/tests/golden/pictures/" + name; }
inline Bytes golden_picture(const std::string& name) {
  std::ifstream in(golden_path(name), std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

// The JPEG with a segment put behind its start mark.
inline Bytes with_segment(const Bytes& jpeg, std::uint32_t marker, const Bytes& content) {
  Bytes file(jpeg.begin(), jpeg.begin() + 2);
  put(file, 0xFF00 + marker, 2);
  put(file, static_cast<std::uint32_t>(content.size() + 2), 2);
  file.insert(file.end(), content.begin(), content.end());
  file.insert(file.end(), jpeg.begin() + 2, jpeg.end());
  return file;
}

// An Exif segment whose first directory has another entry and the orientation.
inline Bytes exif(std::uint32_t orientation, bool big_endian) {
  Bytes content{'E', 'x', 'i', 'f', 0, 0};
  content.insert(content.end(), 2, big_endian ? 'M' : 'I');
  put(content, 42, 2, big_endian);
  put(content, 8, 4, big_endian);
  put(content, 2, 2, big_endian);
  for (const auto& [tag, value] : {std::pair{0x0100u, 640u}, {0x0112u, orientation}}) {
    put(content, tag, 2, big_endian);
    put(content, 3, 2, big_endian);  // short
    put(content, 1, 4, big_endian);
    put(content, value, 2, big_endian);
    put(content, 0, 2, big_endian);
  }
  put(content, 0, 4, big_endian);
  return content;
}

}  // namespace temper::tests
