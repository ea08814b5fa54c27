// From a typed op to one that the tape can hold: reads the signatures of its forward and backward at compile time, and gives each typed
// parameter its memory at every call. See core/engine/op.h for the vocabulary.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <tuple>
#include <utility>

#include "core/engine/op.h"

namespace temper {

namespace signature {

template <class F> struct Arguments;
template <class C, class... A> struct Arguments<void (C::*)(A...)> { using Tuple = std::tuple<A...>; };
template <class C, class... A> struct Arguments<void (C::*)(A...) const> { using Tuple = std::tuple<A...>; };

// What each parameter type means for an op: as a parameter of forward, and as one of backward.
constexpr void read_forward_parameter(OpTraits&, const void*) {}
template <int I> constexpr void read_forward_parameter(OpTraits& op, const In<I>*) { op.inputs = std::max(op.inputs, I + 1); }
template <int I> constexpr void read_forward_parameter(OpTraits& op, const OptionalIn<I>*) {
  op.inputs = std::max(op.inputs, I + 1);
  op.optional_inputs |= 1u << I;
}
constexpr void read_forward_parameter(OpTraits& op, const Ins*) { op.inputs = -1; }
template <int I> constexpr void read_forward_parameter(OpTraits& op, const OutOver<I>*) { op.output_over = I; }
template <int J> constexpr void read_forward_parameter(OpTraits& op, const Saved<J>*) { op.saved = std::max(op.saved, J + 1); }
template <int J> constexpr void read_forward_parameter(OpTraits& op, const SavedOnTape<J>*) {
  op.saved = std::max(op.saved, J + 1);
  op.saved_on_tape |= 1u << J;
}
constexpr void read_backward_parameter(OpTraits&, const void*) {}
template <int I> constexpr void read_backward_parameter(OpTraits& op, const In<I>*) { op.keeps_inputs |= 1u << I; }
constexpr void read_backward_parameter(OpTraits& op, const Ins*) { op.keeps_inputs = ~0u; }
constexpr void read_backward_parameter(OpTraits& op, const Out*) { op.keeps_output = true; }
template <int I> constexpr void read_backward_parameter(OpTraits& op, const Into<I>*) { op.gives_gradients |= 1u << I; }
constexpr void read_backward_parameter(OpTraits& op, const Intos*) { op.gives_gradients = ~0u; }
template <int I> constexpr void read_backward_parameter(OpTraits& op, const IntoOver<I>*) {
  op.gives_gradients |= 1u << I;
  op.gradient_over = I;
}

template <class F> constexpr OpTraits read_traits() {
  OpTraits op;
  [&]<class... A>(std::type_identity<std::tuple<A...>>) {
    (read_forward_parameter(op, static_cast<const A*>(nullptr)), ...);
  }(std::type_identity<typename Arguments<decltype(&F::forward)>::Tuple>{});
  [&]<class... A>(std::type_identity<std::tuple<A...>>) {
    (read_backward_parameter(op, static_cast<const A*>(nullptr)), ...);
  }(std::type_identity<typename Arguments<decltype(&F::backward)>::Tuple>{});
  return op;
}

// Gives each typed parameter its memory.
template <int I> void bind(In<I>& a, const OpCall& call) { static_cast<ConstView&>(a) = call.inputs[I]; }
template <int I> void bind(OptionalIn<I>& a, const OpCall& call) { static_cast<ConstView&>(a) = call.inputs[I]; }
inline void bind(Ins& a, const OpCall& call) { a.views = call.inputs; }
inline void bind(Out& a, const OpCall& call) { static_cast<View&>(a) = call.output; }
template <int I> void bind(OutOver<I>& a, const OpCall& call) { static_cast<View&>(a) = call.output; }
template <int J> void bind(Saved<J>& a, const OpCall& call) { static_cast<View&>(a) = call.saved[J]; }
inline void bind(Grad& a, const OpCall& call) { static_cast<ConstView&>(a) = call.gradient; }
template <int I> void bind(Into<I>& a, const OpCall& call) { static_cast<GradientView&>(a) = call.input_gradients[I]; }
template <int I> void bind(IntoOver<I>& a, const OpCall& call) { static_cast<GradientView&>(a) = call.input_gradients[I]; }
inline void bind(Intos& a, const OpCall& call) { a.views = call.input_gradients; }

template <class F, class Method> void invoke(F& op, Method method, const OpCall& call) {
  typename Arguments<Method>::Tuple arguments;
  std::apply(
      [&](auto&... argument) {
        (bind(argument, call), ...);
        (op.*method)(argument...);
      },
      arguments);
}

}  // namespace signature

template <class F>
concept Op = requires {
  { F::name } -> std::convertible_to<std::string_view>;
  &F::forward;
  &F::backward;
};

template <Op F> class BoxedOp final : public AnyOp {
 public:
  static constexpr OpTraits kTraits = signature::read_traits<F>();
  static_assert(kTraits.output_over < 0 || !(kTraits.keeps_inputs >> kTraits.output_over & 1u),
                "the op overwrites an input that its backward reads");

  static_assert(kTraits.gradient_over < 0 || std::has_single_bit(kTraits.gives_gradients),
                "the first gradient would overwrite what the second reads");

  explicit BoxedOp(F op) : op_(std::move(op)) {}

  std::string_view name() const override { return F::name; }
  const OpTraits& traits() const override { return kTraits; }
  Shape shape(std::span<const Tensor> inputs) const override {
    if constexpr (kTraits.inputs < 0) {
      return op_.shape(inputs);
    } else {
      return spread(inputs, [&](const auto&... shapes) { return op_.shape(shapes...); });
    }
  }
  void saved_shapes(std::span<const Tensor> inputs, std::span<Shape> shapes) const override {
    if constexpr (kTraits.saved > 0) {
      const std::array<Shape, kTraits.saved> all = spread(inputs, [&](const auto&... input) { return op_.saved(input...); });
      std::copy(all.begin(), all.end(), shapes.begin());
    }
  }
  void forward(const OpCall& call) override { signature::invoke(op_, &F::forward, call); }
  void backward(const OpCall& call) override { signature::invoke(op_, &F::backward, call); }
  std::size_t bytes() const override { return sizeof(*this); }
  AnyOp* move_to(void* memory) override { return new (memory) BoxedOp(std::move(*this)); }

 private:
  template <class Call> static auto spread(std::span<const Tensor> inputs, Call call) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return call(inputs[I].shape()...); }
    (std::make_index_sequence<static_cast<std::size_t>(std::max(0, kTraits.inputs))>{});
  }

  F op_;
};

}  // namespace temper
