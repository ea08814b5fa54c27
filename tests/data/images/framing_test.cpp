#include "data/images/framing.h"

#include <doctest/doctest.h>

#include "data/images/resize.h"
#include "tests/data/images/pictures.h"

namespace temper::tests {
namespace {

using data::Framing;
using data::Image;

Image picture(Index height, Index width, const Samples& value) { return data::decode_image(png(height, width, value), "picture"); }

// 23 x 37, as make_pictures.py has it.
Image sawtooth() {
  return picture(23, 37, [](Index y, Index x, Index c) {
    return static_cast<int>((c == 0 ? x * 7 + y * 13 : c == 1 ? x * x + 3 * y : x * y) % 256);
  });
}

TEST_CASE("resize: is Pillow's antialiased bilinear to one level, smaller, larger and of a region") {
  const Image from = sawtooth();
  struct Case {
    const char* golden;
    data::Region region;
  };
  for (const Case& c : {Case{"sawtooth_10x7.png", data::whole(from)}, Case{"sawtooth_50x40.png", data::whole(from)},
                        Case{"sawtooth_12x30_of_box.png", {2, 5, 18, 25}}}) {
    CAPTURE(c.golden);
    const Image expected = data::read_image(golden_path(c.golden));
    std::vector<std::uint8_t> out(expected.pixels.size());
    data::resize(from, c.region, expected.height, expected.width, out.data());
    int worst = 0;
    for (std::size_t i = 0; i < out.size(); ++i) worst = std::max(worst, std::abs(out[i] - expected.pixels[i]));
    CHECK(worst <= 1);
  }
  std::vector<std::uint8_t> same(from.pixels.size());
  data::resize(from, data::whole(from), from.height, from.width, same.data());
  CHECK(same == from.pixels);
  CHECK(holds(error_of([&] { data::resize(from, {0, 30, 5, 8}, 2, 2, same.data()); }), {"resize", "inside"}));
}

TEST_CASE("framing: a photo covers, then its middle is cut out") {
  const Framing square{{8, 8, 3}, 2};
  const Image wide = data::cover(picture(20, 41, [](Index, Index x, Index) { return static_cast<int>(6 * x); }), square);
  CHECK(wide.height == 10);
  CHECK(wide.width == 20);
  const Image high = data::cover(picture(41, 20, [](Index y, Index, Index) { return static_cast<int>(6 * y); }), square);
  CHECK(high.height == 20);
  CHECK(high.width == 10);
  // The middle 8 of 20 columns: about 41 * 6/20 .. 41 * 14/20 of the ramp.
  std::vector<std::uint8_t> out(8 * 8 * 3);
  data::cut_middle(wide, square, out.data());
  CHECK(std::abs(out[0] - 6 * (6.5 * 41 / 20 - 0.5)) < 2);
  CHECK(std::abs(out[7 * 3] - 6 * (13.5 * 41 / 20 - 0.5)) < 2);
}

TEST_CASE("framing: an image of the right size stays as it is; one of one pixel grows; gray is luminance") {
  const Image exact = sawtooth();
  std::vector<std::uint8_t> out(exact.pixels.size());
  data::frame(exact, {{23, 37, 3}}, out.data());
  CHECK(out == exact.pixels);
  std::vector<std::uint8_t> grown(5 * 4 * 3);
  data::frame(picture(1, 1, [](Index, Index, Index c) { return static_cast<int>(50 + c); }), {{5, 4, 3}, 1}, grown.data());
  for (std::size_t i = 0; i < grown.size(); ++i) CHECK(grown[i] == 50 + i % 3);
  std::uint8_t gray = 0;
  data::frame(picture(1, 1, [](Index, Index, Index c) { return c == 1 ? 200 : 0; }), {{1, 1, 1}}, &gray);
  CHECK(gray == 117);
  CHECK(data::luminance(255, 255, 255) == 255);
  CHECK(data::usual_margin(224) == 32);
  CHECK(data::usual_margin(299) == 43);
}

TEST_CASE("framing: a strip that would become enormous is refused") {
  const Image strip = picture(1, 20000, [](Index, Index, Index) { return 0; });
  std::vector<std::uint8_t> out(3 * 4000 * 4000);
  CHECK(holds(error_of([&] { data::frame(strip, {{4000, 4000, 3}}, out.data()); }), {"too many"}));
}

}  // namespace
}  // namespace temper::tests
