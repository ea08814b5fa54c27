// How a batch is cut into shards, and in which order what the shards give is added: functions of the number of shards alone, so that one
// process, two threads or eight machines end with the same bits.
//
// The order is a binary tree. A node (begin, level) is the sum of the shards begin, ..., begin + 2^level - 1, begin a multiple of 2^level;
// it is the sum of its two halves. Where the number of shards is no power of two, the nodes left over are added from the right.
#pragma once

#include <vector>

#include "core/range.h"

namespace temper::optim {

struct TreeNode {
  Index begin, level;
};

// One addition: the sum in place `to` takes in that of place `from`, the right one of the two.
struct TreeStep {
  Index to, from;
};

// What to do with sums in places 0, 1, 2, ...
struct TreePlan {
  std::vector<TreeStep> steps;
  std::vector<Index> places;  // where the nodes that remain are
  std::vector<TreeNode> nodes;
};

// Joins nodes in a row, in places 0, 1, ..., as far as the tree has them as halves.
TreePlan join_halves(const std::vector<TreeNode>& nodes);

// The same and then, from the right, what is left over: the sum of all is in place 0.
TreePlan join_all(const std::vector<TreeNode>& nodes);

// The nodes of the tree that shards in a row make.
std::vector<TreeNode> nodes_of(const Range& shards);

}  // namespace temper::optim
