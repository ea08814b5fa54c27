#include "data/file_bytes.h"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <new>
#include <system_error>

#include "core/base/check.h"

namespace temper::data {
namespace {

namespace fs = std::filesystem;

// No file of a known set comes near; a wrong path (a disk image, a gzip bomb) is refused before it fills the memory.
constexpr std::uint64_t kMaxBytes = std::uint64_t{2} << 30;
constexpr const char* kDownloadAgain = "download it again";

std::vector<std::uint8_t> read_plain(const std::string& path) {
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
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  TEMPER_CHECK(in.gcount() == static_cast<std::streamsize>(size), path, ": could be read only up to byte ", in.gcount(), " of ", size,
               "; check the disk, or wait until the file is complete");
  return bytes;
}

bool is_gzip(std::span<const std::uint8_t> bytes) { return bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B; }

// inflate() over a buffer; the destructor frees what inflateInit2 took, also when a check throws.
class Inflater {
 public:
  explicit Inflater(std::span<const std::uint8_t> packed) : size_(packed.size()) {
    stream_.next_in = const_cast<Bytef*>(packed.data());  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(packed.size());  // at most kMaxBytes
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // Fills as much of `room` as it can and returns how much that was; status() tells what stopped it.
  std::size_t fill(std::span<std::uint8_t> room) {
    stream_.next_out = room.data();
    stream_.avail_out = static_cast<uInt>(room.size());
    status_ = inflate(&stream_, Z_NO_FLUSH);
    if (status_ == Z_MEM_ERROR) throw std::bad_alloc();
    return room.size() - stream_.avail_out;
  }
  void next_member() { inflateReset(&stream_); }
  int status() const { return status_; }
  const char* message() const { return stream_.msg != nullptr ? stream_.msg : "not deflate"; }
  std::size_t position() const { return size_ - stream_.avail_in; }

 private:
  z_stream stream_{};
  std::size_t size_;
  int status_ = Z_OK;
};

std::vector<std::uint8_t> unpack(const std::string& path, std::span<const std::uint8_t> packed) {
  constexpr std::size_t kLeastRoom = 1 << 16;
  Inflater inflater(packed);
  std::vector<std::uint8_t> bytes;
  std::size_t used = 0;
  for (;;) {
    if (used == bytes.size()) bytes.resize(std::min<std::size_t>(kMaxBytes + 1, std::max({kLeastRoom, 4 * packed.size(), 2 * used})));
    used += inflater.fill(std::span(bytes).subspan(used));
    TEMPER_CHECK(used <= kMaxBytes, path, ": unpacks to more than ", kMaxBytes, " bytes; check the path");
    if (inflater.status() == Z_STREAM_END) {
      const std::span<const std::uint8_t> rest = packed.subspan(inflater.position());
      if (std::ranges::all_of(rest, [](std::uint8_t byte) { return byte == 0; })) break;  // nothing, or padding as tapes have it
      TEMPER_CHECK(is_gzip(rest), path, ": ", rest.size(), " bytes that are not gzip follow the gzip data at byte ", inflater.position(),
                   "; ", kDownloadAgain);
      inflater.next_member();
    } else {
      const bool hungry = used < bytes.size() && inflater.position() == packed.size();
      TEMPER_CHECK(!hungry || inflater.status() == Z_DATA_ERROR, path, ": the gzip data is cut off after ", packed.size(), " bytes; ",
                   kDownloadAgain);
      TEMPER_CHECK(inflater.status() == Z_OK || inflater.status() == Z_BUF_ERROR, path, ": the gzip data is damaged near byte ",
                   inflater.position(), " (", inflater.message(), "); ", kDownloadAgain);
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

FileBytes read_unpacked(const std::string& path) {
  std::vector<std::uint8_t> bytes = read_plain(path);
  if (is_gzip(bytes)) bytes = unpack(path, bytes);
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

std::uint32_t compute_crc32(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

}  // namespace temper::data
