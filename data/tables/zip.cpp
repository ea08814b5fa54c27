#include "data/tables/zip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/check.h"

namespace temper::data {
namespace {

constexpr const char* kWriteAgain = "; copy or write the archive again";
constexpr std::uint32_t kInZip64 = 0xFFFFFFFF;

template <class T> T number_at(std::span<const char> bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::vector<char> read_bytes(const ByteStore& store, std::uint64_t offset, std::uint64_t count, const char* what) {
  TEMPER_CHECK(offset <= store.size() && count <= store.size() - offset, store.name(), ": ", what, " at byte ", offset,
               " reaches beyond the end of the file at ", store.size(), kWriteAgain);
  std::vector<char> bytes(static_cast<std::size_t>(count));
  store.read_at(offset, bytes);
  return bytes;
}

struct Directory {
  std::uint64_t offset = 0, size = 0, members = 0;
};

// The end record is last, before a comment of at most 65535 bytes; a zip64 locator may precede it.
Directory find_directory(const ByteStore& store) {
  constexpr std::uint64_t kRecord = 22, kLongestComment = 65535, kLocator = 20, kRecord64 = 56;
  const std::uint64_t tail = std::min(store.size(), kRecord + kLongestComment), start = store.size() - tail;
  const std::vector<char> bytes = read_bytes(store, start, tail, "the end record");
  std::size_t at = bytes.size();
  for (std::size_t i = bytes.size() >= kRecord ? bytes.size() - kRecord + 1 : 0; i-- > 0 && at == bytes.size();)
    if (number_at<std::uint32_t>(bytes, i) == 0x06054b50) at = i;
  TEMPER_CHECK(at < bytes.size(), store.name(), ": it is no whole zip archive: the directory at its end is missing", kWriteAgain);
  Directory directory{number_at<std::uint32_t>(bytes, at + 16), number_at<std::uint32_t>(bytes, at + 12),
                      number_at<std::uint16_t>(bytes, at + 10)};
  if (at >= kLocator && number_at<std::uint32_t>(bytes, at - kLocator) == 0x07064b50) {
    const auto record = read_bytes(store, number_at<std::uint64_t>(bytes, at - kLocator + 8), kRecord64, "the zip64 end record");
    TEMPER_CHECK(number_at<std::uint32_t>(record, 0) == 0x06064b50, store.name(), ": its zip64 end record is damaged", kWriteAgain);
    directory = {number_at<std::uint64_t>(record, 48), number_at<std::uint64_t>(record, 40), number_at<std::uint64_t>(record, 32)};
  }
  return directory;
}

// Sizes of 4 GiB and more stand in the extra field 1, in the order of the fields that could not hold them.
void read_zip64(std::span<const char> extra, ZipMember& member) {
  while (extra.size() >= 4) {
    const auto id = number_at<std::uint16_t>(extra, 0), size = number_at<std::uint16_t>(extra, 2);
    if (extra.size() - 4 < size) return;
    std::span<const char> field = extra.subspan(4, size);
    for (std::uint64_t* value : {&member.size, &member.packed, &member.header}) {
      if (id != 1 || *value != kInZip64 || field.size() < 8) continue;
      *value = number_at<std::uint64_t>(field, 0);
      field = field.subspan(8);
    }
    extra = extra.subspan(4 + std::size_t{size});
  }
}

class MemberStream : public ByteStream {
 public:
  MemberStream(const ByteStore& store, const ZipMember& member, std::unique_ptr<ByteStream> packed)
      : ByteStream(store.name() + ":" + member.name), member_(member), packed_(std::move(packed)), block_(1 << 16) {
    if (member.method == 8 && inflateInit2(&inflater_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  MemberStream(const MemberStream&) = delete;
  MemberStream& operator=(const MemberStream&) = delete;
  ~MemberStream() override {
    if (member_.method == 8) inflateEnd(&inflater_);
  }

  std::size_t read(std::span<char> out) override {
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), std::min<std::uint64_t>(member_.size - done_, 1U << 30))));
    const std::size_t count = member_.method == 8 ? unpack(out) : packed_->read(out);
    checksum_ = crc32(checksum_, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(count));
    done_ += count;
    const bool due = done_ == member_.size && !out.empty();
    TEMPER_CHECK(!due || checksum_ == member_.checksum, name(), ": its checksum is wrong, so it is damaged", kWriteAgain);
    return count;
  }

 private:
  std::size_t unpack(std::span<char> out) {
    inflater_.next_out = reinterpret_cast<Bytef*>(out.data());
    inflater_.avail_out = static_cast<uInt>(out.size());
    while (inflater_.avail_out > 0 && !ended_) {
      if (inflater_.avail_in == 0) {
        const std::size_t count = packed_->read(block_);
        inflater_.next_in = reinterpret_cast<Bytef*>(block_.data());
        inflater_.avail_in = static_cast<uInt>(count);
      }
      const bool hungry = inflater_.avail_in == 0;
      const int status = inflate(&inflater_, Z_NO_FLUSH);
      if (status == Z_MEM_ERROR) throw std::bad_alloc();
      ended_ = status == Z_STREAM_END;
      if (hungry && !ended_) break;  // cut off: the caller sees too few bytes
      TEMPER_CHECK(ended_ || status == Z_OK || status == Z_BUF_ERROR, name(), ": the packed data are damaged near byte ", done_,
                   kWriteAgain);
    }
    return out.size() - inflater_.avail_out;
  }

  ZipMember member_;
  std::unique_ptr<ByteStream> packed_;
  std::vector<char> block_;
  z_stream inflater_{};
  uLong checksum_ = crc32(0, nullptr, 0);
  std::uint64_t done_ = 0;
  bool ended_ = false;
};

}  // namespace

std::vector<ZipMember> zip_directory(const ByteStore& store) {
  constexpr std::size_t kEntry = 46;
  const Directory directory = find_directory(store);
  const std::vector<char> bytes = read_bytes(store, directory.offset, directory.size, "the directory");
  std::span<const char> rest = bytes;
  std::vector<ZipMember> members;
  while (rest.size() >= kEntry && number_at<std::uint32_t>(rest, 0) == 0x02014b50) {
    const std::size_t name = number_at<std::uint16_t>(rest, 28), extra = number_at<std::uint16_t>(rest, 30),
                      comment = number_at<std::uint16_t>(rest, 32);
    TEMPER_CHECK(rest.size() - kEntry >= name + extra + comment, store.name(), ": its directory is cut off at member ", members.size(),
                 kWriteAgain);
    ZipMember member{.name = std::string(rest.data() + kEntry, name),
                     .method = number_at<std::uint16_t>(rest, 10),
                     .checksum = number_at<std::uint32_t>(rest, 16),
                     .packed = number_at<std::uint32_t>(rest, 20),
                     .size = number_at<std::uint32_t>(rest, 24),
                     .header = number_at<std::uint32_t>(rest, 42)};
    TEMPER_CHECK((number_at<std::uint16_t>(rest, 8) & 1) == 0, store.name(), ": ", member.name,
                 " is encrypted; write it without a password");
    read_zip64(rest.subspan(kEntry + name, extra), member);
    members.push_back(std::move(member));
    rest = rest.subspan(kEntry + name + extra + comment);
  }
  TEMPER_CHECK(members.size() == directory.members, store.name(), ": its directory has ", members.size(), " of ", directory.members,
               " members", kWriteAgain);
  return members;
}

std::unique_ptr<ByteStream> open_member(const ByteStore& store, const ZipMember& member) {
  constexpr std::uint64_t kLocal = 30;
  TEMPER_CHECK(member.method == 0 || member.method == 8, store.name(), ": ", member.name, " is packed by method ", member.method,
               "; use numpy.savez or numpy.savez_compressed");
  const std::vector<char> local = read_bytes(store, member.header, kLocal, "a member's header");
  TEMPER_CHECK(number_at<std::uint32_t>(local, 0) == 0x04034b50, store.name(), ": the header of ", member.name, " at byte ", member.header,
               " is damaged", kWriteAgain);
  const std::uint64_t begin = member.header + kLocal + number_at<std::uint16_t>(local, 26) + number_at<std::uint16_t>(local, 28);
  TEMPER_CHECK(begin <= store.size() && member.packed <= store.size() - begin, store.name(), ": ", member.name, " claims ", member.packed,
               " bytes from byte ", begin, " on, but the file has ", store.size(), kWriteAgain);
  return std::make_unique<MemberStream>(store, member, open_stream(store, begin, begin + member.packed));
}

}  // namespace temper::data
