// A whole file as bytes, plain or gzip.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper::data {

struct FileBytes {
  std::string path;  // for messages
  std::vector<std::uint8_t> bytes;
};

// The most bytes that a file may have (unpacked, where it is gzip), by what its first 64 KiB claim; may throw Error for a false beginning.
// Of smaller files nothing is asked.
using SizeClaim = std::function<std::uint64_t(std::span<const std::uint8_t> beginning)>;

// Reads the file; content that begins as gzip is unpacked, whatever the name says. No small file takes much memory: gzip is unpacked to no
// more bytes than `claim` says, or, where the format has no header, to 32 times its size or 16 MiB. Throws Error, naming the path and the
// byte, for a file that is missing, unreadable, no regular file, larger than 2 GiB (also once unpacked) or than it claims, or gzip that is
// cut off, damaged or followed by other bytes.
FileBytes read_unpacked(const std::string& path, const SizeClaim& claim = {});

bool begins_with(std::span<const std::uint8_t> bytes, std::string_view text);

// "it looks like a web page", "it looks like a zip archive", ...: for files that are often given by mistake. Empty when unknown.
std::string guess_kind(std::span<const std::uint8_t> bytes);

}  // namespace temper::data
