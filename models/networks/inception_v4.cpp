#include "models/networks/inception_v4.h"

#include "layers/concat.h"
#include "layers/conv_batch_norm.h"
#include "layers/dropout.h"
#include "layers/init.h"
#include "layers/pool.h"

namespace temper::models {
namespace {

using layers::AvgPool, layers::Concat, layers::GlobalAvgPool, layers::MaxPool, layers::Sequential;
using Scope = ParameterStore::Scope;

// PyTorch's momentum: with slim's 0.0003, an evaluation means nothing before 10,000 steps.
constexpr BatchNormOptions kNorm{.epsilon = 0.001f, .momentum = 0.1f, .relu = true};

enum class Padding { same, valid };

struct UnitSpec {
  Index out;
  Size2 kernel;
  Padding padding = Padding::same;
  Index stride = 1;
};

// Convolution, normalisation without a scale, ReLU.
layers::ConvBatchNorm unit(const Scope& scope, Index in, const UnitSpec& spec) {
  return {scope / "conv",
          {.in = in,
           .out = spec.out,
           .kernel = spec.kernel,
           .stride = spec.stride,
           .padding = spec.padding == Padding::same ? Size2(spec.kernel.h / 2, spec.kernel.w / 2) : Size2(0),
           .bias = false,
           .weight_init = layers::kaiming_normal()},
          scope / "bn",
          {.options = kNorm, .scale = false}};
}

// Units 0, 1, ... one after the other.
Sequential chain(const Scope& scope, Index in, std::initializer_list<UnitSpec> specs) {
  Sequential units;
  for (const UnitSpec& spec : specs) {
    units.add(unit(scope / std::to_string(units.size()), in, spec));
    in = spec.out;
  }
  return units;
}

// A 3x3 mean around each pixel, without the padding, then a 1x1 unit, number 1 of its branch.
Sequential pooled(const Scope& scope, Index in, Index out) {
  return {AvgPool({.kernel = 3, .stride = Size2(1), .padding = 1, .count_padding = false}), unit(scope / "1", in, {out, 1})};
}

MaxPool halve() { return MaxPool({.kernel = 3, .stride = Size2(2)}); }

constexpr UnitSpec halving(Index out) { return {out, 3, Padding::valid, 2}; }

// Figure 4.
Concat block_a(const Scope& scope) {
  constexpr Index kIn = 384;
  return {unit(scope / "branch0", kIn, {96, 1}), chain(scope / "branch1", kIn, {{64, 1}, {96, 3}}),
          chain(scope / "branch2", kIn, {{64, 1}, {96, 3}, {96, 3}}), pooled(scope / "branch3", kIn, 96)};
}

// Figure 7 with k, l, m, n = 192, 224, 256, 384.
Concat reduction_a(const Scope& scope) {
  constexpr Index kIn = 384;
  return {unit(scope / "branch0", kIn, halving(384)), chain(scope / "branch1", kIn, {{192, 1}, {224, 3}, halving(256)}), halve()};
}

// Figure 5.
Concat block_b(const Scope& scope) {
  constexpr Index kIn = 1024;
  return {unit(scope / "branch0", kIn, {384, 1}), chain(scope / "branch1", kIn, {{192, 1}, {224, {1, 7}}, {256, {7, 1}}}),
          chain(scope / "branch2", kIn, {{192, 1}, {192, {7, 1}}, {224, {1, 7}}, {224, {7, 1}}, {256, {1, 7}}}),
          pooled(scope / "branch3", kIn, 128)};
}

// Figure 8.
Concat reduction_b(const Scope& scope) {
  constexpr Index kIn = 1024;
  return {chain(scope / "branch0", kIn, {{192, 1}, halving(192)}),
          chain(scope / "branch1", kIn, {{256, 1}, {256, {1, 7}}, {320, {7, 1}}, halving(320)}), halve()};
}

// Figure 6: two of the branches fork at their end.
Concat block_c(const Scope& scope) {
  constexpr Index kIn = 1536;
  return {unit(scope / "branch0", kIn, {256, 1}),
          Sequential{unit(scope / "branch1_0", kIn, {384, 1}),
                     Concat{unit(scope / "branch1_1a", 384, {256, {1, 3}}), unit(scope / "branch1_1b", 384, {256, {3, 1}})}},
          Sequential{unit(scope / "branch2_0", kIn, {384, 1}), unit(scope / "branch2_1", 384, {448, {3, 1}}),
                     unit(scope / "branch2_2", 448, {512, {1, 3}}),
                     Concat{unit(scope / "branch2_3a", 512, {256, {1, 3}}), unit(scope / "branch2_3b", 512, {256, {3, 1}})}},
          pooled(scope / "branch3", kIn, 256)};
}

// Figure 3, layers 0 to 5.
Sequential stem(const Scope& scope, Index channels) {
  const Scope mixed_4a = scope / "4";
  return {unit(scope / "0", channels, halving(32)),        // 149x149 of 299x299
          unit(scope / "1", 32, {32, 3, Padding::valid}),  // 147x147
          unit(scope / "2", 32, {64, 3}),
          Concat{halve(), unit(scope / "3.conv", 64, halving(96))},  // 73x73x160
          Concat{chain(mixed_4a / "branch0", 160, {{64, 1}, {96, 3, Padding::valid}}),
                 chain(mixed_4a / "branch1", 160, {{64, 1}, {64, {1, 7}}, {64, {7, 1}}, {96, 3, Padding::valid}})},  // 71x71x192
          Concat{unit(scope / "5.conv", 192, halving(192)), halve()}};                                               // 35x35x384
}

Sequential auxiliary_classifier(const Scope& scope, const Shape& features, Index classes) {
  const Size2 left{(features[0] - 5) / 3 + 1, (features[1] - 5) / 3 + 1};  // of the pool
  return {AvgPool({.kernel = 5, .stride = Size2(3)}), unit(scope / "conv0", features[2], {128, 1}),
          unit(scope / "conv1", 128, {768, left, Padding::valid}),  // 1x1
          layers::Linear(scope / "fc", {.inputs = {1, 1, 768}, .outputs = classes})};
}

// What is left of a height or width before the last B block: five 3x3 windows that do not reach over the border, four of stride 2.
Index extent_at_b(Index extent) {
  const auto halved = [](Index e) { return e < 3 ? 0 : (e - 3) / 2 + 1; };
  return halved(halved(halved(halved(extent) - 2) - 2));
}

}  // namespace

InceptionV4::InceptionV4(const Scope& scope, const InceptionV4Spec& spec) {
  const Index H = extent_at_b(spec.image[0]), W = extent_at_b(spec.image[1]);
  const Index least = spec.auxiliary ? 5 : 3;
  TEMPER_CHECK(H >= least && W >= least, "--model: inception_v4 takes images of ", spec.auxiliary ? "107x107" : "75x75",
               " or larger, these are ", spec.image[0], "x", spec.image[1], "; use resnet20 or mlp");
  const Scope features = scope / "features";
  auto layer = [&, number = 6]() mutable { return features / std::to_string(number++); };
  trunk_ = stem(features, spec.image[2]);
  for (int i = 0; i < 4; ++i) trunk_.add(block_a(layer()));
  trunk_.add(reduction_a(layer()));  // 17x17x1024
  for (int i = 0; i < 7; ++i) trunk_.add(block_b(layer()));
  if (spec.auxiliary) auxiliary_ = auxiliary_classifier(scope / "auxiliary", {H, W, 1024}, spec.classes);
  top_.add(reduction_b(layer()));  // 8x8x1536
  for (int i = 0; i < 3; ++i) top_.add(block_c(layer()));
  classifier_ = {GlobalAvgPool(), layers::Dropout(spec.dropout),
                 layers::Linear(scope / "last_linear", {.inputs = 1536, .outputs = spec.classes})};
}

Tensor InceptionV4::operator()(Tensor images) { return classifier_(top_(trunk_(std::move(images)))); }

InceptionV4::Logits InceptionV4::both(Tensor images) const {
  Tensor x = trunk_(std::move(images));
  Tensor auxiliary = auxiliary_ ? (*auxiliary_)(x) : Tensor();
  return {classifier_(top_(std::move(x))), std::move(auxiliary)};
}

std::vector<NetworkKind> InceptionV4::kinds() {
  return {{.name = "inception_v4",
           .usual_image = {299, 299, 3},
           .description = "Inception-v4, for photographs from 75x75 up (Szegedy et al. 2016)",
           .make = [](const ParameterStore::Scope& scope, const NetworkSpec& spec, Index) {
             return std::make_unique<InceptionV4>(scope, InceptionV4Spec{spec});
           }}};
}

}  // namespace temper::models
