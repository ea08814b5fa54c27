#include "data/tables/table.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/engine/safetensors.h"
#include "tests/temporary_folder.h"

namespace temper::data {
namespace {

struct Table {
  Index rows = 0, columns = 0;
  std::vector<double> values;
};

RowSink into(Table& table) {
  RowSink sink;
  sink.begin = [&](Index, Index columns) { table.columns = columns; };
  sink.row = [&](Index row, std::span<const double> values) {
    CHECK(row == table.rows++);
    CHECK(static_cast<Index>(values.size()) == table.columns);
    table.values.insert(table.values.end(), values.begin(), values.end());
  };
  return sink;
}

Table read(std::string_view bytes, std::string_view part = "") {
  Table table;
  read_table(*bytes_in_memory("file", bytes), part, into(table));
  return table;
}

std::string npy(const std::string& header, std::string_view data, char version = 1) {
  std::string text = header + "\n", length(version == 1 ? 2 : 4, '\0');
  for (std::size_t i = 0; i < length.size(); ++i) length[i] = static_cast<char>(text.size() >> 8 * i & 0xFF);
  return std::string("\x93NUMPY") + version + '\0' + length + text + std::string(data);
}

template <class T> std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

const std::vector<float> kSix{1, 2, 3, 4, 5, 6};
const std::vector<double> kSixDoubles{1, 2, 3, 4, 5, 6};

void check_six(const Table& table, Index columns = 3) {
  CHECK(table.rows == 6 / columns);
  CHECK(table.columns == columns);
  CHECK(table.values == kSixDoubles);
}

void refused(std::string_view bytes, const char* why, std::string_view part = "") {
  CAPTURE(why);
  CHECK_THROWS_WITH_AS(read(bytes, part), doctest::Contains(why), Error);
}

TEST_CASE("tables: npy of versions 1 to 3, C and Fortran order, both ends first") {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  for (const char version : {'\1', '\2', '\3'}) check_six(read(npy(header, bytes_of(kSix), version)));
  check_six(read(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", bytes_of(kSixDoubles))));
  check_six(read(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", bytes_of(std::vector<float>{1, 4, 2, 5, 3, 6}))));
  check_six(read(npy("{ 'shape':(6,) , \"descr\":\"<f4\",'fortran_order' :True}", bytes_of(kSix))), 1);
  check_six(read(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }", bytes_of(kSix))));
  check_six(read(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (6,), }", std::string("\0\1\0\2\0\3\0\4\0\5\0\6", 12))), 1);
  check_six(read(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", "\1\2\3\4\5\6")));
  check_six(read(npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3, 2), }", bytes_of(std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}))),
            2);
}

TEST_CASE("tables: npy that is damaged, cut off at any byte, or holds something else is refused") {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", whole = npy(header, bytes_of(kSix));
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_THROWS_AS(read(whole.substr(0, size)), Error);
  refused(whole + "x", "more bytes follow");
  refused(npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "xx"), "holds no real numbers");
  refused(npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "xx"), "holds no real numbers");
  refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "xx"), "records or objects");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", bytes_of(kSix)), "3 axes");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "xxxx"), "0 axes");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", ""), "nothing to read");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999, 99999999), }", ""), "2^48");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }", ""), "shape is damaged");
  refused(npy("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3), }", ""), "neither True nor False");
  refused(npy("{'fortran_order': False, 'shape': (2, 3), }", ""), "no descr");
  refused(npy(header, bytes_of(kSix), 9), "version 9");
  // A claim that memory could not hold is found false before memory is taken for it.
  refused(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1000000000, 1000), }", "abc"), "cut off");
}

TEST_CASE("tables: text with comma, tab, semicolon or spaces, a heading, comments, quotes and line ends of all systems") {
  for (const char* text : {"1,2,3\n4,5,6\n", "1\t2\t3\r\n4\t5\t6", "1;2;3\n\n4;5;6\n", "# saved by numpy\n 1  2 3\n4 5  6 \n",
                           "a,b,c\n1,2,3\n4,5,6\n", "\xEF\xBB\xBFx,y,z\n\"1\",+2,3e0\n4.0,5,0.6E1\n"})
    check_six(read(text));
  check_six(read("label\n1\n2\n3\n4\n5\n6\n"), 1);
  const Table special = read("nan,inf\n-inf,-0\n");
  CHECK(std::isnan(special.values[0]));
  CHECK(std::isinf(special.values[1]));
}

TEST_CASE("tables: text that is no table is refused with its line") {
  refused("1,2\n3\n", "line 2: 1 numbers, but the rows above have 2");
  refused("1,2\n3,x\n", "line 2, column 2: \"x\" is no number");
  refused("1,2\n3,\n", "line 2, column 2: an empty field");
  refused("a,b\nc,d\n", "line 2, column 1");
  refused("a,b\n", "no row of numbers");
  refused("\n\n# only a comment\n", "no row of numbers");
  refused(",0,1\n0,0.5,0.5\n", "index=False");
  refused("1,5;2,5\n", "line 1, column 1");
  refused("1;2\n1,5;2,5\n", "with a point and not a comma");
  refused(std::string_view("1,2\n3,\0004\n", 9), "zero byte");
  refused("", "empty");
  refused("1,2\n", "without a name", "logits");
}

