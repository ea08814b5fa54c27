// Six weights and their gradients in step t, exact in float, as the Python lines of the golden numbers have them:
//
//   import torch
//   def run(make):
//     w = torch.tensor([(5 * i % 9 - 4) / 4 for i in range(6)], requires_grad=True)
//     o = make(w)
//     for t, lr in enumerate([0.1, 0.1, 0.05, 0.02]):
//       w.grad = torch.tensor([((7 * i + 3 * t) % 11 - 5) / 8 for i in range(6)])
//       o.param_groups[0]["lr"] = lr
//       o.step()
//     print(w)
//
// The numbers were made with PyTorch 1.13.
#pragma once

#include <doctest/doctest.h>

#include <array>

#include "optim/clip.h"
#include "tests/optim/toy_store.h"
#include "tests/restored.h"

namespace temper {

template <class Optimizer, class Options> void check_golden(const Options& options, const std::array<float, 6>& expected) {
  ToyStore toy;
  Parameter& w = toy.add("w", 6, [](Index i) { return static_cast<double>(5 * i % 9 - 4) / 4; });
  toy.commit();
  Optimizer optimizer(toy.store, options);
  Index t = 0;
  for (const float rate : {0.1f, 0.1f, 0.05f, 0.02f}) {
    set_gradient(w, [&](Index i) { return static_cast<double>((7 * i + 3 * t) % 11 - 5) / 8; });
    optimizer.step(rate);
    ++t;
  }
  CHECK(optimizer.steps() == 4);
  for (Index i = 0; i < 6; ++i) {
    CAPTURE(i);
    CHECK(w.value[i] == doctest::Approx(expected[static_cast<std::size_t>(i)]).epsilon(1e-7));
  }
}

// In parameters of many chunks, one group after the other, every element takes the values that it takes in a parameter of its own: no chunk
// reads or writes at another's place. The elements repeat with a period that no chunk's length is a multiple of.
template <class Optimizer, class Options> void check_chunks(const Options& options) {
  constexpr Index kPeriod = 7, kSize = 2 * kElementGrain + 11;
  const auto start = [](Index i) { return static_cast<double>(i % kPeriod) / 8 - 0.3; };
  const auto gradient = [](Index i, int t) { return static_cast<double>((5 * (i % kPeriod) + 3 * t) % 11 - 5) / 8; };
  ToyStore large, small;
  std::vector<Parameter*> parameters;
  for (const Parameter::Kind kind : {Parameter::Kind::weight, Parameter::Kind::bias}) {
    parameters.push_back(&large.add(str_cat("w", parameters.size()), kSize, start, kind));
    parameters.push_back(&small.add(str_cat("w", parameters.size()), kPeriod, start, kind));
  }
  large.commit();
  small.commit();
  const PoisonedPool poisoned;  // what the optimizer keeps begins with zeros
  Optimizer many(large.store, options), one(small.store, options);
  for (int t = 0; t < 3; ++t) {
    for (Parameter* parameter : parameters) set_gradient(*parameter, [&](Index i) { return gradient(i, t); });
    const ForcedGrain forced(t == 2 ? 80 : kElementGrain);
    many.step(0.1f);
    one.step(0.1f);
    if (t == 2) CHECK(forced.counts().most_ragged > 1);
  }
  for (std::size_t p = 0; p < parameters.size(); p += 2) {
    bool same = true;
    for (Index i = 0; i < kSize; ++i) same = same && parameters[p]->value[i] == parameters[p + 1]->value[i % kPeriod];
    CHECK(same);
  }
}

// The same bits on every number of threads, over parameters longer than a chunk.
template <class Optimizer, class Options> void check_thread_counts(const Options& options) {
  const ThreadsRestored restored;
  std::vector<float> first;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    ToyStore toy;
    Parameter& w = toy.add("w", 3 * kElementGrain + 5, [](Index i) { return static_cast<double>(i % 1009) / 1009 - 0.5; });
    Parameter& b = toy.add(
        "b", 77, [](Index i) { return static_cast<double>(i) / 77; }, Parameter::Kind::bias);
    toy.commit();
    Optimizer optimizer(toy.store, options);
    for (int t = 0; t < 3; ++t) {
      set_gradient(w, [&](Index i) { return static_cast<double>((i * 7 + t) % 13) / 13 - 0.4; });
      set_gradient(b, [&](Index i) { return static_cast<double>(i + t) / 77; });
      optimizer.step(0.1f);
    }
    if (first.empty()) first = copy_of(toy.store.values());
    CHECK(first == copy_of(toy.store.values()));
  }
}

