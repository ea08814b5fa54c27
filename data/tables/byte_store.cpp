#include "data/tables/byte_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"

namespace temper::data {
namespace {

class FileStore : public ByteStore {
 public:
  explicit FileStore(const std::string& path) : ByteStore(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    TEMPER_CHECK(descriptor_ >= 0, path, ": cannot be opened: ", std::strerror(errno), "; check the path and its permissions");
    struct stat status {};
    const bool known = ::fstat(descriptor_, &status) == 0;
    if (!known || !S_ISREG(status.st_mode)) {
      ::close(descriptor_);  // no destructor runs for a constructor that throws
      throw Error(
          str_cat(path, S_ISDIR(status.st_mode) ? ": it is a folder; give a file" : ": it is not a regular file; give a file on disk"));
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;
  ~FileStore() override { ::close(descriptor_); }

  std::uint64_t size() const override { return size_; }

  void read_at(std::uint64_t offset, std::span<char> out) const override {
    while (!out.empty()) {
      const ssize_t count = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      TEMPER_CHECK(count >= 0, name(), ": reading at byte ", offset, " failed: ", std::strerror(errno), "; check the disk");
      TEMPER_CHECK(count > 0, name(), ": it ends at byte ", offset, " before all was read; wait until it is complete, or write it again");
      offset += static_cast<std::uint64_t>(count);
      out = out.subspan(static_cast<std::size_t>(count));
    }
  }

 private:
  int descriptor_;
  std::uint64_t size_ = 0;
};

class MemoryStore : public ByteStore {
 public:
  MemoryStore(std::string name, std::string_view bytes) : ByteStore(std::move(name)), bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  void read_at(std::uint64_t offset, std::span<char> out) const override {
    TEMPER_CHECK(offset <= bytes_.size() && out.size() <= bytes_.size() - offset, name(), ": it ends at byte ", bytes_.size(),
                 " before all was read; write it again");
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }

 private:
  std::string_view bytes_;
};

class RangeStream : public ByteStream {
 public:
  RangeStream(const ByteStore& store, std::uint64_t begin, std::uint64_t end)
      : ByteStream(store.name(), std::min(end, store.size()) - std::min(begin, store.size())),
        store_(store),
        at_(begin),
        end_(std::min(end, store.size())) {}

  std::size_t read(std::span<char> out) override {
    const std::uint64_t left = at_ < end_ ? end_ - at_ : 0;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
    store_.read_at(at_, out.first(count));
    at_ += count;
    return count;
  }

 private:
  const ByteStore& store_;
  std::uint64_t at_, end_;
};

}  // namespace

std::unique_ptr<ByteStore> open_file(const std::string& path) { return std::make_unique<FileStore>(path); }

std::unique_ptr<ByteStore> bytes_in_memory(std::string name, std::string_view bytes) {
  return std::make_unique<MemoryStore>(std::move(name), bytes);
}

void ByteStream::read_all(std::span<char> out, std::string_view what) {
  while (!out.empty()) {
    const std::size_t count = read(out);
    TEMPER_CHECK(count > 0, name_, ": ", what, " is cut off at byte ", position_, "; copy or write the file again");
    position_ += count;
    out = out.subspan(count);
  }
}

std::unique_ptr<ByteStream> open_stream(const ByteStore& store, std::uint64_t begin, std::uint64_t end) {
  return std::make_unique<RangeStream>(store, begin, end);
}

}  // namespace temper::data
