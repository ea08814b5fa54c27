#include "data/file_bytes.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "core/base/check.h"
#include "data/unpack.h"

namespace temper::data {
namespace {

namespace fs = std::filesystem;

// No file of a known set comes near; a wrong path (a disk image, a gzip bomb) is refused before it fills the memory.
constexpr std::uint64_t kMaxBytes = std::uint64_t{2} << 30;
constexpr const char* kDownloadAgain = "download it again";

// Packed bytes become at most so many times as many where no header tells how many they are: sentences and pixels do not shrink like that.
constexpr std::uint64_t kMostTimesPacked = 32, kUnpackedFreely = 16 << 20;
constexpr std::size_t kBeginning = 1 << 16;

bool is_gzip(std::span<const std::uint8_t> bytes) { return bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B; }

// Bytes within the beginning are there already: the reader compares them with the claim, and knows more to say.
void check_claim(const std::string& path, std::uint64_t claimed, std::uint64_t bytes) {
  TEMPER_CHECK(bytes <= std::max<std::uint64_t>(claimed, kBeginning), path, ": has more than the ", claimed,
               " bytes that its header claims; ", kDownloadAgain);
}

std::vector<std::uint8_t> read_plain(const std::string& path, const SizeClaim& claim) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  TEMPER_CHECK(status.type() != fs::file_type::not_found, path, ": no such file; check the path");
  TEMPER_CHECK(status.type() != fs::file_type::none, path, ": cannot be read (", error.message(), "); check the path and the permissions");
  TEMPER_CHECK(status.type() != fs::file_type::directory, path, ": is a folder where a file was expected; check the path");
  TEMPER_CHECK(status.type() == fs::file_type::regular, path, ": is not a regular file; give a file on disk");
  const std::uintmax_t size = fs::file_size(path, error);
  TEMPER_CHECK(!error, path, ": cannot be read (", error.message(), "); check the path and the permissions");
  TEMPER_CHECK(size <= kMaxBytes, path, ": ", size, " bytes, and no file of a known data set has more than ", kMaxBytes,
               "; check the path");