// A step that takes the clip's scale ends in the same bits as one after gradients that were scaled where they lie, whatever their size.
template <class Optimizer, class Options> void check_clipped(const Options& options) {
  const auto values = [](Index i) { return static_cast<double>(i % 23) / 23 - 0.4; };
  for (const double size : {1.0, 1e-20, 1e37}) {
    CAPTURE(size);
    ToyStore before, within;
    Parameter& a = before.add("w", kElementGrain + 7, values);
    Parameter& b = within.add("w", kElementGrain + 7, values);
    before.commit();
    within.commit();
    Optimizer first(before.store, options), second(within.store, options);
    for (int t = 0; t < 3; ++t) {
      for (Parameter* parameter : {&a, &b}) set_gradient(*parameter, [&](Index i) { return size * (values(i) + t); });
      const double norm = optim::clip_global_norm(before.store, size);
      first.step(0.1f);
      const optim::Clip clip = optim::find_clip(within.store, size);
      CHECK(clip.norm == norm);
      CHECK(clip.scale < 1);
      CHECK(b.gradient[0] == static_cast<float>(size * (values(0) + t)));  // they were left
      second.step(0.1f, clip.scale);
    }
    CHECK(copy_of(before.store.values()) == copy_of(within.store.values()));
  }
}

// A run that is stopped after two steps, saved and continued in a new optimizer, ends in the same bits.
template <class Optimizer, class Options> void check_resume(const Options& options) {
  const auto gradient = [](int t) { return [t](Index i) { return static_cast<double>((5 * i + 2 * t) % 7) / 7 - 0.3; }; };
  const auto start = [](Index i) { return static_cast<double>(i) / 10; };
  ToyStore whole;
  Parameter& w = whole.add("w", 20, start);
  whole.commit();
  Optimizer optimizer(whole.store, options);
  std::vector<float> values;
  std::vector<std::vector<float>> arenas;
  for (int t = 0; t < 4; ++t) {
    if (t == 2) {
      values = copy_of(whole.store.values());
      for (const auto& arena : optimizer.state()) arenas.push_back(copy_of(arena.values));
    }
    set_gradient(w, gradient(t));
    optimizer.step(0.1f);
  }

  ToyStore resumed;
  Parameter& v = resumed.add("w", 20, start);
  resumed.commit();
  Optimizer second(resumed.store, options);
  std::copy(values.begin(), values.end(), resumed.store.values().begin());
  REQUIRE(second.state().size() == arenas.size());
  for (std::size_t a = 0; a < arenas.size(); ++a) std::copy(arenas[a].begin(), arenas[a].end(), second.state()[a].values.begin());
  second.set_steps(2);
  for (int t = 2; t < 4; ++t) {
    set_gradient(v, gradient(t));
    second.step(0.1f);
  }
  CHECK(copy_of(whole.store.values()) == copy_of(resumed.store.values()));
}

// One step of rate 0.1 and decay 5e-4 without any gradient: which parameters decay, and how much.
template <class Optimizer, class Options> void check_decay(Options options) {
  options.weight_decay = 5e-4;
  for (const bool all : {true, false}) {
    CAPTURE(all);
    ToyStore toy;
    const auto one = [](Index) { return 1.0; };
    const Parameter& w = toy.add("w", 3, one);
    const Parameter& twice = toy.add("twice", 1, one, Parameter::Kind::weight, 2);
    const Parameter& never = toy.add("never", 1, one, Parameter::Kind::weight, 0);
    const Parameter& gamma = toy.add("gamma", 1, one, Parameter::Kind::norm);
    const Parameter& bias = toy.add("bias", 1, one, Parameter::Kind::bias);
    const Parameter& running_mean = toy.add("running_mean", 1, one, Parameter::Kind::buffer);
    toy.commit();
    options.decay_norm_and_bias = all;
    Optimizer optimizer(toy.store, options);
    optimizer.step(0.1f);
    for (Index i = 0; i < 3; ++i) CHECK(w.value[i] == 0.99995f);
    CHECK(twice.value[0] == 0.9999f);
    CHECK(never.value[0] == 1);
    CHECK(gamma.value[0] == (all ? 0.99995f : 1.0f));
    CHECK(bias.value[0] == (all ? 0.99995f : 1.0f));
    CHECK(running_mean.value[0] == 1);
    CHECK(optimizer.untouched() == std::vector<std::string>{"w", "twice", "never", "gamma", "bias"});
  }
}

// After construction a step asks for no memory.
template <class Optimizer, class Options> void check_no_allocation(const Options& options) {
  ToyStore toy;
  Parameter& w = toy.add("w", 2 * kElementGrain, [](Index) { return 1.0; });
  toy.commit();
  Optimizer optimizer(toy.store, options);
  const std::size_t before = MemoryPool::shared().stats().system_requests;
  const std::size_t in_use = MemoryPool::shared().stats().bytes_in_use;
  for (int t = 0; t < 3; ++t) {
    set_gradient(w, [](Index) { return 0.5; });
    optimizer.step(0.1f);
  }
  CHECK(MemoryPool::shared().stats().system_requests == before);
  CHECK(MemoryPool::shared().stats().bytes_in_use == in_use);
}

}  // namespace temper
