// Unpacks deflated bytes piece by piece into memory that the caller gives. The only file that sees zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace temper::data {

class Unpacker {
 public:
  enum class Format { gzip, zlib };
  explicit Unpacker(Format format);
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  ~Unpacker();

  // Unpacks from the front of `packed`, which is left with what was not used, into `room`, and returns how many bytes it wrote there. Stops
  // when the room is full, the packed bytes are used up, the stream has ended or it is damaged. `packed` is at most 4 GiB - 1 long.
  std::size_t unpack(std::span<const std::uint8_t>& packed, std::span<std::uint8_t> room);

  bool ended() const;           // the stream is whole, and its checksum is right
  bool damaged() const;         // what was unpacked before may be wrong
  const char* message() const;  // what is damaged
  void begin_again();           // another stream follows

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

// The CRC-32 of gzip, zip and PNG.
std::uint32_t compute_crc32(std::span<const std::uint8_t> bytes);

}  // namespace temper::data