TEST_CASE("tables: a heading holds no number at all; else the first line is a row as every other") {
  for (const char* row : {"NA,2,1", "1,NA,1", "0x10,2,1", "1.5.2,2,1", "1d5,2,1", "\"1,000\",2,1", ",2,1", "1,,2", "1,2,", "a,2,1", "1,b,2",
                          "-x,2,3", "#N/A,2,1", "#DIV/0!,2,1", "1;2,5,1", "NA,NA,NA", "-,?,."}) {
    CAPTURE(row);
    refused(std::string(row) + "\n1,3,0\n5,1,2\n", row[0] == ',' ? "index=False" : "line 1");
    refused("1,3,0\n" + std::string(row) + "\n5,1,2\n", "line 2");
  }
  for (const char* one : {"NA", "0x10", "1.5.2", "1d5", "1_000", "null", "#N/A"})
    refused(std::string(one) + "\n1\n2\n", "line 1, column 1");
  refused("1x\n2\n", "numbers only, or a heading of names alone");
  for (const char* heading : {"a,b,c", "\"a b\",logit_1,c2", "cat,NA,none", "a,,c", " x , y , z "})
    check_six(read(std::string(heading) + "\n1,2,3\n4,5,6\n"));
}

TEST_CASE("tables: a number too small for a double is 0, one too large is infinite, in any row") {
  const double infinite = HUGE_VAL;
  const Table table = read("1e-400,2,1e309\n-1e999,0.0000001e-320,1\n-1e-400,+1e400,1\n");
  REQUIRE(table.values.size() == 9);
  CHECK(table.values == std::vector<double>{0, 2, infinite, -infinite, 0, 1, 0, infinite, 1});
  CHECK(std::signbit(table.values[6]));
  const std::string zeros(400, '0');
  CHECK(read("1" + zeros + ",0." + zeros + "1\n").values == std::vector<double>{infinite, 0});
  CHECK(read("1" + zeros + "e-300,0." + zeros + "1e401\n").values == std::vector<double>{1e100, 1});
  CHECK(read("1e99999999999999999999,1e-99999999999999999999\n").values == std::vector<double>{infinite, 0});
  refused("1,+-2\n", "line 1");
}

TEST_CASE("tables: lines that end as on old Macs, and all kinds in one file, keep their numbers") {
  check_six(read("1,2,3\r4,5,6\r"));
  check_six(read("a,b,c\r\r1,2,3\r4,5,6"));
  check_six(read("1,2,3\r\n\r\n4,5,6\r\n"));
  refused("1,2\r\n3,4\r5,6\n\n7,x\r\n", "line 5, column 2");
  std::string text;  // a "\r\n" on the edge of a block
  for (int i = 0; i < 300'000; ++i) text += "12345\r\n";
  CHECK(read(text).rows == 300'000);
  refused(text + "x", "line 300001");
}

TEST_CASE("tables: long text in pieces, and a row longer than a block") {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += std::to_string(i) + "," + std::to_string(-i) + "\n";
  const Table table = read(text);
  CHECK(table.rows == 300000);
  CHECK(table.values[2 * 299999 + 1] == -299999);
  std::string wide = "0";
  for (int i = 1; i < 400000; ++i) wide += "," + std::to_string(i);
  CHECK(read(wide + "\n" + wide).columns == 400000);
}

TEST_CASE("tables: safetensors by name, cut off at any byte, and with a false header") {
  const TemporaryFolder folder;
  const std::string path = folder / "file.safetensors";
  write_safetensors(path,
                    {.tensors = {{"labels", {.shape = {6}, .values = {6, 5, 4, 3, 2, 1}}}, {"logits", {.shape = {2, 3}, .values = kSix}}},
                     .metadata = {}});
  const std::string whole = read_file(path);
  check_six(read(whole, "logits"));
  CHECK(read(whole, "labels").columns == 1);
  refused(whole, "several tensors (labels, logits)");
  refused(whole, "no tensor weights", "weights");
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_THROWS_AS(read(whole.substr(0, size), "logits"), Error);
  Table table;
  read_table(path + ":logits", into(table));
  check_six(table);
  const auto with_header = [](const std::string& json, std::string_view data) {
    std::string length(8, '\0');
    length[0] = static_cast<char>(json.size());
    return length + json + std::string(data);
  };
  refused(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234"), "do not fit together");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[18446744073709551615,4],"data_offsets":[0,4]}})", "1234"), "do not fit together");
  refused(with_header(R"({"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}})", "12345678"), "number type C64");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1,1,1],"data_offsets":[0,4]}})", "1234"), "3 axes");
  refused(with_header(R"({"a":5})", "1234"), "tensor a");
  check_six(read(
      with_header(R"({"a":{"dtype":"I64","shape":[2,3],"data_offsets":[0,48]}})", bytes_of(std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}))));
}

TEST_CASE("tables: other kinds of files are named, paths are checked") {
  refused("\x89HDF\r\n\x1a\n....", "HDF5");
  refused(std::string_view("\x80\x02}q\x00", 5), "pickle");
  refused(std::string_view("\x1F\x8B\x08\x00", 4), "gzip");
  Table table;
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(read_table(folder / "missing.npy", into(table)), doctest::Contains("missing.npy: cannot be opened"), Error);
  CHECK_THROWS_WITH_AS(read_table(folder / ".", into(table)), doctest::Contains("it is a folder"), Error);
}

}  // namespace
}  // namespace temper::data
