#include "core/base/fingerprint.h"

#include <doctest/doctest.h>

#include <vector>

namespace temper {
namespace {

// Checkpoints and runs hold fingerprints, so these may never change. Computed anew from the comments of the header, in Python.
TEST_CASE("fingerprint: the values that files hold") {
  CHECK(Fingerprint().hex() == "cbf29ce484222325");
  CHECK(Fingerprint().add("temper").hex() == "0e469533940ceef2");
  CHECK(Fingerprint().add("tem").add("per").hex() == "80aca6c66d7d79b5");
  CHECK(Fingerprint().add("0123456789abcdef").hex() == "1b8316c107132a7a");
  const std::vector<float> values = {1, -2, 0.5f};
  CHECK(Fingerprint().add(std::span<const float>(values)).hex() == "df36eb4607edcab5");
}

TEST_CASE("fingerprint: every byte counts, whatever their number") {
  for (std::size_t size = 1; size <= 20; ++size) {
    const std::string text(size, 'a');
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = text;
      other[i] = 'b';
      CHECK(Fingerprint().add(other).hex() != Fingerprint().add(text).hex());
    }
    CHECK(Fingerprint().add(text + 'a').hex() != Fingerprint().add(text).hex());
  }
}

}  // namespace
}  // namespace temper
