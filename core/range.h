// Ranges of things in a row, and how they are cut into parts.
#pragma once

#include "core/shape.h"

namespace temper {

struct Range {
  Index begin = 0, end = 0;
  Index size() const { return end - begin; }
};

// Part `part` of `parts` of `count` things, as equal as can be: of the images of a batch for a shard, of the shards for a rank.
inline Range part_of(Index count, Index part, Index parts) { return {count * part / parts, count * (part + 1) / parts}; }

}  // namespace temper
