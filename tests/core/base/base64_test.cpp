#include "core/base/base64.h"

#include <doctest/doctest.h>

#include "core/base/check.h"

namespace temper {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST_CASE("base64: the test vectors of RFC 4648, and back") {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    CHECK(to_base64(bytes_of(plain)) == encoded);
    CHECK(from_base64(encoded) == bytes_of(plain));
  }
  std::vector<std::uint8_t> all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
  CHECK(from_base64(to_base64(all)) == all);
  CHECK(to_base64(std::vector<std::uint8_t>{0xFB, 0xFF, 0xBF}) == "+/+/");
}

TEST_CASE("base64: text that is none is refused") {
  for (const char* text : {"Z", "Zg=", "Zg", "Zm9v\n", "Zm-_", "Z===", "====", "=Zm9", "Zg==Zg==", "Zm 9", "Zh==", "Zm9="}) {
    CAPTURE(text);
    CHECK_THROWS_AS(from_base64(text), Error);
  }
}

}  // namespace
}  // namespace temper
