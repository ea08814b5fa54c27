// Figure 1 of "When Does Label Smoothing Help?" (Müller, Kornblith, Hinton, NeurIPS 2019): penultimate activations of three classes on the
// plane of their templates, where smoothing makes the clusters tight.
#pragma once

#include <array>
#include <vector>

#include "models/analysis/penultimate.h"

namespace temper::analysis {

// The plane goes through the three templates; it is not their span, which contains the origin, nor the plane of largest variance:
//   A = [w_2 - w_1, w_3 - w_1] = Q R,   Q (D+1, 2) with orthonormal columns (Gram-Schmidt),   u = Q^T x.
struct Projection {
  struct Point {
    double u = 0, v = 0;
  };
  std::array<Index, 3> classes = {};
  std::array<Point, 3> templates = {};  // Q^T w_c
  std::vector<Point> points = {};       // of the samples of these classes, in their order
  std::vector<Index> samples = {};      // which ones

  // The root mean square distance of a sample's u from the mean m_c of its class's:
  //   scatter^2 = 1/3 sum_c 1/n_c sum_{i in c} ||u_i - m_c||^2.
  double scatter = 0;
  double centre_distance = 0;    // the mean of ||m_c - m_c'|| over the three pairs
  double template_distance = 0;  // the mean of ||w_c - w_c'|| over the three pairs

  // Cluster tightness as a number, smaller is tighter: scatter / centre_distance. It does not change when activations are scaled and the
  // weights by the inverse, which leaves the network the same; scatter / template_distance does.
  double spread() const { return scatter / centre_distance; }
};

// Throws Error unless there are three different classes, each with a sample, whose templates do not lie on a line.
Projection project(const Penultimate& penultimate, const std::array<Index, 3>& classes);

}  // namespace temper::analysis
