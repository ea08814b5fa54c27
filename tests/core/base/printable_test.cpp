#include "core/base/printable.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "core/base/check.h"
#include "core/base/file.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

using namespace std::string_literals;

TEST_CASE("printable: what a terminal obeys or what breaks a line is escaped; all other text stays as it is") {
  for (const char* plain : {"", "cat", "a b\\n'\"$", "Größe", "猫", "🐈", "naïve e\u0301", "C:\\x1b", "\u00a0", "👩\u200d💻", "اَلْ\u200e"})
    CHECK(printable(plain) == plain);
  CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
  CHECK(printable("new\nline\r\tend\a\x7f") == "new\\nline\\r\\tend\\x07\\x7f");
  CHECK(printable("nul\0 in it"s) == "nul\\x00 in it");
  CHECK(printable("\u0080 \u009b31m \u009f") == "\\u0080 \\u009b31m \\u009f");
  CHECK(printable("\u2028\u2029 \u202e\u2066") == "\\u2028\\u2029 \\u202e\\u2066");
  CHECK(printable("printed \\x1b once") == "printed \\x1b once");
}

TEST_CASE("printable: bytes that are no UTF-8 are escaped one by one") {
  CHECK(printable("\x80 \xff \xc3") == "\\x80 \\xff \\xc3");
  CHECK(printable("\xc3(") == "\\xc3(");
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");                    // cut off
  CHECK(printable("\xc0\x8a\xc1\xbf") == "\\xc0\\x8a\\xc1\\xbf");  // a newline in too many bytes
  CHECK(printable("\xe0\x80\x9b") == "\\xe0\\x80\\x9b");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // half of a pair of UTF-16
  CHECK(printable("\xf4\x90\x80\x80\xf8") == "\\xf4\\x90\\x80\\x80\\xf8");
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string once = printable(std::string{static_cast<char>(a), static_cast<char>(b)});
      CHECK_MESSAGE(printable(once) == once, a, " ", b);
      for (const char c : once) CHECK_FALSE((static_cast<unsigned char>(c) < 0x20 || c == 0x7f));
    }
  }
}

TEST_CASE("printable: columns, and text that is cut to a width") {
  CHECK(columns("") == 0);
  CHECK(columns("Größe") == 5);
  CHECK(columns("猫は") == 4);
  CHECK(columns("e\u0301") == 1);
  CHECK(columns("🐈!") == 3);
  CHECK(cut_to_columns("epoch 1/3", 5) == "epoch");
  CHECK(cut_to_columns("Größe", 3) == "Grö");
  CHECK(cut_to_columns("a猫", 2) == "a");
  CHECK(cut_to_columns("abc", 0) == "");
  CHECK(cut_to_columns("abc", 80) == "abc");
}

TEST_CASE("shell words: a shell reads what was meant, and a terminal obeys nothing") {
  CHECK(shell_word("runs/smooth-1.5_a") == "runs/smooth-1.5_a");
  CHECK(shell_word("my run/a b") == "'my run/a b'");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_path("-x") == "./-x");
  CHECK(shell_path("--out dir") == "'./--out dir'");
  const TemporaryFolder folder;
  for (const std::string& word : {"a b"s, "it's"s, "$HOME `id` \"x\" \\ !"s, "*?[a]{b,c}~#;&|<>()"s, "~"s, "=x"s, ""s, "Größe 猫"s,
                                  "tab\there\nand"s, "\x1b[31m'1\\2"s,
                                  "\xff\xfe"
                                  "7"s,
                                  "\u009b"
                                  "8"s,
                                  "-n"s}) {
    const std::string quoted = shell_word(word);
    CAPTURE(quoted);
    CHECK(printable(quoted) == quoted);
    write_file(folder / "script", str_cat("printf %s ", quoted, " >", folder.path(), "/said\n"));
    REQUIRE(std::system(str_cat("bash ", folder / "script").c_str()) == 0);
    CHECK(read_file(folder / "said") == word);
  }
}

}  // namespace
}  // namespace temper
