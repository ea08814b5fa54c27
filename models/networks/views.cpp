#include "models/networks/views.h"

#include <utility>

#include "core/base/names.h"

namespace temper::models {

std::vector<EvaluationView> placements(Views views) {
  if (views == Views::one) return {{.placement = {}, .weight = 1}};
  if (views == Views::flip) return {{.placement = {}, .weight = 0.5f}, {.placement = {.flip = true}, .weight = 0.5f}};
  std::vector<EvaluationView> all;
  for (const auto& [move, weight] : {std::pair{0, 0.25f}, std::pair{-1, 0.125f}, std::pair{1, 0.125f}}) {
    for (const bool flip : {false, true}) {
      all.push_back({.placement = {.dy = move, .dx = move, .flip = flip, .padding = data::Padding::reflect}, .weight = weight});
    }
  }
  return all;
}

std::string_view name(Views views) { return views == Views::one ? "none" : views == Views::flip ? "flip" : "flip-shift"; }

Views views(std::string_view name) { return by_name(name, {Views::one, Views::flip, Views::flip_shift}, "none, flip or flip-shift"); }

}  // namespace temper::models
