#include "data/images/image.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/base/check.h"
#include "data/file_bytes.h"
#include "data/images/gif_codes.h"
#include "data/images/jpeg_marks.h"
#include "data/images/png_chunks.h"
#include "data/images/pnm.h"

// The code of stb_image is not ours to warn of. A failed assertion is a damaged file, not a mistake of ours: it is thrown. Memory comes
// zeroed: a damaged JPEG may use a Huffman table or show pixels that it never defines.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_MALLOC(size) std::calloc(size, 1)
#define STBI_REALLOC(memory, size) std::realloc(memory, size)
#define STBI_FREE(memory) std::free(memory)
#define STBI_ASSERT(condition) TEMPER_CHECK(condition, "assertion ", #condition)
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace temper::data {
namespace {

using Bytes = std::span<const std::uint8_t>;

// The bytes as stb_image reads them. Some of its readers take what is behind the end for zeros or leave memory unset; this notices when
// they ask for more than there is.
class StbInput {
 public:
  explicit StbInput(Bytes bytes) : bytes_(bytes) {}

  bool ran_out() const { return ran_out_; }

  static stbi_io_callbacks callbacks() {
    return {.read = [](void* self, char* out, int count) { return static_cast<StbInput*>(self)->read(out, count); },
            .skip = [](void* self, int count) { static_cast<StbInput*>(self)->skip(count); },
            .eof = [](void* self) { return static_cast<int>(static_cast<StbInput*>(self)->left() == 0); }};
  }

 private:
  std::size_t left() const { return bytes_.size() - at_; }

  int read(char* out, int count) {
    const std::size_t given = std::min(left(), static_cast<std::size_t>(std::max(0, count)));
    // The buffer of stb_image, which the first call fills, requests more than it needs; no other caller does.
    if (buffer_ == nullptr) buffer_ = out;
    if (given == 0 || (given < static_cast<std::size_t>(count) && out != buffer_)) ran_out_ = true;
    std::memcpy(out, bytes_.data() + at_, given);
    at_ += given;
    return static_cast<int>(given);
  }
  void skip(int count) {
    const std::size_t skipped = std::min(left(), static_cast<std::size_t>(std::max(0, count)));
    if (skipped < static_cast<std::size_t>(std::max(0, count))) ran_out_ = true;
    at_ += skipped;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
  const char* buffer_ = nullptr;
  bool ran_out_ = false;
};

struct Free {
  void operator()(void* memory) const { stbi_image_free(memory); }
};

// Whatever stb_image might take for a JPEG: it skips fill bytes before the start mark, and others behind it.
bool is_jpeg(Bytes bytes) { return bytes[0] == 0xFF; }

constexpr const char* kGetAgain = "get the file again, or save it again as PNG or JPEG";

[[noreturn]] void refuse_foreign(Bytes bytes, const std::string& name, const char* reason) {
  const bool ours = (is_jpeg(bytes) && bytes.size() > 1 && bytes[1] == 0xD8) || is_png(bytes) ||
                    (bytes.size() > 2 && bytes[0] == 'B' && bytes[1] == 'M') || is_gif(bytes);
  if (ours) throw Error(str_cat(name, ": the header of the picture is invalid (", reason, "); ", kGetAgain));
  const std::string kind = guess_kind(bytes);
  throw Error(str_cat(name, ": is no picture that temper reads (JPEG, PNG, BMP, GIF, TGA, PNM)", kind.empty() ? "" : ": " + kind, "; ",
                      "save it as one of these, or remove it"));
}

// The most pixels that a byte of a file of this kind, which is none of those that are checked before, may stand for.
Index most_pixels_a_byte(Bytes bytes) {
  if (is_png(bytes) || is_jpeg(bytes)) return kMostPixelsAByte;
  if (is_gif(bytes)) return 4096;            // its longest code, of 12 bits
  return begins_with(bytes, "BM") ? 8 : 64;  // BMP: bits; TGA: 128 equal pixels in two bytes
}

void check_header(Bytes bytes, const std::string& name) {
  StbInput input(bytes);
  const stbi_io_callbacks callbacks = StbInput::callbacks();
  int width = 0, height = 0, components = 0;
  if (stbi_info_from_callbacks(&callbacks, &input, &width, &height, &components) == 0) {
    TEMPER_CHECK(std::strcmp(stbi_failure_reason(), "too large") != 0, name, ": the header describes a picture beyond ", kMostPixels,
                 " pixels; ", kGetAgain);
    refuse_foreign(bytes, name, stbi_failure_reason());
  }
  check_size(height, width, bytes.size(), name, most_pixels_a_byte(bytes));
  constexpr Index kOfGif = 9;  // stb_image keeps the last picture and the background, too
  if (is_gif(bytes)) check_memory(height, width, kOfGif, name);
}

// (H,W,4) over white.
Image over_white(const stbi_uc* rgba, Index height, Index width) {
  Image image{.height = height, .width = width, .pixels = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * height * width))};
  std::uint8_t* out = image.pixels.data();
  for (Index i = 0; i < height * width; ++i, rgba += 4) {
    for (int c = 0; c < 3; ++c) *out++ = static_cast<std::uint8_t>((rgba[c] * rgba[3] + 255 * (255 - rgba[3]) + 127) / 255);
  }
  return image;
}

Image decode_with_stb(Bytes bytes, const std::string& name, bool alpha) {
  check_header(bytes, name);
  StbInput input(bytes);
  const stbi_io_callbacks callbacks = StbInput::callbacks();
  int width = 0, height = 0, components = 0;
  std::unique_ptr<stbi_uc, Free> pixels;
  try {
    pixels.reset(stbi_load_from_callbacks(&callbacks, &input, &width, &height, &components, alpha ? 4 : 3));
  } catch (const Error& error) {
    throw Error(str_cat(name, ": the picture is damaged (", error.what(), "); ", kGetAgain));
  }
  TEMPER_CHECK(!input.ran_out(), name, ": the picture is cut off after ", bytes.size(), " bytes; get the whole file");
  TEMPER_CHECK(pixels, name, ": the picture is damaged or of a rare kind (", stbi_failure_reason(), "); ", kGetAgain);
  if (alpha) return over_white(pixels.get(), height, width);
  const std::size_t size = static_cast<std::size_t>(3 * width) * static_cast<std::size_t>(height);
  return {.height = height, .width = width, .pixels = std::vector<std::uint8_t>(pixels.get(), pixels.get() + size)};
}

// Turns what was stored under an Exif orientation upright: axes exchanged for 5 to 8, rows or columns counted from the other end where the
// orientation says so.
Image upright(Image stored, int orientation) {
  if (orientation == 1) return stored;
  const bool exchanged = orientation >= 5;
  const bool rows_reversed = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool columns_reversed = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  Image image{.height = exchanged ? stored.width : stored.height, .width = exchanged ? stored.height : stored.width, .pixels = {}};
  image.pixels.resize(stored.pixels.size());
  std::uint8_t* out = image.pixels.data();
  for (Index y = 0; y < image.height; ++y) {
    for (Index x = 0; x < image.width; ++x, out += 3) {
      const Index i = exchanged ? x : y, j = exchanged ? y : x;
      const Index row = rows_reversed ? stored.height - 1 - i : i, column = columns_reversed ? stored.width - 1 - j : j;
      std::copy_n(stored.pixels.data() + 3 * (row * stored.width + column), 3, out);
    }
  }
  return image;
}

}  // namespace

