#include "core/engine/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/number_type.h"
#include "core/engine/safetensors_header.h"

namespace temper {
namespace {

struct ByteRange {
  std::size_t begin, end;
  std::string name;
};

// One entry of the header, checked against the `data` that follow it.
ByteRange read_entry(const SafetensorsHeader::Tensor& tensor, std::string_view data, TensorFile::Entry& entry) {
  const auto& [name, type_name, extents, begin, end] = tensor;
  const std::optional<NumberType> type = safetensors_type(type_name);
  TEMPER_CHECK(type, "tensor ", name, ": number type ", type_name, " is not known");
  TEMPER_CHECK(begin <= end && end <= data.size(), "tensor ", name, ": its data_offsets do not lie in the ", data.size(), " bytes of data");
  const auto extent = [&axes = tensor.shape](std::size_t axis) {
    return static_cast<Index>(std::min<std::uint64_t>(axes[axis], std::uint64_t{1} << 60));
  };
  switch (extents.size()) {
    case 0:
      entry.shape = Shape{};
      break;
    case 1:
      entry.shape = Shape{extent(0)};
      break;
    case 2:
      entry.shape = Shape{extent(0), extent(1)};
      break;
    case 3:
      entry.shape = Shape{extent(0), extent(1), extent(2)};
      break;
    case 4:
      entry.shape = Shape{extent(0), extent(1), extent(2), extent(3)};
      break;
    default:
      throw Error(str_cat("tensor ", name, ": it has ", extents.size(), " axes; temper reads up to 4"));
  }
  const std::size_t bytes = static_cast<std::size_t>(entry.shape.size()) * type->bytes;
  TEMPER_CHECK(end - begin == bytes, "tensor ", name, ": ", end - begin, " bytes for the shape ", entry.shape, " of ", type_name);
  entry.values.resize(static_cast<std::size_t>(entry.shape.size()));
  type->decode(data.substr(begin, bytes), std::span(entry.values));
  return {begin, end, name};
}

// The data must be covered by the tensors without gap or overlap.
void check_cover(std::vector<ByteRange> ranges, std::size_t data_size) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::size_t end = 0;
  for (const ByteRange& range : ranges) {
    TEMPER_CHECK(range.begin == end, "tensor ", range.name, ": it begins at byte ", range.begin, " of the data, not at ", end);
    end = range.end;
  }
  TEMPER_CHECK(end == data_size, data_size, " bytes of data, but the tensors end at ", end);
}

TensorFile parse(std::string_view bytes) {
  TEMPER_CHECK(bytes.size() >= 8, bytes.size(), " bytes are too few for a header");
  const std::uint64_t header_size = safetensors_header_size(std::span<const char, 8>(bytes.data(), 8), bytes.size());
  SafetensorsHeader header = parse_safetensors_header(bytes.substr(8, header_size));
  const std::string_view data = bytes.substr(8 + header_size);

  TensorFile file;
  file.metadata = std::move(header.metadata);
  std::vector<ByteRange> ranges;
  for (const SafetensorsHeader::Tensor& tensor : header.tensors) ranges.push_back(read_entry(tensor, data, file.tensors[tensor.name]));
  check_cover(std::move(ranges), data.size());
  return file;
}

}  // namespace

TensorFile read_safetensors(const std::string& path) {
  const std::string bytes = read_file(path);
  try {
    return parse(bytes);
  } catch (const std::exception& error) {
    throw Error(str_cat(path, ": not a whole safetensors file: ", error_text(error), "; copy or train it again"));
  }
}

void write_safetensors(const std::string& path, const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::vector<std::string_view> parts(2);
  std::size_t offset = 0;
  for (const auto& [name, entry] : file.tensors) {
    TEMPER_CHECK(static_cast<Index>(entry.values.size()) == entry.shape.size(), path, ": tensor ", name, " has ", entry.values.size(),
                 " values for the shape ", entry.shape);
    Json shape = Json::array();
    for (int axis = 0; axis < entry.shape.rank(); ++axis) shape.push_back(entry.shape[axis]);
    const std::size_t bytes = entry.values.size() * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {offset, offset + bytes}}};
    parts.emplace_back(reinterpret_cast<const char*>(entry.values.data()), bytes);
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the values begin 8-byte aligned
  const std::uint64_t header_size = text.size();
  parts[0] = {reinterpret_cast<const char*>(&header_size), 8};
  parts[1] = text;
  write_file(path, parts);
}

}  // namespace temper
