#include "data/file_bytes.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * i >> 3);
  return bytes;
}

std::string read_error(const std::string& path) {
  return error_of([&] { read_unpacked(path); });
}

// Root reads everything: for the length of a test we are somebody else.
class WithoutPrivileges {
 public:
  WithoutPrivileges() {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0) changed_ = seteuid(kNobody) == 0;
  }
  ~WithoutPrivileges() {
    if (changed_ && seteuid(0) != 0) std::terminate();
  }

 private:
  bool changed_ = false;
};

}  // namespace

TEST_CASE("data: a file is read as it is, gzip by its content") {
  const FileFolder folder;
  const Bytes bytes = counting(200'003);
  CHECK(read_unpacked(folder.write("plain", bytes)).bytes == bytes);
  CHECK(read_unpacked(folder.write("packed.gz", gzip(bytes))).bytes == bytes);
  CHECK(read_unpacked(folder.write("packed-without-suffix", gzip(bytes))).bytes == bytes);
  CHECK(read_unpacked(folder.write("plain-in-spite-of-suffix.gz", bytes)).bytes == bytes);
  CHECK(read_unpacked(folder.write("empty", Bytes{})).bytes.empty());
  CHECK(read_unpacked(folder.write("empty.gz", gzip({}))).bytes.empty());
  CHECK(read_unpacked(folder.write("one", Bytes{0x1F})).bytes == Bytes{0x1F});
  CHECK(read_unpacked(folder.path("plain")).path == folder.path("plain"));

  // Highly compressible: the first guess of the unpacked size is far too small.
  const Bytes zeros(5'000'000, 0);
  CHECK(read_unpacked(folder.write("zeros.gz", gzip(zeros))).bytes == zeros);
}

TEST_CASE("data: gzip that unpacks to more than its header or its size lets expect is refused, early") {
  const FileFolder folder;
  const std::string bomb = folder.write("bomb.gz", gzip(Bytes(40'000'000, 0))), plain = folder.write("plain", Bytes(200'000, 7));
  CHECK(holds(read_error(bomb), {"bomb.gz", "unpacks to more than 16777216 bytes from"}));
  for (const std::string& path : {bomb, plain}) {
    std::size_t seen = 0;
    const auto claiming = [&](std::uint64_t bytes) {
      return [&seen, bytes](std::span<const std::uint8_t> beginning) {
        seen = beginning.size();
        return bytes;
      };
    };
    CHECK(holds(error_of([&] { read_unpacked(path, claiming(70'000)); }), {path, "more than the 70000 bytes that its header claims"}));
    CHECK(seen == 65536);
    CHECK(holds(error_of([&] { read_unpacked(path, claiming(16)); }), {path, "more than the 16 bytes that its header claims"}));
    const std::size_t size = path == bomb ? 40'000'000 : 200'000;
    CHECK(read_unpacked(path, claiming(size)).bytes.size() == size);
    CHECK_THROWS_AS(read_unpacked(path, claiming(size - 1)), Error);
  }
  CHECK(read_unpacked(folder.write("small.gz", gzip(Bytes(60'000, 1))), [](auto) { return 1; }).bytes.size() == 60'000);  // not asked
}

TEST_CASE("data: gzip members follow each other, padding with zeros is allowed") {
  const FileFolder folder;
  Bytes packed = gzip(counting(1000));
  const Bytes second = gzip(counting(70'000));
  packed.insert(packed.end(), second.begin(), second.end());
  Bytes expected = counting(1000), more = counting(70'000);
  expected.insert(expected.end(), more.begin(), more.end());
  packed.resize(packed.size() + 512);
  CHECK(read_unpacked(folder.write("two.gz", packed)).bytes == expected);
}

TEST_CASE("data: gzip cut off at any byte is refused") {
  const FileFolder folder;
  const Bytes packed = gzip(counting(300));
  for (std::size_t size = 2; size < packed.size(); ++size) {
    const std::string path = folder.write("cut.gz", Bytes(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size)));
    CHECK(holds(read_error(path), {"cut.gz", "cut off after " + std::to_string(size) + " bytes", "download it again"}));
  }
}

TEST_CASE("data: damaged gzip is refused") {
  const FileFolder folder;
  const Bytes packed = gzip(counting(300));
  for (std::size_t at : {std::size_t{2}, std::size_t{3}, packed.size() / 2, packed.size() - 8, packed.size() - 1}) {
    Bytes damaged = packed;
    damaged[at] ^= 0xFF;
    CHECK(holds(read_error(folder.write("damaged.gz", damaged)), {"damaged.gz", "gzip", "download it again"}));
  }
  Bytes longer = packed;
  longer.insert(longer.end(), {'e', 'x', 't', 'r', 'a'});
  CHECK(holds(read_error(folder.write("longer.gz", longer)), {"5 bytes", "at byte " + std::to_string(packed.size())}));
}

TEST_CASE("data: what is no readable file is refused by its reason") {
  const FileFolder folder;
  CHECK(holds(read_error(folder.path("absent")), {folder.path("absent"), "no such file"}));
  CHECK(holds(read_error(folder.path()), {folder.path(), "is a folder"}));
  CHECK(holds(read_error(folder.write("file", "x") + "/below"), {"file/below"}));
  REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
  CHECK(holds(read_error(folder.path("pipe")), {"not a regular file"}));  // and does not wait for a writer
  std::filesystem::create_symlink("loop", folder.path("loop"));
  CHECK(holds(read_error(folder.path("loop")), {"cannot be read"}));

  const std::string huge = folder.write("huge", "");
  std::filesystem::resize_file(huge, std::uintmax_t{3} << 30);  // sparse
  CHECK(holds(read_error(huge), {"3221225472 bytes", "check the path"}));

  const std::string secret = folder.write("secret", "x");
  REQUIRE(chmod(secret.c_str(), 0) == 0);
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  const WithoutPrivileges nobody;
  CHECK(holds(read_error(secret), {secret, "Permission denied", "check the permissions"}));
}

TEST_CASE("data: other kinds of file are recognised") {
  const auto guess = [](const std::string& text) { return guess_kind(Bytes(text.begin(), text.end())); };
  CHECK(holds(guess("<!DOCTYPE html>\n<html>"), {"web page"}));
  CHECK(holds(guess("\xEF\xBB\xBF\n <HTML lang=en>"), {"web page"}));
  CHECK(holds(guess("version https://git-lfs.github.com/spec/v1"), {"git lfs pull"}));
  CHECK(holds(guess("PK\x03\x04 and more"), {"zip"}));
  CHECK(holds(guess("\x80\x02}q"), {"pickle"}));
  CHECK(holds(guess(std::string(257, 'a') + "ustar  "), {"tar archive"}));
  CHECK(guess("").empty());
  CHECK(guess("\x1F").empty());
  CHECK(guess(std::string(3073, '\x05')).empty());
}

}  // namespace temper::data
