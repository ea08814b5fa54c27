#include "optim/schedule.h"

#include <array>
#include <cmath>
#include <numbers>

#include "core/base/names.h"

namespace temper::optim {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"constant", "step", "cosine", "linear", "triangle", "inverse-sqrt"};

void check_step(Index step) { TEMPER_CHECK(step >= 0, "learning rate schedule: step ", step, " is negative; the first is 0"); }

// The part of the way that lies behind, in [0, 1].
double progress(Index step, Index total) {
  check_step(step);
  TEMPER_CHECK(total >= 1, "learning rate schedule: ", total, " steps in all; give the length of the run, at least 1");
  return static_cast<double>(std::min(step, total)) / static_cast<double>(total);
}

}  // namespace

float step_decay(Index step, std::span<const Index> milestones, double factor, double base) {
  check_step(step);
  const auto passed = std::count_if(milestones.begin(), milestones.end(), [&](Index milestone) { return milestone <= step; });
  return static_cast<float>(base * std::pow(factor, static_cast<double>(passed)));
}

float cosine(Index step, Index total, double base) {
  return static_cast<float>(base * (1 + std::cos(std::numbers::pi * progress(step, total))) / 2);
}

float linear(Index step, Index total, double base) { return static_cast<float>(base * (1 - progress(step, total))); }

float warm_up(Index step, Index steps) {
  check_step(step);
  return step < steps ? static_cast<float>(static_cast<double>(step + 1) / static_cast<double>(steps)) : 1.0f;
}

float triangle(Index step, Index total, const Triangle& shape, double base) {
  TEMPER_CHECK(shape.peak >= 0 && shape.peak <= 1, "learning rate schedule: a peak at ", shape.peak, " of the run; give a part in [0,1]");
  TEMPER_CHECK(shape.start >= 0 && shape.end >= 0 && std::isfinite(shape.start) && std::isfinite(shape.end),
               "learning rate schedule: a triangle from ", shape.start, " to ", shape.end, "; give finite factors >= 0");
  const double last = static_cast<double>(total), now = progress(step, total) * last, peak = std::floor(shape.peak * last);
  const double factor = now < peak    ? shape.start + (1 - shape.start) * now / peak
                        : peak < last ? 1 + (shape.end - 1) * (now - peak) / (last - peak)
                                      : 1;
  return static_cast<float>(base * factor);
}

float inverse_sqrt(Index step, Index warm_up, double base) {
  check_step(step);
  const Index level = std::max<Index>(1, warm_up);
  return static_cast<float>(base * std::sqrt(static_cast<double>(level) / static_cast<double>(std::max(step + 1, level))));
}

float Schedule::at(Index step) const {
  check_step(step);
  TEMPER_CHECK(warm_up >= 0, "learning rate schedule: a warm-up of ", warm_up, " steps; 0 is none");
  if (kind == Kind::constant) return static_cast<float>(base) * optim::warm_up(step, warm_up);
  if (kind == Kind::step) return step_decay(step, milestones, factor, base) * optim::warm_up(step, warm_up);

  if (kind == Kind::triangle) return optim::triangle(step, total, shape, base);
  if (kind == Kind::inverse_sqrt) return optim::inverse_sqrt(step, warm_up, base) * optim::warm_up(step, warm_up);

  const auto decay = kind == Kind::cosine ? cosine : linear;
  if (step < warm_up) return decay(0, total, base) * optim::warm_up(step, warm_up);
  return warm_up < total ? decay(step - warm_up, total - warm_up, base) : decay(total, total, base);
}

std::string_view name(Schedule::Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

Schedule::Kind parse_schedule_kind(std::string_view name) {
  using enum Schedule::Kind;
  return find_by_name(name, {constant, step, cosine, linear, triangle, inverse_sqrt},
                      "constant, step, cosine, linear, triangle or inverse-sqrt");
}

}  // namespace temper::optim
