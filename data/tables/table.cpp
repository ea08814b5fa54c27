#include "data/tables/table.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/base/check.h"
#include "core/base/number_type.h"
#include "core/engine/safetensors_header.h"
#include "data/tables/zip.h"

namespace temper::data {
namespace {

// The one of `names` that is meant: the one asked for, or the only one.
std::size_t choose(const std::vector<std::string>& names, std::string_view part, const std::string& file, const char* what) {
  constexpr std::size_t kMostShown = 10;
  std::string all;
  for (std::size_t i = 0; i < std::min(names.size(), kMostShown); ++i) all += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kMostShown) all += str_cat(" and ", names.size() - kMostShown, " more");
  TEMPER_CHECK(!names.empty(), file, ": it holds no ", what, "; check what was saved");
  TEMPER_CHECK(!part.empty() || names.size() == 1, file, ": it holds several ", what, "s (", all, "); name one, as in ", file, ":",
               names[0]);
  if (part.empty()) return 0;
  const auto found = std::find(names.begin(), names.end(), part);
  TEMPER_CHECK(found != names.end(), file, ": it holds no ", what, " ", part, "; there are ", all);
  return static_cast<std::size_t>(found - names.begin());
}

constexpr std::string_view kNumpyMark = "\x93NUMPY", kZipMark = "PK";
constexpr std::array<std::pair<std::string_view, const char*>, 4> kOthers{{{"\x89HDF", "an HDF5 file"},
                                                                           {"\x1F\x8B", "packed with gzip; unpack it"},
                                                                           {"\x80\x02", "a Python pickle"},
                                                                           {"PAR1", "a Parquet file"}}};

bool is_safetensors(const ByteStore& store) {
  std::array<char, 9> head{};
  if (store.size() < head.size()) return false;
  store.read_at(0, head);
  return head[8] == '{' && head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] == 0;  // a header shorter than 4 GiB
}

struct TensorPlace {
  NumberType type;
  Index rows = 0, columns = 1;
  std::uint64_t begin = 0;
};

TensorPlace locate_tensor(const SafetensorsHeader::Tensor& tensor, std::uint64_t data_begin, std::uint64_t data_size) {
  const auto type = safetensors_type(tensor.type);
  TEMPER_CHECK(type, "its number type ", tensor.type, " is not known");
  const auto& shape = tensor.shape;
  TEMPER_CHECK(shape.size() == 1 || shape.size() == 2, "it has ", shape.size(),
               " axes; a table has two (samples, classes), labels have one");
  const std::uint64_t rows = shape[0], columns = shape.size() == 2 ? shape[1] : 1;
  TEMPER_CHECK(rows > 0 && columns > 0, "it has ", rows, " rows of ", columns, " numbers, so nothing to read");
  TEMPER_CHECK(columns <= data_size && rows <= data_size / columns && tensor.begin <= tensor.end && tensor.end <= data_size &&
                   tensor.end - tensor.begin == rows * columns * type->bytes,
               "its shape and its data_offsets do not fit together in ", data_size, " bytes of data");
  return {*type, static_cast<Index>(rows), static_cast<Index>(columns), data_begin + tensor.begin};
}

SafetensorsHeader read_safetensors_header(const ByteStore& store, std::uint64_t& data_begin) {
  std::array<char, 8> length{};
  store.read_at(0, length);
  const std::uint64_t size = safetensors_header_size(length, store.size());
  std::string text(static_cast<std::size_t>(size), ' ');
  store.read_at(8, text);
  data_begin = 8 + size;
  return parse_safetensors_header(text);
}

void read_rows(ByteStream& stream, const TensorPlace& place, const RowSink& sink) {
  std::vector<double> values(static_cast<std::size_t>(place.columns));
  std::vector<char> stored(values.size() * place.type.bytes);
  sink.begin(place.rows, place.columns);
  for (Index row = 0; row < place.rows; ++row) {
    stream.read_all(stored, "the tensor");
    place.type.decode(stored, std::span(values));
    sink.row(row, values);
  }
}

}  // namespace

void read_safetensors_table(const ByteStore& store, std::string_view part, const RowSink& sink) {
  TEMPER_CHECK(store.size() >= 8, store.name(), ": ", store.size(), " bytes are too few for a safetensors file; copy or write it again");
  std::uint64_t data_begin = 0;
  TensorPlace place;
  std::string which = "its header";
  try {
    const SafetensorsHeader header = read_safetensors_header(store, data_begin);
    std::vector<std::string> names;
    for (const SafetensorsHeader::Tensor& tensor : header.tensors) names.push_back(tensor.name);
    const SafetensorsHeader::Tensor& chosen = header.tensors[choose(names, part, store.name(), "tensor")];
    which = "tensor " + chosen.name;
    place = locate_tensor(chosen, data_begin, store.size() - data_begin);
  } catch (const Error& error) {
    const std::string what = error.what();
    throw Error(what.starts_with(store.name()) ? what : str_cat(store.name(), ": ", which, ": ", what, "; copy or write it again"));
  }
  const auto stream = open_stream(store, place.begin, store.size());
  read_rows(*stream, place, sink);
}

void read_npz(const ByteStore& store, std::string_view part, const RowSink& sink) {
  const ZipArchive archive(store);
  std::vector<std::string> names;
  for (const ZipMember& member : archive.members()) {
    std::string_view name = member.name;
    if (name.ends_with(".npy")) name.remove_suffix(4);
    names.emplace_back(name);
  }
  const auto stream = archive.open(archive.members()[choose(names, part, store.name(), "array")]);
  read_npy(*stream, sink);
}

void read_table(const ByteStore& store, std::string_view part, const RowSink& sink) {
  std::array<char, 8> head{};
  store.read_at(0, std::span(head).first(static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), store.size()))));
  const std::string_view mark(head.data(), head.size());
  TEMPER_CHECK(store.size() > 0, store.name(), ": it is empty; check what was written");
  for (const auto& [beginning, kind] : kOthers)
    TEMPER_CHECK(!mark.starts_with(beginning), store.name(), ": it looks like ", kind, "; give .npy, .npz, .csv, .tsv or .safetensors");
  if (mark.starts_with(kZipMark)) return read_npz(store, part, sink);
  if (is_safetensors(store)) return read_safetensors_table(store, part, sink);
  TEMPER_CHECK(part.empty(), store.name(), ": it holds one table without a name; leave out \":", part, "\"");
  const auto stream = open_stream(store, 0, store.size());
  if (mark.starts_with(kNumpyMark)) return read_npy(*stream, sink);
  read_text(*stream, sink);
}

void read_table(const std::string& path, const RowSink& sink) {
  namespace fs = std::filesystem;
  std::error_code unreadable;
  const std::size_t colon = path.rfind(':');
  const bool named = !fs::exists(path, unreadable) && colon != std::string::npos && fs::exists(path.substr(0, colon), unreadable);
  const auto store = open_file(named ? path.substr(0, colon) : path);
  read_table(*store, named ? path.substr(colon + 1) : std::string(), sink);
}

}  // namespace temper::data
