#include "core/base/names.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace temper {
namespace {

using Names = std::vector<std::string>;

enum class Fruit { apple, pear };
std::string_view name(Fruit fruit) { return fruit == Fruit::apple ? "apple" : "pear"; }

TEST_CASE("names: the closest one is what someone meant, and nothing where nobody can know") {
  const Names networks{"mlp", "cnn", "lenet", "alexnet", "resnet20", "transformer_small"};
  CHECK(closest_name("lenett", networks) == "lenet");
  CHECK(closest_name("lnet", networks) == "lenet");
  CHECK(closest_name("resent20", networks) == "resnet20");  // two letters in the wrong order are one slip
  CHECK(closest_name("LeNet", networks) == "lenet");
  CHECK(closest_name("tranformer-smal", networks) == "transformer_small");
  CHECK(closest_name("mpl", networks) == "mlp");
  CHECK(closest_name("vgg", networks) == "");
  CHECK(closest_name("x", networks) == "");
  CHECK(closest_name("", networks) == "");
  CHECK(closest_name(std::string(1'000'000, 'a'), networks) == "");
  const Names options{"--epochs", "--out", "--smoothing", "--ema"};
  CHECK(closest_name("--epoch", options) == "--epochs");
  CHECK(closest_name("--smothing", options) == "--smoothing");
  CHECK(closest_name("--no-such-option", options) == "");
  CHECK(did_you_mean("--epoch", options) == "did you mean --epochs? ");
  CHECK(did_you_mean("--color", options) == "");
}

TEST_CASE("names: an error of find_by_name suggests") {
  CHECK(find_by_name("pear", {Fruit::apple, Fruit::pear}, "apple or pear") == Fruit::pear);
  CHECK_THROWS_WITH_AS(find_by_name("aple", {Fruit::apple, Fruit::pear}, "apple or pear"),
                       "aple is not known; did you mean apple? give apple or pear", Error);
  CHECK_THROWS_WITH_AS(find_by_name("plum", {Fruit::apple, Fruit::pear}, "apple or pear"), "plum is not known; give apple or pear", Error);
}

TEST_CASE("names: folders are told apart by the shortest part of the path that differs") {
  const auto names = [](const Names& paths) { return distinct_names(paths); };
  CHECK(names({"aa/r", "aa/s"}) == Names{"r", "s"});
  CHECK(names({"aa/r", "bb/r/", "bb/s"}) == Names{"aa/r", "bb/r", "s"});
  CHECK(names({"/x/a/m/r", "/x/b/m/r"}) == Names{"a/m/r", "b/m/r"});
  CHECK(names({"/r", "/a/r"}) == Names{"r", "a/r"});
  CHECK(names({"runs/./r", "runs/r"}) == Names{"r", "r"});  // the same
  CHECK(names({"/"}) == Names{"/"});
  CHECK(names({}) == Names{});
}

}  // namespace
}  // namespace temper
