// Ranges of indices, and how they are cut into parts.
#pragma once

#include "core/base/shape.h"

namespace temper {

struct Range {
  Index begin = 0, end = 0;
  Index size() const { return end - begin; }
};

// Part number `part` when [0, count) is cut into `parts` parts whose sizes differ by at most one: the images of a shard, the shards of a
// rank.
inline Range cut_range(Index count, Index part, Index parts) { return {count * part / parts, count * (part + 1) / parts}; }

}  // namespace temper
