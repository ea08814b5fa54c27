// Whole files, read and written so that a crash, a full disk or a kill never leaves half of one behind.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace temper {

// Throws Error naming the path and the reason: missing, a folder, no permission.
std::string read_file(const std::string& path);

// The same of standard input, which errors call stdin.
std::string read_standard_input();

// Writes the parts one after the other to a temporary file in the same folder, syncs it, renames it to `path` and syncs the folder: a
// reader sees the old file or the new one. On any failure the old file stays, the temporary one is removed, and Error names the path and
// the reason.
void write_file(const std::string& path, std::span<const std::string_view> parts);
void write_file(const std::string& path, std::string_view bytes);

// Creates a folder and its parents where they do not exist. Throws Error naming the path and the reason.
void make_folder(const std::string& path);

// Removes the temporary files that killed writers left in a folder. Call it only when no other process writes there.
void remove_half_written(const std::string& folder);

// While it lives, no other process holds the same folder. Goes with the process, however that ends. On file systems without locks it
// keeps nobody out.
class FolderLock {
 public:
  // Throws Error when another process holds it.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  int descriptor_;
};

}  // namespace temper
