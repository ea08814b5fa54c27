#include "layers/whitening.h"

#include <cmath>

#include "core/engine/inference_scope.h"
#include "core/engine/parallel.h"
#include "core/ops/conv2d.h"
#include "layers/init.h"
#include "layers/symmetric_eigen.h"

namespace temper::layers {
namespace {

constexpr Index kMostParts = 64;  // partial sums

Shape weight_shape(const WhiteningSpec& spec) {
  const auto [R, S] = spec.kernel;
  TEMPER_CHECK(spec.in > 0 && R > 0 && S > 0, "whitening layer: ", spec.in, " channels and a kernel of ", spec.kernel,
               "; give at least one channel and (1,1)");
  return {2 * R * S * spec.in, R, S, spec.in};
}

// Adds p p^T for every patch of one image to the upper triangle of sums(D,D).
void add_products(const float* image, const Shape& images, const Shape& weight, float* patch, double* sums) {
  const Index W = images[2], C = images[3], R = weight[1], S = weight[2], D = R * S * C;
  for (Index h = 0; h + R <= images[1]; ++h) {
    for (Index w = 0; w + S <= W; ++w) {
      for (Index r = 0; r < R; ++r) std::copy_n(image + ((h + r) * W + w) * C, S * C, patch + r * S * C);
      for (Index i = 0; i < D; ++i) {
        for (Index j = i; j < D; ++j) sums[i * D + j] += static_cast<double>(patch[i]) * static_cast<double>(patch[j]);
      }
    }
  }
}

// The mean of p p^T over all patches p, (D,D).
std::vector<double> mean_product(const Tensor& images, const Shape& weight) {
  const Shape& x = images.shape();
  const Index N = x[0], D = weight.size() / weight[0], image_size = x.size() / N;
  const Chunks chunks(N, (N + kMostParts - 1) / kMostParts);
  std::vector<double> sums(static_cast<std::size_t>(chunks.number() * D * D)), mean(static_cast<std::size_t>(D * D));
  parallel_for(chunks, [&](Index begin, Index end) {
    Workspace scratch;
    float* patch = scratch.take(D);
    for (Index n = begin; n < end; ++n) {
      add_products(images.data() + n * image_size, x, weight, patch, sums.data() + chunks.index_of(begin) * D * D);
    }
  });
  const auto patches = static_cast<double>(N * (x[1] - weight[1] + 1) * (x[2] - weight[2] + 1));
  for (std::size_t i = 0; i < sums.size(); ++i) mean[i % mean.size()] += sums[i] / patches;
  return mean;
}

}  // namespace

Whitening::Whitening(const ParameterStore::Scope& scope, const WhiteningSpec& spec)
    : weight(scope.declare({.name = "weight",
                            .shape = weight_shape(spec),
                            .initialize = default_weight(),
                            .kind = Parameter::Kind::buffer,
                            .file_layout = Parameter::FileLayout::kernel})),
      bias(scope.declare({.name = "bias", .shape = {weight.shape[0]}, .initialize = constant(0), .kind = Parameter::Kind::bias})),
      epsilon(spec.epsilon) {
  TEMPER_CHECK(epsilon > 0, "whitening layer: an epsilon of ", epsilon, "; give a number above 0, e.g. 5e-4");
}

Tensor Whitening::operator()(Tensor x) const { return conv2d(std::move(x), weight, bias); }

void Whitening::fit(const Tensor& images) const {
  const Shape &x = images.shape(), &w = weight.shape;
  TEMPER_CHECK(x.rank() == 4 && x[0] >= 1 && x[1] >= w[1] && x[2] >= w[2] && x[3] == w[3], weight.name, ": images ", x,
               " have no patches for filters ", w, "; give (N,H,W,C)");
  InferenceScope::invalidate(*weight.store);
  const Index D = w[0] / 2;
  const EigenDecomposition eigen = symmetric_eigen(mean_product(images, w), D);
  for (Index i = 0; i < D; ++i) {
    const double lambda = std::max(0.0, eigen.values[static_cast<std::size_t>(i)]);  // below 0 by rounding alone
    for (Index j = 0; j < D; ++j) {
      const double filter = eigen.vectors[static_cast<std::size_t>(i * D + j)] / std::sqrt(lambda + epsilon);
      weight.value[i * D + j] = static_cast<float>(filter);
      weight.value[(D + i) * D + j] = static_cast<float>(-filter);
    }
  }
}

}  // namespace temper::layers
