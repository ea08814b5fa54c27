// Archives that numpy.savez and numpy.savez_compressed wrote: logits ((1, 2, 3), (4, 5, 6)) and labels (1, 0).

#include "data/tables/zip.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/base/check.h"
#include "core/base/file.h"
#include "data/tables/table.h"

namespace temper::data {
namespace {

std::vector<double> values_of(std::string_view bytes, std::string_view part) {
  std::vector<double> found;
  RowSink sink;
  sink.row = [&](Index, std::span<const double> values) { found.insert(found.end(), values.begin(), values.end()); };
  read_npz(*bytes_in_memory("file.npz", bytes), part, sink);
  return found;
}

TEST_CASE("zip: arrays of stored and deflated archives, by name") {
  for (const char* name : {"stored", "deflated"}) {
    const std::string bytes = read_file(std::string(TEMPER_SOURCE_DIR "/tests/golden/") + name + ".npz");
    CHECK(values_of(bytes, "logits") == std::vector<double>{1, 2, 3, 4, 5, 6});
    CHECK(values_of(bytes, "labels") == std::vector<double>{1, 0});
    CHECK_THROWS_WITH_AS(values_of(bytes, ""), doctest::Contains("several arrays (logits, labels)"), Error);
    CHECK_THROWS_WITH_AS(values_of(bytes, "logit"), doctest::Contains("no array logit; there are logits, labels"), Error);
  }
}

TEST_CASE("zip: an archive cut off at any byte is refused, and a changed byte never gives other numbers") {
  for (const char* name : {"stored", "deflated"}) {
    const std::string whole = read_file(std::string(TEMPER_SOURCE_DIR "/tests/golden/") + name + ".npz");
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK_THROWS_AS(values_of(whole.substr(0, size), "logits"), Error);
    std::size_t refused = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      std::vector<double> found{1, 2, 3, 4, 5, 6};  // what a byte that plays no part, such as a date, leaves standing
      try {
        found = values_of(damaged, "logits");
      } catch (const Error&) {
        ++refused;
      }
      CHECK(found == std::vector<double>{1, 2, 3, 4, 5, 6});
    }
    CHECK(refused > whole.size() / 4);
  }
}

}  // namespace
}  // namespace temper::data
