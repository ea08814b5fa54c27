// The readers of logits from anywhere, fed with damaged files: every input must end in a table or in a temper::Error, never in a crash, a
// hang or memory for numbers that are not there. Two ways to run it:
//
//   tables_fuzz SECONDS [SEED]                         by itself: mutates small files of every kind; any compiler, sanitizers as built
//   clang++ -fsanitize=fuzzer,address,undefined ...    with libFuzzer, -DTEMPER_LIBFUZZER

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "data/tables/table.h"

namespace {

using namespace temper;

// What one input did.
enum class Ending { table, refused };

Ending read_everything(std::string_view bytes) {
  Ending ending = Ending::refused;
  for (const char* part : {"", "logits"}) {
    Index rows = 0, columns = 0;
    data::RowSink sink;
    sink.begin = [&](Index, Index width) { columns = width; };
    sink.row = [&](Index row, std::span<const double> values) {
      if (row != rows++ || static_cast<Index>(values.size()) != columns) std::abort();
    };
    try {
      data::read_table(*data::bytes_in_memory("input", bytes), part, sink);
      if (rows == 0) std::abort();  // a table without a row must be refused
      ending = Ending::table;
    } catch (const Error&) {
      continue;
    }
  }
  return ending;
}

}  // namespace

#ifdef TEMPER_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  read_everything({reinterpret_cast<const char*>(bytes), size});
  return 0;
}

#else

namespace {

std::string npy(const std::string& header, std::size_t bytes, char version) {
  std::string text = header + "\n", length(version == '\1' ? 2 : 4, '\0');
  length[0] = static_cast<char>(text.size());
  return std::string("\x93NUMPY") + version + '\0' + length + text + std::string(bytes, '\x3f');
}

// An archive of one stored member, "logits.npy".
std::string npz(const std::string& content) {
  const auto number = [](std::size_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 0xFF);
    return text;
  };
  const std::string name = "logits.npy", sizes = number(content.size(), 4) + number(content.size(), 4);
  const std::string shared =
      number(20, 2) + number(0, 2) + number(0, 2) + number(0, 4) + number(0, 4) + sizes + number(name.size(), 2) + number(0, 2);
  const std::string local = "PK\3\4" + shared + name + content;
  const std::string entry =
      "PK\1\2" + number(20, 2) + shared + number(0, 2) + number(0, 2) + number(0, 2) + number(0, 4) + number(0, 4) + name;
  return local + entry + "PK\5\6" + number(0, 4) + number(1, 2) + number(1, 2) + number(entry.size(), 4) + number(local.size(), 4) +
         number(0, 2);
}

std::vector<std::string> seeds() {
  const std::string array = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, '\1');
  const std::string tensors = R"({"logits":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
  return {array,
          npy("{'descr': '>f8', 'fortran_order': True, 'shape': (3, 2), }", 48, '\2'),
          npy("{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }", 5, '\3'),
          npz(array),
          static_cast<char>(tensors.size()) + std::string(7, '\0') + tensors + std::string(24, '\x3f'),
          "a,b,c\n1,2,3\n4,5,-6e-3\n",
          "# numpy\n1.5\t2\tnan\n\"3\"\t+4\t-inf\n",
          "1 2  3\r\n4 5 6"};
}

// One to eight changes: bits, bytes, numbers that tend to hurt, pieces cut, doubled or taken from another seed.
std::string mutated(std::string bytes, const std::vector<std::string>& all, const Random& random) {
  static constexpr std::string_view kHurting[] = {
      "\xff\xff\xff\xff", "\x80", std::string_view("\0\0\0\0", 4), "18446744073709551615", "-1", "(", "}", "'", "\n", ",", "e999"};
  std::uint64_t draw = 0;
  const auto below = [&](std::size_t n) { return std::size_t{random.below(draw++, static_cast<std::uint32_t>(n))}; };
  for (std::size_t change = below(8) + 1; change-- > 0;) {
    const std::size_t at = below(bytes.size() + 1), count = below(16);
    const std::string& other = all[below(all.size())];
    switch (below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(below(256));
        break;
      case 2:
        bytes.insert(at, kHurting[below(std::size(kHurting))]);
        break;
      case 3:
        bytes.erase(at, count);
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, count));
        break;
      default:
        bytes.replace(at, count, other.substr(below(other.size()), count));
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 60;
  const auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const std::vector<std::string> all = seeds();
  for (const std::string& whole : all) {
    if (read_everything(whole) == Ending::table) continue;
    if (whole.starts_with("PK")) continue;  // its checksum is 0: it is read and then refused
    std::fprintf(stderr, "tables_fuzz: a whole file was refused\n");
    return 1;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t runs = 0, tables = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    const std::string input = mutated(all[runs % all.size()], all, Random(seed, {runs}));
    try {
      tables += read_everything(input) == Ending::table ? 1 : 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "tables_fuzz: input %llu of seed %llu ended in %s\n", static_cast<unsigned long long>(runs),
                   static_cast<unsigned long long>(seed), error.what());
      return 1;
    }
  }
  std::printf("tables_fuzz: %llu inputs, %llu of them tables, no crash\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(tables));
  return 0;
}

#endif
