#include "data/idx.h"

#include <doctest/doctest.h>

#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

Bytes big_endian(std::initializer_list<std::uint32_t> words) {
  Bytes bytes;
  for (const std::uint32_t word : words) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  return bytes;
}

Bytes joined(Bytes header, std::size_t content, std::uint8_t first = 0) {
  for (std::size_t i = 0; i < content; ++i) header.push_back(static_cast<std::uint8_t>(first + i));
  return header;
}

FileBytes images() { return {"images", joined(big_endian({0x803, 3, 2, 4}), 24)}; }
FileBytes labels() { return {"labels", joined(big_endian({0x801, 3}), 3, 7)}; }

std::string idx_error(const FileBytes& image_file, const FileBytes& label_file) {
  return error_of([&] { parse_idx(image_file, label_file, "set"); });
}
std::string images_error(const Bytes& bytes) { return idx_error({"dir/images", bytes}, labels()); }
std::string labels_error(const Bytes& bytes) { return idx_error(images(), {"dir/labels", bytes}); }

}  // namespace

TEST_CASE("data: IDX images and labels become a data set") {
  const Dataset set = parse_idx(images(), labels(), "set");
  CHECK(set.name == "set");
  CHECK(set.image == Shape{2, 4, 1});
  CHECK(set.labels == std::vector<std::int32_t>{7, 8, 9});
  CHECK(set.classes() == 10);
  CHECK(set.class_names[9] == "9");
  REQUIRE(set.pixels.size() == 24);
  for (std::size_t i = 0; i < 24; ++i) CHECK(set.pixels[i] == i);
}

TEST_CASE("data: IDX with a wrong header is refused") {
  CHECK(holds(images_error({}), {"dir/images", "0 bytes", "download it again"}));
  CHECK(holds(images_error({0, 0, 8}), {"3 bytes"}));
  CHECK(holds(images_error(joined(big_endian({0x803, 3}), 2)), {"10 bytes", "header of 16"}));
  CHECK(holds(images_error(joined(big_endian({0x802, 3, 8}), 24)), {"0x00000802", "at byte 0", "0x00000803", "2 dimensions, expected 3"}));
  CHECK(holds(images_error(joined(big_endian({0x804, 1, 2, 4, 3}), 24)), {"4 dimensions, expected 3"}));
  CHECK(holds(images_error(joined(big_endian({0xD03, 3, 2, 4}), 96)), {"0x00000D03", "not unsigned bytes"}));
  CHECK(holds(images_error(joined(big_endian({0x03080000, 3, 2, 4}), 24)), {"byte-swapped"}));
  CHECK(holds(images_error(joined(big_endian({0x801, 3}), 3)), {"label file, expected the images"}));
  CHECK(holds(labels_error(images().bytes), {"dir/labels", "image file, expected the labels"}));
  const std::string page = "<!DOCTYPE html><html>404</html>";
  CHECK(holds(images_error(Bytes(page.begin(), page.end())), {"0x3C21444F", "web page"}));
  CHECK(holds(images_error(joined(big_endian({0x12345678, 3, 2, 4}), 24)), {"not an IDX file"}));
}

TEST_CASE("data: IDX whose size and header disagree is refused") {
  CHECK(holds(images_error(joined(big_endian({0x803, 3, 2, 4}), 23)), {"3 x 2 x 4", "byte 16", "only 23", "cut off"}));
  CHECK(holds(images_error(joined(big_endian({0x803, 3, 2, 4}), 0)), {"only 0"}));
  CHECK(holds(images_error(joined(big_endian({0x803, 3, 2, 4}), 26)), {"3 x 2 x 4 = 24", "26 follow", "2 too many"}));
  CHECK(holds(labels_error(joined(big_endian({0x801, 3}), 2)), {"dir/labels", "claims 3 bytes after byte 8", "only 2"}));
  // Products of 2^64 and more must neither wrap to something plausible nor be allocated.
  CHECK(holds(images_error(joined(big_endian({0x803, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}), 24)), {"4294967295", "only 24"}));
  CHECK(holds(images_error(joined(big_endian({0x803, 0x80000000, 0x80000000, 4}), 0)), {"only 0"}));
  CHECK(holds(images_error(joined(big_endian({0x803, 0, 28, 28}), 0)), {"extent 0 is 0 at byte 4"}));
  CHECK(holds(images_error(joined(big_endian({0x803, 3, 0, 28}), 0)), {"extent 1 is 0 at byte 8"}));
}

TEST_CASE("data: IDX labels that do not fit are refused") {
  CHECK(holds(labels_error(joined(big_endian({0x801, 4}), 4)), {"3 images", "dir/labels has 4 labels"}));
  CHECK(holds(labels_error(joined(big_endian({0x801, 3}), 3, 8)), {"dir/labels", "label 10 at item 2 (byte 10)", "expected 0-9"}));
  CHECK(holds(labels_error(joined(big_endian({0x801, 3}), 3, 255)), {"label 255 at item 0"}));
}

}  // namespace temper::data
