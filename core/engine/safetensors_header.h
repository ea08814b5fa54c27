// The header of a safetensors file, for all that read such files.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

struct SafetensorsHeader {
  struct Tensor {
    std::string name, type;            // "F32"
    std::vector<std::uint64_t> shape;  // of any number of axes
    std::uint64_t begin = 0, end = 0;  // in the data, which follow the header; not checked against their size
  };
  std::vector<Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// The length of the header, by the first eight bytes of a file of so many bytes. Throws Error for one beyond the file, or 100 MB, which the
// format forbids; the caller adds the name of the file, here and below.
std::uint64_t safetensors_header_size(std::span<const char, 8> first, std::uint64_t file_size);

// Throws Error unless the text is a JSON object from its first byte on, without a NUL, a name or a key twice, or a number that is not whole
// and not negative.
SafetensorsHeader parse_safetensors_header(std::string_view text);

}  // namespace temper
