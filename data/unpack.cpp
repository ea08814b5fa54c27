#include "data/unpack.h"

#include <zlib.h>

#include <new>

namespace temper::data {

struct Unpacker::Stream {
  z_stream zlib{};
  int status = Z_OK;
};

Unpacker::Unpacker(Format format) : stream_(std::make_unique<Stream>()) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream_->zlib, format == Format::gzip ? kGzipOnly : MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

Unpacker::~Unpacker() { inflateEnd(&stream_->zlib); }

std::size_t Unpacker::unpack(std::span<const std::uint8_t>& packed, std::span<std::uint8_t> room) {
  z_stream& zlib = stream_->zlib;
  zlib.next_in = const_cast<Bytef*>(packed.data());  // zlib only reads it
  zlib.avail_in = static_cast<uInt>(packed.size());
  zlib.next_out = room.data();
  zlib.avail_out = static_cast<uInt>(room.size());
  stream_->status = inflate(&zlib, Z_NO_FLUSH);
  if (stream_->status == Z_MEM_ERROR) throw std::bad_alloc();
  packed = packed.last(zlib.avail_in);
  return room.size() - zlib.avail_out;
}

bool Unpacker::ended() const { return stream_->status == Z_STREAM_END; }
bool Unpacker::damaged() const { return stream_->status != Z_OK && stream_->status != Z_BUF_ERROR && !ended(); }
const char* Unpacker::message() const { return stream_->zlib.msg != nullptr ? stream_->zlib.msg : "not deflate"; }
void Unpacker::begin_again() {
  inflateReset(&stream_->zlib);
  stream_->status = Z_OK;
}

std::uint32_t compute_crc32(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

}  // namespace temper::data
