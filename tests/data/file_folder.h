// The temporary folder of tests/temporary_folder.h, with files to read in it.
#pragma once

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "tests/temporary_folder.h"

namespace temper::tests {

using Bytes = std::vector<std::uint8_t>;

class FileFolder : public temper::TemporaryFolder {
 public:
  using temper::TemporaryFolder::path;
  std::string path(const std::string& name) const { return *this / name; }

  // Writes the file, with the folders above it, and returns its path.
  std::string write(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream out(path(name), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    REQUIRE(out.good());
    return path(name);
  }
  std::string write(const std::string& name, const std::string& text) const { return write(name, Bytes(text.begin(), text.end())); }
};

inline Bytes gzip(const Bytes& bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes packed(deflateBound(&stream, static_cast<uLong>(bytes.size())) + 64);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  REQUIRE(status == Z_STREAM_END);
  return packed;
}

// The message of the temper::Error that `action` throws; "" if it throws none.
template <class Action> std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// Whether `text` holds all `parts`; tells which is missing.
inline bool holds(const std::string& text, const std::vector<std::string>& parts) {
  bool all = true;
  for (const std::string& part : parts) {
    const bool found = text.find(part) != std::string::npos;
    CHECK_MESSAGE(found, "\"", part, "\" is not in \"", text, "\"");
    all = all && found;
  }
  return all;
}

}  // namespace temper::tests
