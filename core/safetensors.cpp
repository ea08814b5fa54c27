#include "core/safetensors.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "core/file.h"
#include "core/json.h"

namespace temper {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

float from_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const auto fraction = static_cast<float>(bits & 0x3FF);
  const float magnitude = exponent == 31  ? (fraction == 0 ? INFINITY : NAN)
                          : exponent == 0 ? std::ldexp(fraction, -24)
                                          : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

struct Half {
  std::uint16_t bits;
  explicit operator float() const { return from_half(bits); }
};
struct BFloat16 {
  std::uint16_t bits;
  explicit operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

template <class T> void convert(std::string_view bytes, std::vector<float>& values) {
  values.resize(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<float>(value);
  }
}

struct NumberType {
  std::string_view name;
  std::size_t bytes;
  void (*convert)(std::string_view bytes, std::vector<float>& values);
};

constexpr NumberType kNumberTypes[] = {
    {"F32", 4, convert<float>},         {"F64", 8, convert<double>},        {"F16", 2, convert<Half>},
    {"BF16", 2, convert<BFloat16>},     {"I64", 8, convert<std::int64_t>},  {"I32", 4, convert<std::int32_t>},
    {"I16", 2, convert<std::int16_t>},  {"I8", 1, convert<std::int8_t>},    {"U64", 8, convert<std::uint64_t>},
    {"U32", 4, convert<std::uint32_t>}, {"U16", 2, convert<std::uint16_t>}, {"U8", 1, convert<std::uint8_t>},
    {"BOOL", 1, convert<std::uint8_t>},
};

struct ByteRange {
  std::size_t begin, end;
  std::string name;
};

// One entry of the header, checked against the `data` that follow it.
ByteRange read_entry(const std::string& name, const Json& json, std::string_view data, TensorFile::Entry& entry) {
  const auto type_name = json.at("dtype").get<std::string>();
  const auto type =
      std::find_if(std::begin(kNumberTypes), std::end(kNumberTypes), [&](const NumberType& t) { return t.name == type_name; });
  TEMPER_CHECK(type != std::end(kNumberTypes), "tensor ", name, ": number type ", type_name, " is not known");
  const auto extents = json.at("shape").get<std::vector<std::uint64_t>>();
  const auto offsets = json.at("data_offsets").get<std::vector<std::uint64_t>>();
  TEMPER_CHECK(offsets.size() == 2 && offsets[0] <= offsets[1] && offsets[1] <= data.size(), "tensor ", name,
               ": its data_offsets do not lie in the ", data.size(), " bytes of data");
  const auto extent = [&](std::size_t axis) { return static_cast<Index>(std::min<std::uint64_t>(extents[axis], std::uint64_t{1} << 60)); };
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
      throw Error(concat("tensor ", name, ": it has ", extents.size(), " axes; temper reads up to 4"));
  }
  const std::size_t bytes = static_cast<std::size_t>(entry.shape.size()) * type->bytes;
  TEMPER_CHECK(offsets[1] - offsets[0] == bytes, "tensor ", name, ": ", offsets[1] - offsets[0], " bytes for the shape ", entry.shape,
               " of ", type_name);
  type->convert(data.substr(offsets[0], bytes), entry.values);
  return {offsets[0], offsets[1], name};
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
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), 8);
  TEMPER_CHECK(header_size <= bytes.size() - 8, "the header claims ", header_size, " bytes, the file has ", bytes.size());
  const Json header = Json::parse(bytes.substr(8, header_size));
  TEMPER_CHECK(header.is_object(), "the header is not a JSON object");
  const std::string_view data = bytes.substr(8 + header_size);

  TensorFile file;
  std::vector<ByteRange> ranges;
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") {
      file.metadata = json.get<std::map<std::string, std::string>>();
    } else {
      ranges.push_back(read_entry(name, json, data, file.tensors[name]));
    }
  }
  check_cover(std::move(ranges), data.size());
  return file;
}

}  // namespace

TensorFile read_safetensors(const std::string& path) {
  const std::string bytes = read_file(path);
  try {
    return parse(bytes);
  } catch (const std::exception& error) {
    throw Error(concat(path, ": not a whole safetensors file: ", error.what(), "; copy or train it again"));
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
