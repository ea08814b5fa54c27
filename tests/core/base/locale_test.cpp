// The text that the library makes is the same whatever locale the program around it has chosen.

#include <doctest/doctest.h>

#include <locale>

#include "core/base/check.h"
#include "core/base/shape.h"
#include "models/training/recipe.h"
#include "models/training/recipe_file.h"
#include "models/translation/bleu.h"

namespace temper {
namespace {

// "1.234,5", as in many countries.
struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

class CommaLocale {
 public:
  CommaLocale() : before_(std::locale::global(std::locale(std::locale::classic(), new Comma))) {}
  ~CommaLocale() { std::locale::global(before_); }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;

 private:
  std::locale before_;
};

TEST_CASE("locale: a host that writes 1.234,5 changes no text of the library") {
  const std::string recipe = training::write_recipe(training::Recipe(), true);
  translation::Bleu score{.score = 67.032, .brevity_penalty = 0.67, .hypothesis_length = 12345, .reference_length = 12345};
  translation::BleuOptions floor;
  floor.smoothing = translation::BleuSmoothing::floor;
  const CommaLocale comma;
  {
    std::ostringstream streamed;
    streamed << 1234.5;
    REQUIRE(streamed.str() == "1.234,5");  // it is there
  }
  CHECK(str_cat(1234567, " ", 0.5, " ", 1234.5f, " ", Shape{1024, 2048}) == "1234567 0.5 1234.5 (1024,2048)");
  CHECK(translation::describe(score) == "BLEU = 67.03 0.0/0.0/0.0/0.0 (BP = 0.670 ratio = 1.000 hyp_len = 12345 ref_len = 12345)");
  CHECK(translation::signature(floor, 1000) == "nrefs:1000|case:mixed|eff:no|tok:13a|smooth:floor[0.10]|version:temper");
  CHECK(training::write_recipe(training::Recipe(), true) == recipe);
  training::Recipe read;
  training::read_recipe("lr = 0.125\nepochs = 1234\n", "text", read);
  CHECK(read.learning_rate == 0.125);
  CHECK(read.epochs == 1234);
}

}  // namespace
}  // namespace temper
