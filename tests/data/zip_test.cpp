// Archives that numpy.savez and numpy.savez_compressed wrote: logits ((1, 2, 3), (4, 5, 6)) and labels (1, 0).

#include "data/tables/zip.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <vector>

#include "core/base/check.h"
#include "core/base/file.h"
#include "data/tables/table.h"
#include "tests/temporary_folder.h"

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

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 0xFF);
  return text;
}

// An archive of one deflated member, "logits.npy", that claims to unpack to `claimed` bytes.
std::string deflated_archive(const std::string& content, std::uint64_t claimed) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const std::string name = "logits.npy";
  const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  const std::string shared = little_endian(20, 2) + little_endian(0, 2) + little_endian(8, 2) + little_endian(0x00210000, 4) +
                             little_endian(checksum, 4) + little_endian(packed.size(), 4) + little_endian(claimed, 4) +
                             little_endian(name.size(), 2) + little_endian(0, 2);
  const std::string local = "PK\3\4" + shared + name + packed;
  const std::string entry = "PK\1\2" + little_endian(20, 2) + shared + std::string(14, '\0') + name;
  return local + entry + "PK\5\6" + std::string(4, '\0') + little_endian(1, 2) + little_endian(1, 2) + little_endian(entry.size(), 4) +
         little_endian(local.size(), 4) + little_endian(0, 2);
}

TEST_CASE("zip: a member that unpacks to more than its array, or than the archive claims, is refused") {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}";
  const std::string array = "\x93NUMPY\1" + std::string(1, '\0') + little_endian(header.size(), 2) + header + std::string(8, '\0');
  const std::string bomb = array + std::string(20'000'000, '\0');
  const auto refused = [](const std::string& bytes, const char* why) {
    CHECK_THROWS_WITH_AS(values_of(bytes, "logits"), doctest::Contains(why), Error);
  };
  CHECK(values_of(deflated_archive(array, array.size()), "logits") == std::vector<double>{0, 0});
  refused(deflated_archive(bomb, bomb.size()), "20000000 more bytes follow the array");
  refused(deflated_archive(bomb, array.size()), "file.npz:logits.npy: it unpacks to more bytes than the archive claims");
  refused(deflated_archive(array, 2'000'000), "claims 2000000 bytes");
  refused(deflated_archive(array, array.size() + 1), "1 more bytes follow");
  refused(deflated_archive(array, array.size() - 1), "the array is cut off");
}

TEST_CASE("zip: two members of one name are refused; of many the first ten are named") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.npz";
  write_zip(path, {{"x.npy", "a"}, {"x.npy", "b"}});
  CHECK_THROWS_WITH_AS(values_of(read_file(path), "x"), doctest::Contains("two members of the name x.npy"), Error);
  std::vector<NewZipMember> members;
  for (int i = 0; i < 65'000; ++i) members.push_back({std::to_string(i) + ".npy", "?"});
  write_zip(path, members);
  const std::string bytes = read_file(path);
  CHECK_THROWS_WITH_AS(values_of(bytes, ""), doctest::Contains("(0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 64990 more)"), Error);
  CHECK_THROWS_WITH_AS(values_of(bytes, "y"), doctest::Contains("there are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 64990 more"), Error);
}

}  // namespace
}  // namespace temper::data
