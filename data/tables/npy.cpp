// NumPy's .npy: "\x93NUMPY", version, header length, a Python dictionary as text, the numbers
// (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/base/check.h"
#include "core/base/number_type.h"
#include "data/tables/table.h"

namespace temper::data {
namespace {

constexpr const char* kSaveWithNumpy = "; save it again with numpy.save(path, array)";
constexpr Index kMostNumbers = Index{1} << 48;

struct Header {
  NumberType type;
  bool fortran_order = false;
  Index rows = 0, columns = 1;
  std::uint64_t bytes() const { return static_cast<std::uint64_t>(rows * columns) * type.bytes; }
};

// The dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, in any order and spacing.
class HeaderText {
 public:
  HeaderText(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::string_view read_string(std::string_view key) {
    const std::string_view rest = after(key);
    TEMPER_CHECK(!rest.empty() && (rest[0] == '\'' || rest[0] == '"'), file_, ": its ", key,
                 " is not one number type, so it holds records or objects", kSaveWithNumpy);
    return rest.substr(1, std::min(rest.find(rest[0], 1), rest.size()) - 1);
  }

  bool read_bool(std::string_view key) {
    const std::string_view rest = after(key);
    TEMPER_CHECK(rest.starts_with("True") || rest.starts_with("False"), file_, ": its ", key, " is neither True nor False", kSaveWithNumpy);
    return rest.starts_with("True");
  }

  std::vector<Index> read_numbers(std::string_view key) {
    std::string_view rest = after(key);
    TEMPER_CHECK(rest.starts_with('('), file_, ": its ", key, " is not in brackets", kSaveWithNumpy);
    std::vector<Index> numbers;
    for (rest.remove_prefix(1);;) {
      rest.remove_prefix(std::min(rest.find_first_not_of(" ,"), rest.size()));
      if (rest.starts_with(')')) return numbers;
      Index number = 0;
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
      TEMPER_CHECK(error == std::errc() && number >= 0, file_, ": its ", key, " is damaged", kSaveWithNumpy);
      numbers.push_back(number);
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
      if (rest.starts_with('L')) rest.remove_prefix(1);  // long integers of Python 2
    }
  }

 private:
  // The value after 'key':
  std::string_view after(std::string_view key) const {
    for (const char quote : {'\'', '"'}) {
      const std::string quoted = quote + std::string(key) + quote;
      const std::size_t found = text_.find(quoted);
      if (found == std::string_view::npos) continue;
      std::string_view rest = text_.substr(found + quoted.size());
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      if (!rest.starts_with(':')) continue;
      rest.remove_prefix(std::min(rest.find_first_not_of(' ', 1), rest.size()));
      return rest;
    }
    throw Error(str_cat(file_, ": its header has no ", key, kSaveWithNumpy));
  }

  std::string_view text_;
  const std::string& file_;
};

std::string header_text(ByteStream& stream) {
  std::array<char, 8> mark{};
  stream.read_all(mark, "the header");
  TEMPER_CHECK(std::string_view(mark.data(), 6) == "\x93NUMPY", stream.name(), ": it is no NumPy array", kSaveWithNumpy);
  const int version = static_cast<unsigned char>(mark[6]);
  TEMPER_CHECK(version >= 1 && version <= 3, stream.name(), ": NumPy format version ", version, " is not known", kSaveWithNumpy);
  std::array<unsigned char, 4> length{};
  stream.read_all({reinterpret_cast<char*>(length.data()), version == 1 ? 2U : 4U}, "the header");
  const std::size_t size = length[0] | std::size_t{length[1]} << 8 | std::size_t{length[2]} << 16 | std::size_t{length[3]} << 24;
  TEMPER_CHECK(size <= kBlockBytes, stream.name(), ": its header claims ", size, " bytes", kSaveWithNumpy);
  std::string text(size, ' ');
  stream.read_all(text, "the header");
  return text;
}

Header read_header(ByteStream& stream) {
  const std::string text = header_text(stream);
  HeaderText header(text, stream.name());
  const std::string_view type_name = header.read_string("descr");
  const auto type = numpy_type(type_name);
  TEMPER_CHECK(type, stream.name(), ": its number type ", type_name, " holds no real numbers; save it as float32, or labels as int64");
  const std::vector<Index> shape = header.read_numbers("shape");
  TEMPER_CHECK(shape.size() == 1 || shape.size() == 2, stream.name(), ": it has ", shape.size(),
               " axes; a table has two (samples, classes), labels have one");
  Header result{.type = *type, .fortran_order = header.read_bool("fortran_order"), .rows = shape[0]};
  if (shape.size() == 2) result.columns = shape[1];
  TEMPER_CHECK(result.rows > 0 && result.columns > 0, stream.name(), ": it has ", result.rows, " rows of ", result.columns,
               " numbers, so nothing to read; check what was saved");
  TEMPER_CHECK(result.rows <= kMostNumbers / result.columns, stream.name(), ": its shape claims more than 2^48 numbers", kSaveWithNumpy);
  const std::uint64_t rest = stream.size() - stream.position();  // before memory is taken for a row
  TEMPER_CHECK(result.bytes() <= rest, stream.name(), ": the array is cut off: ", result.rows, " rows of ", result.columns,
               " numbers take ", result.bytes(), " bytes, and ", rest, " follow its header; copy or write the file again");
  TEMPER_CHECK(result.bytes() == rest, stream.name(), ": ", rest - result.bytes(), " more bytes follow the array", kSaveWithNumpy);
  return result;
}

void read_rows(ByteStream& stream, const Header& header, const RowSink& sink) {
  const std::size_t columns = static_cast<std::size_t>(header.columns), row_bytes = columns * header.type.bytes;
  const Index block_rows = std::max<Index>(1, static_cast<Index>(kBlockBytes / row_bytes));
  std::vector<char> stored;
  std::vector<double> values(columns);
  for (Index first = 0; first < header.rows; first += block_rows) {
    const Index rows = std::min(block_rows, header.rows - first);
    stored.resize(static_cast<std::size_t>(rows) * row_bytes);
    stream.read_all(stored, "the array");
    for (Index row = 0; row < rows; ++row) {
      header.type.decode(std::span(stored).subspan(static_cast<std::size_t>(row) * row_bytes, row_bytes), std::span(values));
      sink.row(first + row, values);
    }
  }
}

// Column after column: no row is whole before the end of the file.
void read_columns(ByteStream& stream, const Header& header, const RowSink& sink) {
  std::vector<char> stored;
  while (stored.size() < header.bytes()) {  // in blocks, so that a false claim takes no memory
    const std::size_t old = stored.size(), block = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes, header.bytes() - old));
    if (stored.capacity() < old + block) stored.reserve(std::min<std::size_t>(header.bytes(), std::max(2 * old, old + block)));
    stored.resize(old + block);
    stream.read_all(std::span(stored).subspan(old), "the array");
  }
  const std::size_t columns = static_cast<std::size_t>(header.columns),
                    column_bytes = static_cast<std::size_t>(header.rows) * header.type.bytes;
  std::vector<double> values(columns);
  for (Index row = 0; row < header.rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::size_t at = column * column_bytes + static_cast<std::size_t>(row) * header.type.bytes;
      header.type.decode(std::span(stored).subspan(at, header.type.bytes), std::span(values).subspan(column, 1));
    }
    sink.row(row, values);
  }
}

}  // namespace

void read_npy(ByteStream& stream, const RowSink& sink) {
  const Header header = read_header(stream);
  sink.begin(header.rows, header.columns);
  if (header.fortran_order && header.columns > 1)
    read_columns(stream, header, sink);
  else
    read_rows(stream, header, sink);
  char more = 0;
  TEMPER_CHECK(stream.read({&more, 1}) == 0, stream.name(), ": more bytes follow the array at byte ", stream.position(), kSaveWithNumpy);
}

}  // namespace temper::data
