// Zip archives, as far as NumPy's .npz and PyTorch's .pt need them: stored or deflated members, no encryption. libzip reads them; what is
// written here keeps every member at a multiple of 64 bytes, which libzip does not.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/tables/byte_store.h"

namespace temper::data {

struct ZipMember {
  std::string name;
  bool deflated = false;   // or stored
  std::uint64_t size = 0;  // bytes, unpacked, as the archive claims
  std::uint64_t number = 0;
};

// An archive that is open for reading, by one thread at a time. Refers to the store.
class ZipArchive {
 public:
  // Throws Error "<name>: ..." for bytes that are no whole archive, or one with two members of a name.
  explicit ZipArchive(const ByteStore& store);
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;
  ~ZipArchive();

  const std::vector<ZipMember>& members() const { return members_; }  // in the order of the directory
  // The bytes of a member, unpacked: as many as its size, which is refused when the packed bytes cannot hold so many. Reading throws Error
  // for damage, also, at the end, for another size or checksum. Refers to the archive.
  std::unique_ptr<ByteStream> open(const ZipMember& member) const;

 private:
  struct Opened;
  const ByteStore& store_;
  std::unique_ptr<Opened> opened_;
  std::vector<ZipMember> members_;
};

struct NewZipMember {
  std::string name;
  std::string_view bytes;
};

// Writes an archive of stored members, whose bytes each begin at a multiple of 64, atomically. Throws Error for an archive of 4 GiB or more
// and when writing fails.
void write_zip(const std::string& path, const std::vector<NewZipMember>& members);

}  // namespace temper::data
