#include "models/analysis/mutual_information.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "core/base/random.h"
#include "core/engine/inference_scope.h"
#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "data/loader.h"

namespace temper::analysis {
namespace {

constexpr std::uint64_t kStream = 0x73687566666C65;  // "shuffle"

struct Estimate {
  double nats, variance;
};

// What input x adds: log of exp(own) / mean_x' exp(...).
double estimate_information(double y, double own_mean, std::span<const double> means, double variance) {
  const auto exponent = [&](double mean) { return -(y - mean) * (y - mean) / (2 * variance); };
  double most = -std::numeric_limits<double>::infinity(), sum = 0;
  for (const double mean : means) most = std::max(most, exponent(mean));
  for (const double mean : means) sum += std::exp(exponent(mean) - most);
  return exponent(own_mean) - most - std::log(sum / static_cast<double>(means.size()));
}

Estimate estimate(std::span<const double> values, Index N, const InformationOptions& options) {
  const Index L = options.samples, C = static_cast<Index>(values.size()) / N;
  std::vector<double> means, draws;
  double squares = 0;
  for (Index x = 0; x < N; ++x) {
    const auto own = values.subspan(static_cast<std::size_t>(x * C), static_cast<std::size_t>(C));
    means.push_back(std::accumulate(own.begin(), own.begin() + L, 0.0) / static_cast<double>(L));
    draws.push_back(options.reuse ? own.front() : own.back());
    squares += std::pow(draws.back() - means.back(), 2);
  }
  const double variance = squares / static_cast<double>(N);
  TEMPER_CHECK(variance > 0, "mutual information: the augmentation changes nothing, so there is no noise; give another one");
  const auto some = [&](Index begin, Index end) {
    double sum = 0;
    for (auto x = static_cast<std::size_t>(begin); x < static_cast<std::size_t>(end); ++x)
      sum += estimate_information(draws[x], means[x], means, variance);
    return sum;
  };
  return {parallel_reduce(N, row_grain(N), 0.0, some, std::plus<>()) / static_cast<double>(N), variance};
}

// Shuffles the values of these places (Fisher and Yates).
void shuffle(std::span<double> values, std::span<const std::size_t> places, const Random& random) {
  for (std::size_t left = places.size(); left > 1; --left) {
    const std::size_t other = random.below(left, static_cast<std::uint32_t>(left));
    std::swap(values[places[left - 1]], values[places[other]]);
  }
}

// The mean estimate when values move freely among the inputs of one group.
double null(std::span<const double> values, std::span<const std::int32_t> groups, const InformationOptions& options) {
  const auto N = static_cast<Index>(groups.size()), C = static_cast<Index>(values.size()) / N;
  const std::int32_t most = *std::max_element(groups.begin(), groups.end());
  double sum = 0;
  for (Index round = 0; round < options.shuffles; ++round) {
    std::vector<double> dealt(values.begin(), values.end());
    for (std::int32_t group = 0; group <= most; ++group) {
      std::vector<std::size_t> places;
      for (Index i = 0; i < N * C; ++i) {
        if (groups[static_cast<std::size_t>(i / C)] == group) places.push_back(static_cast<std::size_t>(i));
      }
      const Random random(options.seed, {kStream, static_cast<std::uint64_t>(round), static_cast<std::uint64_t>(group)});
      shuffle(dealt, places, random);
    }
    sum += estimate(dealt, N, options).nats;
  }
  return sum / static_cast<double>(options.shuffles);
}

void check(std::span<const double> values, std::span<const std::int32_t> classes, const InformationOptions& options) {
  constexpr auto kName = "mutual information: ";
  const Index L = options.samples, least = options.reuse ? 2 : 1;  // the mean of one is that one
  TEMPER_CHECK(L >= least, kName, L, " samples of each input for its mean; give at least ", least);
  TEMPER_CHECK(options.shuffles >= 1, kName, options.shuffles, " shuffles; give at least 1");
  const Index N = static_cast<Index>(classes.size()), C = options.reuse ? L : L + 1;
  TEMPER_CHECK(N >= 2, kName, N, " inputs; give at least 2");
  TEMPER_CHECK(static_cast<Index>(values.size()) == N * C, kName, values.size(), " values for ", N, " inputs; give ", C, " of each");
  TEMPER_CHECK(std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }), kName,
               "a logit is not finite; train with a lower --lr");
  TEMPER_CHECK(*std::min_element(classes.begin(), classes.end()) >= 0, kName, "a class below 0; count them from 0");
}

}  // namespace

MutualInformation mutual_information(std::span<const double> values, std::span<const std::int32_t> classes,
                                     const InformationOptions& options) {
  check(values, classes, options);
  const auto N = static_cast<Index>(classes.size());
  const Estimate own = estimate(values, N, options);
  const std::vector<std::int32_t> all_one(classes.size());
  return {.inputs = N,
          .nats = own.nats,
          .variance = own.variance,
          .shuffled = null(values, all_one, options),
          .shuffled_within_class = null(values, classes, options),
          .most = std::log(static_cast<double>(N))};
}

std::vector<double> logit_differences(const models::Model& model, const data::Dataset& set, const LogitDifferences& options) {
  const Tape::Pause evaluation;
  const InferenceScope inference_scope;
  models::check_images(model, set);
  const Index K = model.spec.classes, C = options.images;
  for (const Index k : {options.first, options.second})
    TEMPER_CHECK(k >= 0 && k < K, "mutual information: there is no class ", k, "; the network has 0-", K - 1);
  TEMPER_CHECK(options.first != options.second, "mutual information: class ", options.first, " against itself; give two classes");
  std::vector<double> values(static_cast<std::size_t>(set.size() * C));
  data::Loader loader(set, model.preprocessing,
                      {.batch = models::PredictOptions{}.batch, .augment = options.augment, .seed = options.seed});
  for (Index l = 0; l < C; ++l) {
    for (const data::Batch& batch : loader.epoch(l)) {
      const Tensor logits = model(batch.images);
      for (std::size_t n = 0; n < batch.samples.size(); ++n) {
        const float* row = logits.data() + static_cast<Index>(n) * K;
        values[static_cast<std::size_t>(batch.samples[n] * C + l)] = double{row[options.first]} - row[options.second];
      }
      if (options.on_progress) options.on_progress(l * set.size() + batch.samples.back() + 1, C * set.size());
    }
  }
  return values;
}

}  // namespace temper::analysis