  errno = 0;
  std::ifstream in(path, std::ios::binary);
  TEMPER_CHECK(in, path, ": cannot be opened (", std::generic_category().message(errno), "); check the permissions");
  std::vector<std::uint8_t> bytes;
  const auto read_up_to = [&](std::uintmax_t end) {
    const std::size_t begin = bytes.size();
    bytes.resize(static_cast<std::size_t>(end));
    in.read(reinterpret_cast<char*>(bytes.data() + begin), static_cast<std::streamsize>(end - begin));
    TEMPER_CHECK(in.gcount() == static_cast<std::streamsize>(end - begin), path, ": could be read only up to byte ",
                 begin + static_cast<std::size_t>(in.gcount()), " of ", size, "; check the disk, or wait until the file is complete");
  };
  read_up_to(std::min<std::uintmax_t>(size, kBeginning));
  if (claim && size > kBeginning && !is_gzip(bytes)) check_claim(path, claim(bytes), size);
  read_up_to(size);
  return bytes;
}

std::vector<std::uint8_t> unpack(const std::string& path, std::span<const std::uint8_t> packed, const SizeClaim& claim) {
  std::uint64_t most = std::min(kMaxBytes, std::max<std::uint64_t>(kUnpackedFreely, kMostTimesPacked * packed.size()));
  Unpacker unpacker(Unpacker::Format::gzip);
  std::span<const std::uint8_t> rest = packed;
  std::vector<std::uint8_t> bytes(kBeginning);
  std::size_t used = 0;
  std::optional<std::uint64_t> claimed;
  for (;;) {
    if (used == bytes.size() && claim && !claimed) {
      claimed = claim(bytes);
      most = std::clamp<std::uint64_t>(*claimed, kBeginning, kMaxBytes);
    }
    if (used == bytes.size())
      bytes.resize(static_cast<std::size_t>(std::max<std::uint64_t>(used + 1, std::min<std::uint64_t>(most + 1, 2 * used))));
    used += unpacker.unpack(rest, std::span(bytes).subspan(used));
    if (claimed) check_claim(path, *claimed, used);
    TEMPER_CHECK(used <= most, path, ": unpacks to more than ", most, " bytes from ", packed.size(), "; check the path, or unpack it");
    const std::size_t position = packed.size() - rest.size();
    if (unpacker.ended()) {
      if (std::ranges::all_of(rest, [](std::uint8_t byte) { return byte == 0; })) break;  // nothing, or padding as tapes have it
      TEMPER_CHECK(is_gzip(rest), path, ": ", rest.size(), " bytes that are not gzip follow the gzip data at byte ", position, "; ",
                   kDownloadAgain);
      unpacker.begin_again();
    } else {
      TEMPER_CHECK(!unpacker.damaged(), path, ": the gzip data is damaged near byte ", position, " (", unpacker.message(), "); ",
                   kDownloadAgain);
      TEMPER_CHECK(used == bytes.size() || !rest.empty(), path, ": the gzip data is cut off after ", packed.size(), " bytes; ",
                   kDownloadAgain);
    }
  }
  bytes.resize(used);
  return bytes;
}

bool is_markup(std::span<const std::uint8_t> bytes) {
  const auto start = std::ranges::find_if(bytes, [](std::uint8_t byte) { return byte > ' ' && byte < 0x80; });  // after a byte order mark
  std::string head(start, std::min(bytes.end(), start + std::min<std::ptrdiff_t>(14, bytes.end() - start)));
  std::ranges::transform(head, head.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return head.starts_with("<!doctype html") || head.starts_with("<html") || head.starts_with("<?xml");
}

}  // namespace

FileBytes read_unpacked(const std::string& path, const SizeClaim& claim) {
  std::vector<std::uint8_t> bytes = read_plain(path, claim);
  if (is_gzip(bytes)) bytes = unpack(path, bytes, claim);
  return {path, std::move(bytes)};
}

bool begins_with(std::span<const std::uint8_t> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::equal(text.begin(), text.end(), bytes.begin(),
                                                   [](char want, std::uint8_t have) { return static_cast<std::uint8_t>(want) == have; });
}

std::string guess_kind(std::span<const std::uint8_t> bytes) {
  using namespace std::string_view_literals;
  static constexpr std::pair<std::string_view, const char*> kBeginnings[] = {
      {"version https://git-lfs"sv, "a Git LFS pointer; run git lfs pull"},
      {"PK\x03\x04"sv, "a zip archive (or .npz); unpack it"},
      {"\x1F\x8B"sv, "gzip inside gzip; unpack it once"},
      {"\xFD"
       "7zXZ"sv,
       "an xz archive; unpack it"},
      {"BZh"sv, "a bzip2 archive; unpack it"},
      {"\x28\xB5\x2F\xFD"sv, "a Zstandard archive; unpack it"},
      {"7z\xBC\xAF"sv, "a 7z archive; unpack it"},
      {"\x93NUMPY"sv, "a NumPy array"},
      {"\x89HDF"sv, "an HDF5 file"},
      {"PAR1"sv, "a Parquet table"},
      {"\x89PNG"sv, "a PNG image"},
      {"\xFF\xD8\xFF"sv, "a JPEG image"},
      {"\x80\x02"sv, "a Python pickle; get the binary version of the data set"},
      {"\x80\x03"sv, "a Python pickle; get the binary version of the data set"},
      {"\x80\x04"sv, "a Python pickle; get the binary version of the data set"},
      {"{\""sv, "JSON text"},
  };
  const std::string looks = "it looks like ";
  if (is_markup(bytes)) return looks + "a web page; download the file itself";
  for (const auto& [beginning, kind] : kBeginnings) {
    if (begins_with(bytes, beginning)) return looks + kind;
  }
  constexpr std::size_t kTarMark = 257;
  if (bytes.size() > kTarMark && begins_with(bytes.subspan(kTarMark), "ustar")) return looks + "a tar archive; unpack it";
  return {};
}

}  // namespace temper::data
