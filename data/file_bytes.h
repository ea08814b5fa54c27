// A whole file as bytes, plain or gzip. The only file of this room that sees zlib.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper::data {

struct FileBytes {
  std::string path;  // for messages
  std::vector<std::uint8_t> bytes;
};

// Reads the file; content that begins as gzip is unpacked, whatever the name says. Throws Error, naming the path and the byte, for a file
// that is missing, unreadable, no regular file, larger than 2 GiB (also once unpacked), or gzip that is cut off, damaged or followed by
// other bytes.
FileBytes read_unpacked(const std::string& path);

bool begins_with(std::span<const std::uint8_t> bytes, std::string_view text);

// "it looks like a web page", "it looks like a zip archive", ...: for files that are often given by mistake. Empty when unknown.
std::string guess_kind(std::span<const std::uint8_t> bytes);

// The CRC-32 of gzip and PNG.
std::uint32_t compute_crc32(std::span<const std::uint8_t> bytes);

}  // namespace temper::data
