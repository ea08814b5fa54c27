#include "core/base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>

#include "core/base/check.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHalfWritten = ".writing.";

[[noreturn]] void fail(const std::string& path, const char* doing, int error) {
  const char* advice = error == ENOSPC || error == EDQUOT || error == EFBIG ? "free some space and run again"
                       : error == EACCES                                    ? "check its permissions and those of its folder"
                       : error == ENOENT                                    ? "check the path"
                       : error == EISDIR                                    ? "give a file, not a folder"
                       : error == EBADF                                     ? "it is closed, or not open for that; open it"
                                                                            : "check the path and the disk";
  throw Error(str_cat(path, ": ", doing, " failed: ", std::strerror(error), "; ", advice));
}

// A file descriptor that is closed with its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  int close() { return ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

void write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "writing", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void write_and_sync(const std::string& temporary, std::span<const std::string_view> parts, const std::string& path) {
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.number() < 0) fail(path, "creating a file beside it", errno);
  for (const std::string_view part : parts) write_all(file.number(), part, path);
  if (::fsync(file.number()) != 0) fail(path, "syncing", errno);
  if (file.close() != 0) fail(path, "closing", errno);
}

// What earlier writers of this file, which are gone, left half-written.
void remove_litter_of(const std::string& path) {
  const fs::path file(path);
  const std::string prefix = file.filename().string() + kHalfWritten;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(file.has_parent_path() ? file.parent_path() : fs::path("."), ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    pid_t writer = 0;
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + prefix.size(), end, writer);
    if (read.ec == std::errc{} && read.ptr == end && writer > 0 && ::kill(writer, 0) != 0 && errno == ESRCH)
      fs::remove(entry.path(), ignored);
  }
}

std::string read_all(int descriptor, const std::string& name, std::size_t most = std::numeric_limits<std::size_t>::max()) {
  std::string bytes;
  char block[1 << 16];
  for (;;) {
    TEMPER_CHECK(bytes.size() <= most, name, ": it is no regular file, and does not end after ", most,
                 " bytes; copy what it has to a file");
    const ssize_t count = ::read(descriptor, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(name, "reading", errno);
    if (count == 0) return bytes;
    bytes.append(block, static_cast<std::size_t>(count));
  }
}

}  // namespace

std::string read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) fail(path, "opening", errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) fail(path, "reading", errno);
  TEMPER_CHECK(!S_ISDIR(status.st_mode), path, ": it is a folder; give a file");
  constexpr std::size_t kMostOfDevice = std::size_t{1} << 30;  // /dev/zero never ends
  return S_ISREG(status.st_mode) ? read_all(file.number(), path) : read_all(file.number(), path, kMostOfDevice);
}

std::string read_standard_input() { return read_all(STDIN_FILENO, "stdin"); }

void write_file(const std::string& path, std::span<const std::string_view> parts) {
  const std::string temporary = str_cat(path, kHalfWritten, ::getpid());
  try {
    write_and_sync(temporary, parts, path);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "renaming the finished file", errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  remove_litter_of(path);
  const std::string folder = fs::path(path).parent_path().string();
  const Descriptor directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() >= 0) ::fsync(directory.number());  // some file systems refuse to sync a folder; the file itself is safe
}

void write_file(const std::string& path, std::string_view bytes) { write_file(path, std::span(&bytes, 1)); }

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(path, "making the folder", error.value());
}

void remove_half_written(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().find(kHalfWritten) != std::string::npos) fs::remove(entry.path(), ignored);
  }
}

FolderLock::FolderLock(const std::string& folder) : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail(folder, "opening the folder", errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(descriptor_);
    throw Error(str_cat(folder, ": another process is at work there; wait for its end, or give another folder"));
  }
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace temper
