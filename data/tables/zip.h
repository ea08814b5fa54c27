// Zip archives, as far as NumPy's .npz and PyTorch's .pt need them (PKWARE APPNOTE 6.3.10): stored or deflated members, zip64 sizes, no
// encryption.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/tables/byte_store.h"

namespace temper::data {

struct ZipMember {
  std::string name;
  int method = 0;  // 0 stored, 8 deflated
  std::uint32_t checksum = 0;
  std::uint64_t packed = 0, size = 0;  // bytes
  std::uint64_t header = 0;            // where its local header begins
};

// The members in the order of the directory at the end. Throws Error "<name>: ...", naming the byte, for bytes that are no whole archive.
std::vector<ZipMember> zip_directory(const ByteStore& store);

// The bytes of a member, unpacked. Reading throws Error for damage, also for a checksum that is wrong at the end. Refers to the store.
std::unique_ptr<ByteStream> open_member(const ByteStore& store, const ZipMember& member);

struct NewZipMember {
  std::string name;
  std::string_view bytes;
};

// Writes an archive of stored members, whose bytes each begin at a multiple of 64, atomically. Throws Error for an archive of 4 GiB or more
// and when writing fails.
void write_zip(const std::string& path, const std::vector<NewZipMember>& members);

}  // namespace temper::data
