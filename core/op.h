// The vocabulary in which operations are written. An op is a struct:
//
//   struct Relu {
//     static constexpr auto name = "relu";
//     Shape shape(const Shape& x) const { return x; }                           // the output's shape; refuses what does not fit
//     void forward(In<0> x, OutOver<0> y) const;                                // writes all of y
//     void backward(Out y, Grad dy, IntoOver<0> dx) const;                      // writes, or adds to, each gradient that is wanted
//   };
//
// The parameter types say it all, and are read at compile time: what backward names as In, Out or Saved is kept for it, everything else is
// freed after forward; OutOver<I> lets the output take over the memory of input I when nobody else holds it. Ops never allocate: the tape
// hands them memory.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/tensor.h"

namespace temper {

template <int I>
struct In : ConstView {};  // input I; null: absent
struct Ins {               // all inputs, for an op of any number of them
  std::span<const ConstView> views;
  const ConstView& operator[](Index i) const { return views[static_cast<std::size_t>(i)]; }
  Index count() const { return static_cast<Index>(views.size()); }
};
struct Out : View {};  // the output
template <int I>
struct OutOver : View {};  // the output, which may lie in the memory of input I
template <int J>
struct Saved : View {};  // statistics that forward leaves for backward; shaped by the op's saved(input shapes...) -> std::array<Shape, n>
struct Grad : ConstView {};  // d loss / d output

struct GradientView : View {  // d loss / d input; null: not wanted. Where two of one op share memory, the first assigns and the second
                              // adds: write in order.
  bool add = false;           // add to what is there, instead of overwriting it
  void store(Index i, float gradient) const { data[i] = add ? data[i] + gradient : gradient; }
};
template <int I>
struct Into : GradientView {};
template <int I>
struct IntoOver : GradientView {};  // may lie in the memory of Grad
struct Intos {                      // of all inputs
  std::span<const GradientView> views;
  const GradientView& operator[](Index i) const { return views[static_cast<std::size_t>(i)]; }
};

// What the tape must know of an op, read from its signatures.
struct OpTraits {
  int inputs = 0;                  // -1: any number
  int output_over = -1;            // the input whose memory the output may take
  int gradient_over = -1;          // the input whose gradient may take the memory of Grad
  int gradients = 0;               // number of gradients that backward writes
  int saved = 0;                   // number of Saved
  std::uint32_t keeps_inputs = 0;  // bit I: backward reads input I; all bits for an op of any number of inputs that reads Ins
  bool keeps_output = false;
};

// The memory of one call, in the engine's hands.
struct OpCall {
  std::span<const ConstView> inputs;
  View output;
  ConstView gradient;
  std::span<const GradientView> input_gradients;
  std::span<const View> saved;
};

// An op without its type, as the tape holds it.
class AnyOp {
 public:
  virtual ~AnyOp() = default;
  virtual std::string_view name() const = 0;
  virtual const OpTraits& traits() const = 0;
  virtual Shape shape(std::span<const Tensor> inputs) const = 0;
  virtual void saved_shapes(std::span<const Tensor> inputs, std::span<Shape> shapes) const = 0;
  virtual void forward(const OpCall& call) = 0;
  virtual void backward(const OpCall& call) = 0;
  virtual std::size_t bytes() const = 0;
  virtual AnyOp* move_to(void* memory) = 0;
};

namespace signature {

template <class F>
struct Arguments;
template <class C, class... A>
struct Arguments<void (C::*)(A...)> {
  using Tuple = std::tuple<A...>;
};
template <class C, class... A>
struct Arguments<void (C::*)(A...) const> {
  using Tuple = std::tuple<A...>;
};

// What each word of the vocabulary says of an op when it stands in forward and when it stands in backward.
constexpr void forward_says(OpTraits&, const void*) {}
template <int I>
constexpr void forward_says(OpTraits& op, const In<I>*) {
  op.inputs = std::max(op.inputs, I + 1);
}
constexpr void forward_says(OpTraits& op, const Ins*) { op.inputs = -1; }
template <int I>
constexpr void forward_says(OpTraits& op, const OutOver<I>*) {
  op.output_over = I;
}
template <int J>
constexpr void forward_says(OpTraits& op, const Saved<J>*) {
  op.saved = std::max(op.saved, J + 1);
}
constexpr void backward_says(OpTraits&, const void*) {}
template <int I>
constexpr void backward_says(OpTraits& op, const In<I>*) {
  op.keeps_inputs |= 1u << I;
}
constexpr void backward_says(OpTraits& op, const Ins*) { op.keeps_inputs = ~0u; }
constexpr void backward_says(OpTraits& op, const Out*) { op.keeps_output = true; }
template <int I>
constexpr void backward_says(OpTraits& op, const Into<I>*) {
  ++op.gradients;
}
template <int I>
constexpr void backward_says(OpTraits& op, const IntoOver<I>*) {
  ++op.gradients;
  op.gradient_over = I;
}

template <class F>
constexpr OpTraits traits_of() {
  OpTraits op;
  [&]<class... A>(std::type_identity<std::tuple<A...>>) {
    (forward_says(op, static_cast<const A*>(nullptr)), ...);
  }(std::type_identity<typename Arguments<decltype(&F::forward)>::Tuple>{});
  [&]<class... A>(std::type_identity<std::tuple<A...>>) {
    (backward_says(op, static_cast<const A*>(nullptr)), ...);
  }(std::type_identity<typename Arguments<decltype(&F::backward)>::Tuple>{});
  return op;
}

// Gives each typed parameter its memory.
template <int I>
void bind(In<I>& a, const OpCall& call) {
  static_cast<ConstView&>(a) = call.inputs[I];
}
inline void bind(Ins& a, const OpCall& call) { a.views = call.inputs; }
inline void bind(Out& a, const OpCall& call) { static_cast<View&>(a) = call.output; }
template <int I>
void bind(OutOver<I>& a, const OpCall& call) {
  static_cast<View&>(a) = call.output;
}
template <int J>
void bind(Saved<J>& a, const OpCall& call) {
  static_cast<View&>(a) = call.saved[J];
}
inline void bind(Grad& a, const OpCall& call) { static_cast<ConstView&>(a) = call.gradient; }
template <int I>
void bind(Into<I>& a, const OpCall& call) {
  static_cast<GradientView&>(a) = call.input_gradients[I];
}
template <int I>
void bind(IntoOver<I>& a, const OpCall& call) {
  static_cast<GradientView&>(a) = call.input_gradients[I];
}
inline void bind(Intos& a, const OpCall& call) { a.views = call.input_gradients; }

template <class F, class Method>
void invoke(F& op, Method method, const OpCall& call) {
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

template <Op F>
class BoxedOp final : public AnyOp {
 public:
  static constexpr OpTraits kTraits = signature::traits_of<F>();
  static_assert(kTraits.output_over < 0 || !(kTraits.keeps_inputs >> kTraits.output_over & 1u),
                "the op overwrites an input that its backward reads");

  static_assert(kTraits.gradient_over < 0 || kTraits.gradients == 1, "the first gradient would overwrite what the second reads");

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
  template <class Call>
  static auto spread(std::span<const Tensor> inputs, Call call) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) { return call(inputs[I].shape()...); }
    (std::make_index_sequence<static_cast<std::size_t>(std::max(0, kTraits.inputs))>{});
  }

  F op_;
};

}  // namespace temper
