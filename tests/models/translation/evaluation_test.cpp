#include "models/translation/evaluation.h"

#include <doctest/doctest.h>

#include <vector>

#include "models/calibration/metrics/metrics.h"
#include "models/translation/token_predictions.h"
#include "tests/data/text/small_corpus.h"

namespace temper::translation {
namespace {

TEST_CASE("translation evaluation: likelihood and calibration against temperature are those of its next words, BLEU of its translations") {
  const data::ParallelCorpus corpus = tests::small_corpus(40), test = tests::small_corpus(12, 2);
  std::vector<std::string> both = corpus.source;
  both.insert(both.end(), corpus.target.begin(), corpus.target.end());
  const Model model = make_model("transformer_small", data::Subwords::learn(both, {.vocabulary = 50}), {.lower_case = true}, 0.2f, 3);
  CHECK(model.dropout == 0.2f);
  const data::TokenPairs pairs = data::tokenise(test, model.subwords);
  const calibration::Predictions words = predict_tokens(*model.network, pairs);
  Index translated = 0;
  const EvaluationOptions options{.search = {.beam = 2, .extra_length = 5}, .on_progress = [&](Index done, Index all) {
                                    CHECK(done > translated);
                                    CHECK(all == 24);
                                    translated = done;
                                  }};
  const std::vector<double> temperatures{0.5, 2};
  const std::vector<TemperaturePoint> points = temperature_curve(model, test, pairs, temperatures, options);
  CHECK(translated == 24);
  REQUIRE(points.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const calibration::Metrics expected = calibration::metrics(words, temperatures[i]);
    CHECK(points[i].temperature == temperatures[i]);
    CHECK(points[i].nll == doctest::Approx(expected.nll).epsilon(1e-9));
    CHECK(points[i].ece == doctest::Approx(expected.ece).epsilon(1e-9));
    const Score score = score_translations(model, test, {.search = {.beam = 2, .temperature = temperatures[i], .extra_length = 5}});
    CHECK(points[i].bleu == score.bleu.score);
    CHECK(score.signature == "nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:temper");
  }
  CHECK(points[0].nll != points[1].nll);
}

}  // namespace
}  // namespace temper::translation
