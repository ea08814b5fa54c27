// Test-time augmentation: the logits of several views of an image, averaged.
#pragma once

#include <string_view>
#include <vector>

#include "data/augment.h"

namespace temper::models {

enum class TestTimeAugmentation {
  one,        // the image as it is
  flip,       // it and its mirror image
  flip_shift  // these two with half of the weight, and both moved by one pixel to the upper left and to the lower right, mirrored at the
              // border, with the other half (K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024)
};

struct AugmentedView {
  data::CropFlip crop_flip;
  float weight;  // of its logits; those of all views sum to 1
};
std::vector<AugmentedView> augmented_views(TestTimeAugmentation tta);

// "none", "flip", "flip-shift". The inverse throws for another name, listing these.
std::string_view name(TestTimeAugmentation tta);
TestTimeAugmentation parse_test_time_augmentation(std::string_view name);

}  // namespace temper::models
