#include "data/idx.h"

#include <algorithm>
#include <array>

#include "core/base/check.h"
#include "data/data_folder.h"

namespace temper::data {
namespace {

constexpr std::size_t kClasses = 10;
constexpr std::uint8_t kUnsignedByte = 0x08;

constexpr Index header_bytes(int rank) { return 4 + 4 * Index{rank}; }

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text = "0x";
  for (const std::uint8_t byte : bytes) (text += kDigits[byte >> 4]) += kDigits[byte & 15];
  return text;
}

std::string what_the_magic_says(const FileBytes& file, int rank) {
  const auto& b = file.bytes;
  if (b[0] == 0 && b[1] == 0 && b[2] == kUnsignedByte && b[3] == 1 && rank == 3) return "it is a label file, expected the images";
  if (b[0] == 0 && b[1] == 0 && b[2] == kUnsignedByte && b[3] == 3 && rank == 1) return "it is an image file, expected the labels";
  if (b[0] == 0 && b[1] == 0 && b[2] == kUnsignedByte) return str_cat("it has ", int{b[3]}, " dimensions, expected ", rank);
  if (b[0] == 0 && b[1] == 0 && b[2] >= 0x09 && b[2] <= 0x0E) return "its elements are not unsigned bytes; convert it to type 0x08";
  if (b[3] == 0 && b[2] == 0 && b[1] == kUnsignedByte) return "its header is byte-swapped, IDX is big-endian; download it again";
  const std::string guess = guess_kind(b);
  return guess.empty() ? "it is not an IDX file; download it again" : guess;
}

// Checks all that the header claims against the size of the file, before anything is allocated by it. Returns the extents.
std::array<Index, 3> check_header(const FileBytes& file, int rank) {
  const auto size = static_cast<Index>(file.bytes.size());
  TEMPER_CHECK(size >= 4, file.path, ": ", size, " bytes, too short for an IDX header of ", header_bytes(rank), "; download it again");
  const std::array<std::uint8_t, 4> magic{0, 0, kUnsignedByte, static_cast<std::uint8_t>(rank)};
  TEMPER_CHECK(std::equal(magic.begin(), magic.end(), file.bytes.begin()), file.path, ": magic number ",
               hex(std::span(file.bytes).first(4)), " at byte 0, expected ", hex(magic), "; ", what_the_magic_says(file, rank));
  TEMPER_CHECK(size >= header_bytes(rank), file.path, ": ", size, " bytes, too short for an IDX header of ", header_bytes(rank),
               "; download it again");

  std::array<Index, 3> extents{1, 1, 1};
  const Index content = size - header_bytes(rank);
  Index product = 1;
  bool fits = true;  // product <= content, found without overflow however large the extents claim to be
  std::string claim;
  for (int axis = 0; axis < rank; ++axis) {
    const std::size_t at = 4 + 4 * static_cast<std::size_t>(axis);
    Index extent = 0;
    for (std::size_t i = at; i < at + 4; ++i) extent = extent << 8 | file.bytes[i];
    TEMPER_CHECK(extent > 0, file.path, ": extent ", axis, " is 0 at byte ", at, ", an empty data set; download it again");
    extents[static_cast<std::size_t>(axis)] = extent;
    claim += (axis ? " x " : "") + std::to_string(extent);
    fits = fits && extent <= content / product;
    if (fits) product *= extent;
  }
  TEMPER_CHECK(fits, file.path, ": the header claims ", claim, " bytes after byte ", header_bytes(rank), " but only ", content,
               " follow, the file is cut off or damaged; download it again");
  TEMPER_CHECK(product == content, file.path, ": the header claims ", claim, " = ", product, " bytes after byte ", header_bytes(rank),
               " but ", content, " follow, ", content - product, " too many; download it again");
  return extents;
}

}  // namespace

Dataset parse_idx(FileBytes images, const FileBytes& labels, std::string name) {
  const auto [count, height, width] = check_header(images, 3);
  const Index label_count = check_header(labels, 1)[0];
  TEMPER_CHECK(count == label_count, images.path, ": ", count, " images (byte 4) but ", labels.path, " has ", label_count,
               " labels (byte 4); take both files from the same set");

  Dataset set{.name = std::move(name),
              .image = {height, width, 1},
              .pixels = std::move(images.bytes),
              .labels = {labels.bytes.begin() + header_bytes(1), labels.bytes.end()},
              .class_names = numbered_classes(kClasses)};
  set.pixels.erase(set.pixels.begin(), set.pixels.begin() + header_bytes(3));
  const auto bad = std::ranges::find_if(set.labels, [](std::int32_t label) { return label >= static_cast<std::int32_t>(kClasses); });
  TEMPER_CHECK(bad == set.labels.end(), labels.path, ": label ", *bad, " at item ", bad - set.labels.begin(), " (byte ",
               bad - set.labels.begin() + header_bytes(1), "), expected 0-9; use a set with the ten classes of MNIST");
  return set;
}

}  // namespace temper::data