void check_size(Index height, Index width, std::size_t bytes, const std::string& name, Index most_a_byte) {
  TEMPER_CHECK(height >= 1 && width >= 1, name, ": a picture of ", height, " x ", width, " pixels; ", kGetAgain);
  TEMPER_CHECK(height <= kMostPixels / width, name, ": ", height, " x ", width, " pixels, more than ", kMostPixels,
               "; make the picture smaller");
  TEMPER_CHECK(height * width / most_a_byte <= static_cast<Index>(bytes), name, ": the header describes ", height, " x ", width,
               " pixels, more than ", bytes, " bytes can hold; ", kGetAgain);
}

void check_memory(Index height, Index width, Index bytes_a_pixel, const std::string& name) {
  TEMPER_CHECK(height * width <= 7 * kMostPixels / bytes_a_pixel, name, ": ", height, " x ", width, " pixels of this kind, at ",
               bytes_a_pixel, " bytes each to decode, take too much memory; make the picture smaller");
}

Image decode_image(Bytes bytes, const std::string& name) {
  TEMPER_CHECK(!bytes.empty(), name, ": is empty, 0 bytes; ", kGetAgain);
  if (is_pnm(bytes)) return decode_pnm(bytes, name);
  if (is_png(bytes)) check_png(bytes, name);
  if (is_gif(bytes)) check_gif(bytes, name);
  if (!is_jpeg(bytes)) return decode_with_stb(bytes, name, true);
  const JpegMarks marks = read_jpeg_marks(bytes, name);
  TEMPER_CHECK(marks.scanned >= marks.components, name, ": the JPEG has the pixels of ", marks.scanned, " of its ", marks.components,
               " colours; ", kGetAgain);
  TEMPER_CHECK(marks.components != 4 || marks.adobe, name,
               ": a JPEG of four colours without Adobe's marker, so their meaning is unknown; convert it to RGB");
  return upright(decode_with_stb(bytes, name, false), marks.orientation);
}

Image read_image(const std::string& path) {
  const FileBytes file = read_unpacked(path);
  return decode_image(file.bytes, path);
}

bool has_image_suffix(std::string_view name) {
  static constexpr std::string_view kSuffixes[] = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp",
                                                   ".gif", ".tga",  ".pbm", ".pgm",  ".ppm", ".pnm"};
  return std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
    return name.size() > suffix.size() && std::ranges::equal(name.substr(name.size() - suffix.size()), suffix, {},
                                                             [](char c) { return std::tolower(static_cast<unsigned char>(c)); });
  });
}

}  // namespace temper::data
