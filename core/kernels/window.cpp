#include "core/kernels/window.h"

namespace temper {
namespace {

// Options beyond this are mistakes, and would overflow the arithmetic below.
constexpr Index kMaxOption = 1 << 20;

void check_range(const char* op, const char* option, const Size2& value, Index least) {
  TEMPER_CHECK(std::min(value.h, value.w) >= least && std::max(value.h, value.w) <= kMaxOption, op, ": ", option, " ", value, " is not in ",
               least, "..", kMaxOption, "; give a number in this range");
}

Index windows_along(Index padded, Index kernel, Index stride, Index dilation) {
  const Index reach = dilation * (kernel - 1) + 1;
  return padded < reach ? 0 : (padded - reach) / stride + 1;
}

}  // namespace

Size2 Window::output_size(const char* op, const Shape& x) const {
  TEMPER_CHECK(x.rank() == 4 && x[1] > 0 && x[2] > 0, op, ": an input ", x, " is no batch of images; give (N,H,W,C)");
  check_range(op, "kernel", kernel, 1);
  check_range(op, "stride", stride, 1);
  check_range(op, "padding", padding, 0);
  check_range(op, "dilation", dilation, 1);
  const Size2 output{windows_along(x[1] + 2 * padding.h, kernel.h, stride.h, dilation.h),
                     windows_along(x[2] + 2 * padding.w, kernel.w, stride.w, dilation.w)};
  TEMPER_CHECK(output.h > 0 && output.w > 0, op, ": a kernel ", kernel, " with dilation ", dilation, " is larger than an input ", x,
               " with padding ", padding, "; use larger images, more padding or a smaller kernel");
  return output;
}

Shape pooled_shape(const char* op, const Window& window, const Shape& x) {
  const Size2 output = window.output_size(op, x);
  TEMPER_CHECK(window.padding.h <= window.kernel.h / 2 && window.padding.w <= window.kernel.w / 2, op, ": padding ", window.padding,
               " is more than half of the kernel ", window.kernel, "; use at most kernel/2, so that every window overlaps the image");
  return {x[0], output.h, output.w, x[3]};
}

}  // namespace temper
