// Whole files, read and written so that a crash, a full disk or a kill never leaves half of one behind.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace temper {

// Throws Error naming the path and the reason: missing, a folder, no permission.
std::string read_file(const std::string& path);

// Writes the parts one after the other to a temporary file in the same folder, syncs it, renames it to `path` and syncs the folder: a
// reader sees the old file or the new one. On any failure the old file stays, the temporary one is removed, and Error names the path and
// the reason.
void write_file(const std::string& path, std::span<const std::string_view> parts);
void write_file(const std::string& path, std::string_view bytes);

}  // namespace temper
