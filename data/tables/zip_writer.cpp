#include <deque>

#include "core/base/check.h"
#include "core/base/file.h"
#include "data/tables/zip.h"
#include "data/unpack.h"

namespace temper::data {
namespace {

constexpr std::uint64_t kAlignment = 64, kLimit = 0xFFFFFFFF;

// The `count` <= 8 low bytes of the value, little-endian.
void append(std::string& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i & 0xFF);
}

// What the local header and the directory say alike: version, flags, method, time, checksum, sizes, and the lengths of name and extra
// field.
std::string description(const NewZipMember& member, std::uint64_t extra) {
  std::string bytes;
  append(bytes, 20, 2);
  append(bytes, 0, 4);
  append(bytes, 0x00210000, 4);  // 1 January 1980, 0:00: the same content is the same file
  append(bytes, compute_crc32({reinterpret_cast<const std::uint8_t*>(member.bytes.data()), member.bytes.size()}), 4);
  append(bytes, member.bytes.size(), 4);
  append(bytes, member.bytes.size(), 4);
  append(bytes, member.name.size(), 2);
  append(bytes, extra, 2);
  return bytes;
}

// The header before a member that begins at byte `offset`, with as much padding, in an extra field "FB", as aligns what follows.
std::string local_header(const NewZipMember& member, std::uint64_t offset) {
  constexpr std::uint64_t kFixed = 30, kFieldHeader = 4;
  const std::uint64_t unpadded = offset + kFixed + member.name.size() + kFieldHeader;
  const std::uint64_t padding = (kAlignment - unpadded % kAlignment) % kAlignment;
  std::string bytes;
  append(bytes, 0x04034B50, 4);
  bytes += description(member, kFieldHeader + padding) + member.name + "FB";
  append(bytes, padding, 2);
  return bytes + std::string(static_cast<std::size_t>(padding), 0);
}

std::string directory_entry(const NewZipMember& member, std::uint64_t offset) {
  std::string bytes;
  append(bytes, 0x02014B50, 4);
  append(bytes, 20, 2);
  bytes += description(member, 0);
  bytes.append(10, 0);  // no comment, one disk, no attributes
  append(bytes, offset, 4);
  return bytes + member.name;
}

}  // namespace

void write_zip(const std::string& path, const std::vector<NewZipMember>& members) {
  std::deque<std::string> headers;  // keep their places: the parts refer to them
  std::vector<std::string_view> parts;
  std::string directory;
  std::uint64_t offset = 0;
  for (const NewZipMember& member : members) {
    TEMPER_CHECK(offset + member.bytes.size() < kLimit, path, ": the archive would have 4 GiB or more; use a .safetensors file");
    parts.emplace_back(headers.emplace_back(local_header(member, offset)));
    parts.push_back(member.bytes);
    directory += directory_entry(member, offset);
    offset += headers.back().size() + member.bytes.size();
  }
  std::string end;
  append(end, 0x06054B50, 4);
  append(end, 0, 4);  // one disk
  append(end, members.size(), 2);
  append(end, members.size(), 2);
  append(end, directory.size(), 4);
  append(end, offset, 4);
  append(end, 0, 2);  // no comment
  TEMPER_CHECK(offset + directory.size() < kLimit && members.size() < 0xFFFF, path, ": the archive is too large; use a .safetensors file");
  parts.emplace_back(directory);
  parts.emplace_back(end);
  write_file(path, parts);
}

}  // namespace temper::data
