#include "models/networks/test_time_augmentation.h"

#include <utility>

#include "core/base/names.h"

namespace temper::models {

std::vector<AugmentedView> augmented_views(TestTimeAugmentation tta) {
  if (tta == TestTimeAugmentation::one) return {{.crop_flip = {}, .weight = 1}};
  if (tta == TestTimeAugmentation::flip) return {{.crop_flip = {}, .weight = 0.5f}, {.crop_flip = {.flip = true}, .weight = 0.5f}};
  std::vector<AugmentedView> all;
  for (const auto& [move, weight] : {std::pair{0, 0.25f}, std::pair{-1, 0.125f}, std::pair{1, 0.125f}}) {
    for (const bool flip : {false, true}) {
      all.push_back({.crop_flip = {.dy = move, .dx = move, .flip = flip, .padding = data::Padding::reflect}, .weight = weight});
    }
  }
  return all;
}

std::string_view name(TestTimeAugmentation tta) {
  return tta == TestTimeAugmentation::one ? "none" : tta == TestTimeAugmentation::flip ? "flip" : "flip-shift";
}

TestTimeAugmentation parse_test_time_augmentation(std::string_view name) {
  return find_by_name(name, {TestTimeAugmentation::one, TestTimeAugmentation::flip, TestTimeAugmentation::flip_shift},
                      "none, flip or flip-shift");
}

}  // namespace temper::models
