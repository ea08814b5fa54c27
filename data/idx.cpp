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

std::string what_the_magic_says(std::span<const std::uint8_t> b, int rank) {
  if (b[0] == 0 && b[1] == 0 && b[2] == kUnsignedByte && b[3] == 1 && rank == 3) return "it is a label file, expected the images";
  if (b[0] == 0 && b[1] == 0 && b[2] == kUnsignedByte && b[3] == 3 && rank == 1) return "it is an image file, expected the labels";
  if (b[0] == 0 && b[1] == 0 && b[2] == kUnsignedByte) return str_cat("it has ", int{b[3]}, " dimensions, expected ", rank);
  if (b[0] == 0 && b[1] == 0 && b[2] >= 0x09 && b[2] <= 0x0E) return "its elements are not unsigned bytes; convert it to type 0x08";
  if (b[3] == 0 && b[2] == 0 && b[1] == kUnsignedByte) return "its header is byte-swapped, IDX is big-endian; download it again";
  const std::string guess = guess_kind(b);
  return guess.empty() ? "it is not an IDX file; download it again" : guess;
}

void check_magic(std::span<const std::uint8_t> bytes, int rank, const std::string& path) {
  TEMPER_CHECK(bytes.size() >= 4, path, ": ", bytes.size(), " bytes, too short for an IDX header of ", header_bytes(rank),
               "; download it again");
  const std::array<std::uint8_t, 4> magic{0, 0, kUnsignedByte, static_cast<std::uint8_t>(rank)};
  TEMPER_CHECK(std::equal(magic.begin(), magic.end(), bytes.begin()), path, ": magic number ", hex(bytes.first(4)), " at byte 0, expected ",
               hex(magic), "; ", what_the_magic_says(bytes, rank));
  TEMPER_CHECK(static_cast<Index>(bytes.size()) >= header_bytes(rank), path, ": ", bytes.size(), " bytes, too short for an IDX header of ",
               header_bytes(rank), "; download it again");
}

Index extent_at(std::span<const std::uint8_t> bytes, int axis) {
  Index extent = 0;
  for (const std::uint8_t byte : bytes.subspan(4 + 4 * static_cast<std::size_t>(axis), 4)) extent = extent << 8 | byte;
  return extent;
}

// Checks all that the header claims against the size of the file, before anything is allocated by it. Returns the extents.
std::array<Index, 3> check_header(const FileBytes& file, int rank) {
  check_magic(file.bytes, rank, file.path);
  const auto size = static_cast<Index>(file.bytes.size());
  std::array<Index, 3> extents{1, 1, 1};
  const Index content = size - header_bytes(rank);
  Index product = 1;
  bool fits = true;  // product <= content, found without overflow however large the extents claim to be
  std::string claim;
  for (int axis = 0; axis < rank; ++axis) {
    const Index extent = extent_at(file.bytes, axis);
    TEMPER_CHECK(extent > 0, file.path, ": extent ", axis, " is 0 at byte ", 4 + 4 * axis, ", an empty data set; download it again");
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

FileBytes read_idx(const std::string& path, int rank) {
  return read_unpacked(path, [&](std::span<const std::uint8_t> beginning) {
    check_magic(beginning, rank, path);
    double bytes = 1;
    for (int axis = 0; axis < rank; ++axis) bytes *= static_cast<double>(extent_at(beginning, axis));
    constexpr double kMost = 1e15;  // more than any file: exact below
    return static_cast<std::uint64_t>(header_bytes(rank)) + static_cast<std::uint64_t>(std::min(bytes, kMost));
  });
}

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
