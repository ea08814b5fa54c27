#include "data/images/image.h"

#include <doctest/doctest.h>

#include "core/base/random.h"
#include "tests/data/images/pictures.h"

namespace temper::tests {
namespace {

using data::decode_image;
using data::Image;
using Rgb = std::array<int, 3>;

Rgb pixel(const Image& image, Index y, Index x) {
  const std::uint8_t* p = image.pixels.data() + 3 * (y * image.width + x);
  return {p[0], p[1], p[2]};
}

std::string refusal(const Bytes& bytes) {
  return error_of([&] { decode_image(bytes, "some/picture"); });
}

Bytes text(const std::string& letters) { return {letters.begin(), letters.end()}; }

Bytes noise() {
  return png(9, 7, [](Index y, Index x, Index c) { return static_cast<int>(37 * y * y + 91 * x + 53 * c) % 256; });
}
// 3 x 2 pixels of blue, green and red 0, 10, ..., 170, uncompressed.
Bytes tga() {
  Bytes file{0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 2, 0, 24, 0x20};
  for (int i = 0; i < 18; ++i) file.push_back(static_cast<std::uint8_t>(10 * i));
  return file;
}
Bytes bmp() {
  Bytes file{'B', 'M'};
  for (const std::uint32_t value : {54u + 24u, 0u, 54u, 40u, 3u, 2u}) put(file, value, 4, false);
  put(file, 1, 2, false);
  put(file, 24, 2, false);
  for (int i = 0; i < 6; ++i) put(file, 0, 4, false);
  for (int y = 1; y >= 0; --y) {  // the bottom row first, rows of 12 bytes
    for (int i = 0; i < 9; ++i) file.push_back(static_cast<std::uint8_t>(10 * (9 * y + i)));
    file.insert(file.end(), 3, 0);
  }
  return file;
}

TEST_CASE("image: PNG of every colour kind and depth becomes RGB") {
  const Image rgb = decode_image(png(2, 3, [](Index y, Index x, Index c) { return static_cast<int>(100 * y + 10 * x + c); }), "rgb");
  CHECK(rgb.height == 2);
  CHECK(rgb.width == 3);
  CHECK(pixel(rgb, 1, 2) == Rgb{120, 121, 122});
  CHECK(pixel(decode_image(png(1, 2, 8, 0, {7, 200}), "gray"), 0, 1) == Rgb{200, 200, 200});
  // Over white: 100 at 51/255 is 100/5 + 255*4/5.
  const Image half = decode_image(png(1, 2, 8, 4, {7, 255, 100, 51}), "gray and alpha");
  CHECK(pixel(half, 0, 0) == Rgb{7, 7, 7});
  CHECK(pixel(half, 0, 1) == Rgb{224, 224, 224});
  CHECK(pixel(decode_image(png(1, 1, 8, 6, {10, 20, 30, 0}), "clear"), 0, 0) == Rgb{255, 255, 255});
  const Image deep = decode_image(png(1, 3, 16, 0, {0x00, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF}), "255, 4095, 65535");
  CHECK(pixel(deep, 0, 0) == Rgb{0, 0, 0});
  CHECK(pixel(deep, 0, 1) == Rgb{15, 15, 15});
  CHECK(pixel(deep, 0, 2) == Rgb{255, 255, 255});
  CHECK(pixel(decode_image(png(1, 8, 1, 0, {0b01000000}), "bits"), 0, 1) == Rgb{255, 255, 255});
}

TEST_CASE("image: BMP, TGA, GIF and progressive JPEG") {
  for (const Bytes& file : {tga(), bmp()}) {
    const Image image = decode_image(file, "image");
    CHECK(image.height == 2);
    CHECK(image.width == 3);
    CHECK(pixel(image, 0, 0) == Rgb{20, 10, 0});
    CHECK(pixel(image, 1, 2) == Rgb{170, 160, 150});
  }
  const Image gif = decode_image(golden_picture("palette.gif"), "gif");
  CHECK(gif.height == 3);
  CHECK(gif.width == 5);
  CHECK(pixel(gif, 2, 3) == Rgb{172, 83, 56});
  const Image jpeg = decode_image(golden_picture("progressive.jpg"), "jpeg");
  CHECK(jpeg.width == 16);
  for (Index x = 0; x < 16; x += 5) {
    CHECK(std::abs(pixel(jpeg, 4, x)[0] - 16 * static_cast<int>(x)) < 12);
    CHECK(std::abs(pixel(jpeg, 4, x)[1] - (255 - 16 * static_cast<int>(x))) < 12);
  }
}

TEST_CASE("image: PNM as text and bytes, with comments and any maximum") {
  const Image colour = decode_image(text("P3 # a comment\n2 1\n#another\n100\n0 50 100  100 0 1\n"), "ppm");
  CHECK(pixel(colour, 0, 0) == Rgb{0, 128, 255});
  CHECK(pixel(colour, 0, 1) == Rgb{255, 0, 3});
  CHECK(pixel(decode_image(text("P2 1 1 65535 65535\n"), "pgm"), 0, 0) == Rgb{255, 255, 255});
  CHECK(pixel(decode_image(text("P5 2 1 65535\n\x80\x01\x01\xFF"), "pgm"), 0, 0) == Rgb{128, 128, 128});
  CHECK(pixel(decode_image(text("P6 1 1 255 abc"), "ppm"), 0, 0) == Rgb{'a', 'b', 'c'});
  CHECK(pixel(decode_image(text("P1 3 1 101"), "pbm"), 0, 1) == Rgb{255, 255, 255});
  CHECK(pixel(decode_image(text("P4 9 1\n\x7F\x80"), "pbm"), 0, 0) == Rgb{255, 255, 255});
  CHECK(pixel(decode_image(text("P4 9 1\n\x7F\x80"), "pbm"), 0, 8) == Rgb{0, 0, 0});
  CHECK(holds(refusal(text("P2 1 1 255 256\n")), {"some/picture", "256", "above its maximum"}));
  CHECK(holds(refusal(text("P2 1 1 0 0\n")), {"expected 1-65535"}));
  CHECK(holds(refusal(text("P2 1 x 255 0\n")), {"byte 5"}));
  CHECK(holds(refusal(text("P5 2 2 255 abc")), {"cut off after 14 bytes"}));
}

TEST_CASE("image: a JPEG is turned upright by each of the eight Exif orientations") {
  const Bytes plain = golden_picture("progressive.jpg");  // red grows along x, blue along y
  const Image stored = decode_image(plain, "stored");
  struct Corner {
    bool bottom, right;
  };
  // Where the stored pixel (0,0) and the last one of its row are seen.
  const std::pair<Corner, Corner> seen[] = {{{false, false}, {false, true}}, {{false, true}, {false, false}}, {{true, true}, {true, false}},
                                            {{true, false}, {true, true}},   {{false, false}, {true, false}}, {{false, true}, {true, true}},
                                            {{true, true}, {false, true}},   {{true, false}, {false, false}}};
  for (std::uint32_t orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    for (const bool big_endian : {false, true}) {
      const Image image = decode_image(with_segment(plain, 0xE1, exif(orientation, big_endian)), "upright");
      CHECK(image.height == (orientation >= 5 ? 16 : 8));
      CHECK(image.width == (orientation >= 5 ? 8 : 16));
      const auto at = [&](const Corner& c) { return pixel(image, c.bottom ? image.height - 1 : 0, c.right ? image.width - 1 : 0); };
      CHECK(at(seen[orientation - 1].first) == pixel(stored, 0, 0));
      CHECK(at(seen[orientation - 1].second) == pixel(stored, 0, 15));
    }
  }
  for (const std::uint32_t nonsense : {0u, 9u, 65535u})
    CHECK(decode_image(with_segment(plain, 0xE1, exif(nonsense, true)), "odd").pixels == stored.pixels);
  for (Bytes cut = exif(6, true); !cut.empty(); cut.pop_back())  // one that ends too early is none
    CHECK(decode_image(with_segment(plain, 0xE1, cut), "cut").pixels.size() == stored.pixels.size());
}

TEST_CASE("image: Adobe's CMYK becomes RGB; four colours that nobody explains are refused") {
  const Bytes cmyk = golden_picture("cmyk.jpg");
  CHECK(pixel(decode_image(cmyk, "cmyk"), 3, 3) == Rgb{255, 0, 0});
  Bytes unmarked(cmyk.begin(), cmyk.begin() + 2);
  unmarked.insert(unmarked.end(), cmyk.begin() + 18, cmyk.end());  // without the Adobe segment, which comes first
  CHECK(holds(refusal(unmarked), {"some/picture", "four colours", "convert it to RGB"}));
}

TEST_CASE("image: what is empty or foreign, and a JPEG without a scan, is refused by name") {
  CHECK(holds(refusal({}), {"some/picture: is empty", "0 bytes"}));
  CHECK(holds(refusal(text("just some notes")), {"some/picture", "no picture"}));
  CHECK(holds(refusal(text("<!DOCTYPE html><html></html>")), {"web page"}));
  CHECK(holds(refusal(text("PK\x03\x04 and so on")), {"zip"}));
  Bytes no_scan{0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
  for (const int table : {0, 1}) {
    for (const int byte : {0xFF, 0xDB, 0, 67, table}) put(no_scan, static_cast<std::uint32_t>(byte), 1);
    no_scan.insert(no_scan.end(), 64, 1);
  }
  for (const std::uint32_t two : {0xFFC0u, 17u, 0x0805u, 0xC802u, 0xD003u, 0x0111u, 0x0002u, 0x1101u, 0x0311u, 0x01FFu})
    put(no_scan, two, 2);  // a frame of 720 x 1480
  put(no_scan, 0xD9, 1);
  no_scan.insert(no_scan.end(), 1100, 0);  // fewer bytes could not hold so many pixels
  CHECK(holds(refusal(no_scan), {"some/picture", "0 of its 3 colours"}));
}

TEST_CASE("image: a Huffman table that would overrun the decoder is refused wherever it stands") {
  Bytes table{0x10};
  table.insert(table.end(), 16, 255);
  const Bytes plain = golden_picture("progressive.jpg");
  CHECK(holds(refusal(with_segment(plain, 0xC4, table)), {"some/picture", "256 codes"}));
  Bytes late(plain.begin(), plain.end() - 2);  // between the last scan and the end
  put(late, 0xFFC4, 2);
  put(late, static_cast<std::uint32_t>(table.size() + 2), 2);
  late.insert(late.end(), table.begin(), table.end());
  put(late, 0xFFD9, 2);
  CHECK(holds(refusal(late), {"some/picture", "256 codes"}));
}

TEST_CASE("image: no beginning of a file is taken for the whole") {
  for (const Bytes& whole : {noise(), tga(), bmp(), golden_picture("palette.gif"), golden_picture("progressive.jpg"),
                             golden_picture("cmyk.jpg"), text("P5 3 3 255 abcdefghi"), text("P2 2 2 255 1 2 3 4\n")}) {
    CHECK_NOTHROW(decode_image(whole, "whole"));
    // A GIF may lack its end mark and the empty block before it, a text the end of its line.
    const std::size_t dispensable = whole[0] == 'G' ? 2 : whole[1] == '2' ? 1 : 0;
    for (std::size_t size = 0; size + dispensable < whole.size(); ++size) {
      const std::string error = refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
      CHECK_MESSAGE(error.starts_with("some/picture: "), "the first ", size, " of ", whole.size(), " bytes are taken for the file");
    }
  }
}

TEST_CASE("image: damaged bytes give an error or a picture, and of a PNG always an error") {
  for (const Bytes& file :
       {noise(), tga(), bmp(), golden_picture("palette.gif"), golden_picture("progressive.jpg"), golden_picture("cmyk.jpg")}) {
    for (std::uint64_t trial = 0; trial < 1000; ++trial) {
      const Random random(1, {file.size(), trial});
      Bytes damaged = file;
      for (std::uint64_t flip = 0; flip < 1 + random.below(0, 3); ++flip) {
        const std::uint32_t place = random.below(1 + 2 * flip, static_cast<std::uint32_t>(file.size()));
        damaged[place] = static_cast<std::uint8_t>(damaged[place] ^ (1u << random.below(2 + 2 * flip, 8)));
      }
      const std::string error = refusal(damaged);
      if (!error.empty()) CHECK(error.starts_with("some/picture: "));
      if (file == noise() && damaged != file) CHECK_FALSE(error.empty());
    }
  }
}

TEST_CASE("image: a header that tells of a huge picture is refused before memory is taken") {
  for (const std::uint32_t side : {20'000u, 60'000u, 4'000'000'000u}) {
    CHECK(holds(refusal(png(side, side, 8, 2, {})), {"some/picture"}));
    CHECK(holds(refusal(png(side, side, 16, 6, {})), {"some/picture"}));
  }
  CHECK(holds(refusal(png(11'000, 11'000, 8, 2, {})), {"11000 x 11000", "bytes can hold"}));
  CHECK(holds(refusal(png(20'000, 20'000, 8, 2, {})), {"20000 x 20000", "134217728"}));
  CHECK(holds(refusal(text("P6 10000 10000 255 ")), {"10000 x 10000", "bytes can hold"}));
  CHECK(holds(refusal(text("P5 50000 50000 255 ")), {"50000 x 50000"}));
}

TEST_CASE("image: names that may be pictures") {
  for (const char* name : {"a.jpg", "A.JPG", "x.Jpeg", "dir/ä ö.png", "a.b.BMP", "scan.pgm"}) CHECK(data::has_image_suffix(name));
  for (const char* name : {"", ".jpg", "jpg", "Thumbs.db", "notes.txt", "a.jpg.part", "a.webp"}) CHECK_FALSE(data::has_image_suffix(name));
}

}  // namespace
}  // namespace temper::tests
