// A set of labelled images, held in memory as the bytes of its files, and its fixed division into three parts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/shape.h"

namespace temper::data {

struct Dataset {
  std::string name;                      // "mnist train": for messages
  Shape image;                           // (H,W,C)
  std::vector<std::uint8_t> pixels;      // (N,H,W,C)
  std::vector<std::int32_t> labels;      // (N), each in 0..K-1
  std::vector<std::string> class_names;  // (K)

  Index size() const { return static_cast<Index>(labels.size()); }
  Index classes() const { return static_cast<Index>(class_names.size()); }
  std::span<const std::uint8_t> pixels_of(Index sample) const;  // (H,W,C)

  // The chosen samples, in the order given.
  Dataset subset(std::span<const Index> samples, std::string subset_name) const;

  // Throws Error unless the sizes agree, images are not empty and every label has a class. For sets made by hand: the readers below check.
  void check() const;
};

// train: what the weights see. val: watched during training, and what the temperature is fitted on. test: reported, touched by no decision.
struct Splits {
  Dataset train, val, test;
};

// Divides `all` so that `held_out` samples, spread over the classes in proportion, go to val and the rest to train. The choice is a pure
// function of the labels: the same on every machine, whatever the seed of a run.
struct TrainVal {
  Dataset train, val;
};
TrainVal hold_out(const Dataset& all, Index held_out);

// The sets that temper knows, by the spec of the command line: "digits", "mnist:DIR", "cifar10:DIR", "cifar100:DIR".
// Throws Error naming the path, the byte and the reason when a file is not what it should be.
// With held_out >= 1 so many of the images of train and val become val, chosen as by hold_out; -1 leaves the division as the set has it.
Splits load(const std::string& spec, Index held_out = -1);

Splits digits();                         // the embedded 8x8 digits of the UCI set
Splits mnist(const std::string& dir);    // IDX files, plain or .gz; 55,000 / 5,000 / 10,000
Splits cifar10(const std::string& dir);  // binary version, 45,000 / 5,000 / 10,000
Splits cifar100(const std::string& dir);

}  // namespace temper::data
