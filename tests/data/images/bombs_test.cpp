// Pictures that would take more memory or time than their headers let expect: each is refused by name before the decoder sees it.

#include <doctest/doctest.h>

#include <array>

#include "data/images/image.h"
#include "tests/data/images/pictures.h"

namespace temper::tests {
namespace {

using data::decode_image;

std::string bomb_refusal(const Bytes& bytes) {
  return error_of([&] { decode_image(bytes, "some/bomb"); });
}

void append_chunk(Bytes& file, const std::string& name, const Bytes& content) {
  put(file, static_cast<std::uint32_t>(content.size()), 4);
  Bytes body(name.begin(), name.end());
  body.insert(body.end(), content.begin(), content.end());
  file.insert(file.end(), body.begin(), body.end());
  put(file, static_cast<std::uint32_t>(crc32(0, body.data(), static_cast<uInt>(body.size()))), 4);
}

Bytes zlib_packed(const Bytes& raw) {
  Bytes packed(compressBound(static_cast<uLong>(raw.size())));
  uLongf size = static_cast<uLongf>(packed.size());
  REQUIRE(compress2(packed.data(), &size, raw.data(), static_cast<uLong>(raw.size()), 1) == Z_OK);
  packed.resize(size);
  return packed;
}

struct PngHeader {
  std::uint32_t height = 1, width = 1;
  int depth = 8, colours = 0, packing = 0, filter = 0, interlaced = 0;
  Bytes bytes() const {
    Bytes header;
    put(header, width, 4);
    put(header, height, 4);
    for (const int value : {depth, colours, packing, filter, interlaced}) put(header, static_cast<std::uint32_t>(value), 1);
    return header;
  }
};

// A PNG whose data, in pieces of at most `piece` bytes, unpack to `raw`.
Bytes png_of(const PngHeader& header, const Bytes& raw, std::size_t piece = 1 << 20) {
  Bytes file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  append_chunk(file, "IHDR", header.bytes());
  if (header.colours == 3) append_chunk(file, "PLTE", {1, 2, 3, 4, 5, 6});
  const Bytes packed = zlib_packed(raw);
  for (std::size_t at = 0; at < packed.size(); at += piece)
    append_chunk(file, "IDAT",
                 {packed.begin() + static_cast<std::ptrdiff_t>(at),
                  packed.begin() + static_cast<std::ptrdiff_t>(std::min(packed.size(), at + piece))});
  append_chunk(file, "IEND", {});
  return file;
}

// How many bytes the rows of a picture are, counted pixel by pixel.
std::size_t counted_rows(const PngHeader& header, int bits) {
  constexpr int kPassOf[8][8] = {{0, 5, 3, 5, 1, 5, 3, 5}, {6, 6, 6, 6, 6, 6, 6, 6}, {4, 5, 4, 5, 4, 5, 4, 5}, {6, 6, 6, 6, 6, 6, 6, 6},
                                 {2, 5, 3, 5, 2, 5, 3, 5}, {6, 6, 6, 6, 6, 6, 6, 6}, {4, 5, 4, 5, 4, 5, 4, 5}, {6, 6, 6, 6, 6, 6, 6, 6}};
  std::size_t bytes = 0;
  for (std::uint32_t y = 0; y < header.height; ++y) {
    std::array<int, 7> pixels{};
    for (std::uint32_t x = 0; x < header.width; ++x) ++pixels[static_cast<std::size_t>(header.interlaced ? kPassOf[y % 8][x % 8] : 0)];
    for (const int count : pixels) bytes += count == 0 ? 0 : 1 + static_cast<std::size_t>(count * bits + 7) / 8;
  }
  return bytes;
}

TEST_CASE("image bombs: a PNG that unpacks to more or less than its pixels, interlaced or not, is refused") {
  struct Kind {
    int colours, depth, bits;
  };
  for (const Kind& kind : {Kind{0, 1, 1}, Kind{0, 8, 8}, Kind{0, 16, 16}, Kind{2, 8, 24}, Kind{3, 4, 4}, Kind{4, 8, 16}, Kind{6, 16, 64}}) {
    for (const int interlaced : {0, 1}) {
      for (std::uint32_t height = 1; height <= 9; ++height) {
        for (std::uint32_t width = 1; width <= 9; ++width) {
          const PngHeader header{.height = height, .width = width, .depth = kind.depth, .colours = kind.colours, .interlaced = interlaced};
          const std::size_t size = counted_rows(header, kind.bits);
          CAPTURE(height);
          CAPTURE(width);
          CHECK(bomb_refusal(png_of(header, Bytes(size, 0), 5)) == "");
          CHECK(holds(bomb_refusal(png_of(header, Bytes(size + 1, 0))),
                      {"some/bomb", "unpack to more than the " + std::to_string(size) + " bytes"}));
          CHECK(holds(bomb_refusal(png_of(header, Bytes(size - 1, 0))), {"some/bomb", "of the " + std::to_string(size) + " bytes"}));
        }
      }
    }
  }
  CHECK(holds(bomb_refusal(png_of({.height = 10, .width = 10, .colours = 2}, Bytes(30'000'000, 0))), {"more than the 310 bytes"}));
}

TEST_CASE("image bombs: a PNG with a header that is invalid, absent or twice there is refused") {
  const PngHeader fine{.height = 3, .width = 3};
  const Bytes rows(12, 0);
  for (const PngHeader& header : {PngHeader{.depth = 3}, PngHeader{.colours = 1}, PngHeader{.colours = 5}, PngHeader{.colours = 7},
                                  PngHeader{.depth = 4, .colours = 2}, PngHeader{.depth = 16, .colours = 3}, PngHeader{.packing = 1},
                                  PngHeader{.filter = 1}, PngHeader{.interlaced = 2}})
    CHECK(holds(bomb_refusal(png_of(header, rows)), {"some/bomb", "header of the PNG is invalid"}));
  Bytes noise(20'000);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<std::uint8_t>(i * i * 2654435761u >> 13);
  CHECK(holds(bomb_refusal(png_of({.height = 8000, .width = 16000, .depth = 16, .colours = 6}, noise)),
              {"some/bomb", "8000 x 16000 pixels of this kind, at 16 bytes each"}));
  const auto with_first = [&](const std::string& name, const Bytes& content) {
    Bytes file = png_of(fine, rows), chunk;
    append_chunk(chunk, name, content);
    file.insert(file.begin() + 8, chunk.begin(), chunk.end());
    return file;
  };
  CHECK(holds(bomb_refusal(with_first("CgBI", {1, 2, 3, 4})), {"some/bomb", "Apple"}));
  CHECK(holds(bomb_refusal(with_first("IHDR", fine.bytes())), {"some/bomb", "a second header"}));
  CHECK(holds(bomb_refusal(with_first("tEXt", {'a'})), {"some/bomb", "no header"}));
  Bytes endless = zlib_packed(rows), file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  endless.resize(endless.size() - 5);
  append_chunk(file, "IHDR", fine.bytes());
  append_chunk(file, "IDAT", endless);
  append_chunk(file, "IEND", {});
  CHECK(holds(bomb_refusal(file), {"some/bomb", "do not end"}));
}

// The JPEG with bytes put before its end mark.
Bytes before_end(Bytes jpeg, const Bytes& more) {
  jpeg.insert(jpeg.end() - 2, more.begin(), more.end());
  return jpeg;
}
Bytes repeated(const Bytes& bytes, int times) {
  Bytes all;
  for (int i = 0; i < times; ++i) all.insert(all.end(), bytes.begin(), bytes.end());
  return all;
}

TEST_CASE("image bombs: a JPEG of too many scans or segments, or of scans that visit too many pixels, is refused") {
  const Bytes plain = golden_picture("progressive.jpg");
  const Bytes scan{0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0}, comment{0xFF, 0xFE, 0, 2};
  CHECK(holds(bomb_refusal(before_end(plain, repeated(scan, 5000))), {"some/bomb", "more than 500 scans"}));
  CHECK(bomb_refusal(with_segment(plain, 0xFE, repeated(scan, 600))) == "");
  CHECK(bomb_refusal(before_end(plain, repeated(comment, 9'000))) == "");
  CHECK(holds(bomb_refusal(before_end(plain, repeated(comment, 10'001))), {"some/bomb", "more than 10000 segments"}));
  // A frame of 8000 x 16000 gray pixels in 130 kB, and 20 scans of it.
  Bytes large{0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8, 0x1F, 0x40, 0x3E, 0x80, 1, 1, 0x11, 0};
  const Bytes head = large;
  large.insert(large.end(), 130'000, 0);
  put(large, 0xFFD9, 2);
  CHECK(holds(bomb_refusal(before_end(large, {})), {"some/bomb"}));
  Bytes scans = head;
  for (int i = 0; i < 20; ++i) {
    scans.insert(scans.end(), scan.begin(), scan.end());
    scans.insert(scans.end(), 7000, 0);
  }
  put(scans, 0xFFD9, 2);
  CHECK(holds(bomb_refusal(scans), {"some/bomb", "too many scans for its 8000 x 16000 pixels"}));
  put(large = head, 0xFFD9, 2);
  CHECK(holds(bomb_refusal(large), {"some/bomb", "8000 x 16000 pixels, more than 17 bytes can hold"}));
}

TEST_CASE("image bombs: pictures within the limit of pixels whose kind takes more memory are refused by their header") {
  Bytes jpeg{0xFF, 0xD8, 0xFF, 0xC2, 0, 17, 8, 0x1F, 0x40, 0x3E, 0x80, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0};
  for (int i = 0; i < 3; ++i) {
    put(jpeg, 0xFFFE, 2);
    put(jpeg, 60'002, 2);
    jpeg.resize(jpeg.size() + 60'000);
  }
  put(jpeg, 0xFFD9, 2);
  CHECK(holds(bomb_refusal(jpeg), {"some/bomb", "8000 x 16000 pixels of this kind, at 12 bytes each"}));
  jpeg[3] = 0xC0;  // a sequential one has no coefficients to keep
  CHECK(holds(bomb_refusal(jpeg), {"some/bomb", "0 of its 3 colours"}));
  Bytes gif{'G', 'I', 'F', '8', '9', 'a', 0x80, 0x3E, 0x40, 0x1F, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2};
  gif.resize(40'000);
  CHECK(holds(bomb_refusal(gif), {"some/bomb", "8000 x 16000 pixels of this kind, at 9 bytes each"}));
}

TEST_CASE("image bombs: what follows the end of a JPEG is no part of it, and what no decoder knows inside is refused") {
  Bytes table{0x10};
  table.insert(table.end(), 16, 255);
  const Bytes plain = golden_picture("progressive.jpg"), whole = with_segment(plain, 0xFE, {'x'});
  Bytes followed = whole;  // as the film of a moving photo
  put(followed, 0xFFC4, 2);
  put(followed, 19, 2);
  followed.insert(followed.end(), table.begin(), table.end());
  CHECK(decode_image(followed, "followed").pixels == decode_image(plain, "plain").pixels);
  CHECK(holds(bomb_refusal(before_end(plain, {0xFF, 0xF5, 0, 4, 1, 2})), {"some/bomb", "unknown segment"}));
  CHECK(holds(bomb_refusal(before_end(plain, {0xFF, 0xDB, 0, 4, 0, 1})), {"some/bomb", "a table of factors"}));
  CHECK(holds(bomb_refusal(before_end(plain, {0xFF, 0xFE, 0, 1})), {"some/bomb", "cut off"}));
  CHECK(holds(bomb_refusal(before_end(plain, {0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0})), {"some/bomb", "a second frame"}));
  CHECK(holds(bomb_refusal({0xFF, 0xD8, 0xFF, 0xC9, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0, 0xFF, 0xD9}), {"some/bomb", "rare kind"}));
}

// A GIF of one pixel with `count` codes that each stand for one more pixel than the one before.
Bytes growing_gif(int count) {
  Bytes file{'G',  'I',  'F', '8', '9', 'a', 1, 0, 1,    0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255,
             0x21, 0xF9, 4,   0,   0,   0,   0, 0, 0x2C, 0, 0,    0, 0, 1, 0, 1, 0,   0,   2};
  Bytes packed;
  std::uint32_t held = 0;
  int bits = 0, size = 3, available = 6;
  const auto add = [&](int code) {
    held |= static_cast<std::uint32_t>(code) << bits;
    for (bits += size; bits >= 8; bits -= 8, held >>= 8) packed.push_back(static_cast<std::uint8_t>(held & 255));
  };
  add(4);
  add(0);
  for (int i = 0; i < count; ++i) {
    add(available++);
    if ((available & ((1 << size) - 1)) == 0 && available < 4096) ++size;
  }
  add(5);
  packed.push_back(static_cast<std::uint8_t>(held & 255));
  for (std::size_t at = 0; at < packed.size(); at += 255) {
    const std::size_t length = std::min<std::size_t>(255, packed.size() - at);
    file.push_back(static_cast<std::uint8_t>(length));
    file.insert(file.end(), packed.begin() + static_cast<std::ptrdiff_t>(at), packed.begin() + static_cast<std::ptrdiff_t>(at + length));
  }
  file.insert(file.end(), {0, 0x3B});
  return file;
}

TEST_CASE("image bombs: a GIF whose codes go on behind its last pixel is refused") {
  CHECK(bomb_refusal(growing_gif(100)) == "");
  CHECK(holds(bomb_refusal(growing_gif(1000)), {"some/bomb", "more than twice its 1 x 1 pixels"}));
}

TEST_CASE("image bombs: headers that claim more pixels than a file of their kind can hold") {
  const auto file = [](const std::string& header, std::size_t size) {
    Bytes bytes(header.begin(), header.end());
    bytes.resize(size, '1');
    return bytes;
  };
  CHECK(holds(bomb_refusal(file("P5 10000 2000 255 ", 3000)), {"some/bomb", "cut off after 3000 bytes"}));
  CHECK(holds(bomb_refusal(file("P2 1000 2000 255 ", 3'000'000)), {"some/bomb", "cut off"}));
  CHECK(holds(bomb_refusal(file("P1 1000 2000 ", 1'999'000)), {"some/bomb", "cut off"}));
  CHECK(holds(bomb_refusal(file("P4 1000 2000 ", 249'000)), {"some/bomb", "cut off"}));
  Bytes tga{0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x10, 0xFF, 0x10, 24, 0x20};
  tga.resize(2000);
  CHECK(holds(bomb_refusal(tga), {"some/bomb", "4351 x 4351 pixels, more than 2000 bytes can hold"}));
  Bytes bmp{'B', 'M'};
  for (const std::uint32_t value : {54u, 0u, 54u, 40u, 10'000u, 10'000u}) put(bmp, value, 4, false);
  put(bmp, 1, 2, false);
  put(bmp, 24, 2, false);
  bmp.resize(20'000);
  CHECK(holds(bomb_refusal(bmp), {"some/bomb", "more than 20000 bytes can hold"}));
}

}  // namespace
}  // namespace temper::tests
