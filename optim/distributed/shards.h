// How a batch is cut into shards, and the order in which their results are added: functions of the number of shards alone, so that one
// process, two threads or eight machines give bit-identical results.
//
// The order is a binary tree. A node (begin, level) is the sum of the shards begin, ..., begin + 2^level - 1, begin a multiple of 2^level,
// and is computed as the sum of its two halves. If the number of shards is no power of two, the remaining nodes are added from the right.
#pragma once

#include <vector>

#include "core/base/range.h"

namespace temper::optim {

struct TreeNode {
  Index begin, level;
};

// One addition: the sum in place `from`, the right one of the two, is added to that in place `to`.
struct TreeStep {
  Index to, from;
};

// How to add the sums in places 0, 1, 2, ...
struct TreePlan {
  std::vector<TreeStep> steps;
  std::vector<Index> places;  // where the nodes that remain are
  std::vector<TreeNode> nodes;
};

// Adds adjacent nodes, in places 0, 1, ..., as far as they are halves of the same node.
TreePlan join_halves(const std::vector<TreeNode>& nodes);

// The same, and then adds the remaining nodes from the right: the sum of all is in place 0.
TreePlan join_all(const std::vector<TreeNode>& nodes);

// The nodes of the tree that consecutive shards form.
std::vector<TreeNode> tree_nodes(const Range& shards);

}  // namespace temper::optim
