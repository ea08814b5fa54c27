// Random-access bytes, from a file or memory, and streams over a part of them, which may decompress. Files of logits may be too large to be
// held in memory twice, so readers process them in blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper::data {

constexpr std::size_t kBlockBytes = 1 << 20;

class ByteStore {
 public:
  virtual ~ByteStore() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `out` from byte `offset` on. Throws Error, naming the file, when the store ends before or the disk fails.
  virtual void read_at(std::uint64_t offset, std::span<char> out) const = 0;
  const std::string& name() const { return name_; }  // for messages

 protected:
  explicit ByteStore(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

// Throws Error for a path that is missing, unreadable or no regular file.
std::unique_ptr<ByteStore> open_file(const std::string& path);
std::unique_ptr<ByteStore> bytes_in_memory(std::string name, std::string_view bytes);  // keeps a reference

// Bytes one after the other.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills as much of `out` as is available and returns its size; 0 only at the end.
  virtual std::size_t read(std::span<char> out) = 0;
  // All of `out`; throws Error "<name>: ..." when the stream ends before, naming what was being read.
  void read_all(std::span<char> out, std::string_view what);
  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }          // it has no more bytes, and fewer only if it is damaged
  std::uint64_t position() const { return position_; }  // bytes read so far by read_all()

 protected:
  ByteStream(std::string name, std::uint64_t size) : name_(std::move(name)), size_(size) {}

 private:
  std::string name_;
  std::uint64_t size_, position_ = 0;
};

// The bytes [begin, end) of a store.
std::unique_ptr<ByteStream> open_stream(const ByteStore& store, std::uint64_t begin, std::uint64_t end);

}  // namespace temper::data
