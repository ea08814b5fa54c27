// A set of labelled images, kept in memory as the bytes of its files, and its fixed train, validation and test splits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/shape.h"
#include "data/images/file_list.h"
#include "data/images/photos.h"

namespace temper::data {

struct Dataset {
  std::string name;                      // "mnist train": for messages
  Shape image;                           // (H,W,C)
  std::vector<std::uint8_t> pixels;      // (N,H,W,C); empty for a set of photos
  std::vector<std::int32_t> labels;      // (N), each in 0..K-1
  std::vector<std::string> class_names;  // (K)

  // A set of photos, which may differ in size, has these instead of pixels: the number of each sample's photo.
  std::shared_ptr<const Photos> photos = {};
  std::vector<Index> photo_numbers = {};  // (N)
  SkippedFiles skipped = {};              // in the folder, of all splits; set in the training set

  Index size() const { return static_cast<Index>(labels.size()); }
  Index classes() const { return static_cast<Index>(class_names.size()); }
  std::span<const std::uint8_t> pixel_span(Index sample) const;  // (H,W,C); not for photos
  // Writes a sample's image for evaluation, for both kinds of sets. Throws Error when a photo can no longer be decoded.
  void copy_image(Index sample, std::span<std::uint8_t> out) const;  // (H,W,C)
  // How a photo from elsewhere is turned into an image of this set's kind.
  Framing framing() const { return photos ? photos->framing() : Framing{image}; }

  // The chosen samples, in the order given.
  Dataset subset(std::span<const Index> samples, std::string subset_name) const;
  // Adds the samples of a set of the same kind.
  void append(const Dataset& other);

  // Of the images, labels and names of classes; of photos, of the names and sizes of their files.
  std::string fingerprint() const;

  // Throws Error unless the sizes agree, images are not empty and every label has a class. For sets made by hand: the readers below call
  // it.
  void check() const;
};

// train: for the weights. val: for monitoring the training and fitting calibrators. test: for reports; no decision depends on it.
struct Splits {
  Dataset train, val, test;
};

// Splits `all`: `held_out` samples, stratified by class, go to val and the rest to train. The choice is a pure function of the labels: the
// same on every machine and for every seed.
struct TrainVal {
  Dataset train, val;
};
TrainVal hold_out(const Dataset& all, Index held_out);
std::vector<bool> held_out_samples(std::span<const std::int32_t> labels, Index classes, Index held_out);  // (N): is it held out?

struct LoadOptions {
  Index held_out = -1;  // >= 1: so many of the images of train and val become val, chosen as by hold_out; -1: as the set has it

  // The rest is for image folders.
  Index image_size = 0;                        // side of the images; 0: theirs, where all have one up to 256 x 256, else 64
  Index short_side = 0;                        // of the photo that they are cut out of; 0: image_size and a seventh, see Framing
  std::optional<Framing> framing = {};         // instead of these two: that of a run
  std::vector<std::string> class_names = {};   // the classes of a run, in its order: other folders are read by them
  bool skip_damaged = false;                   // skip pictures that cannot be decoded, instead of rejecting the folder
  bool with_train = true;                      // false: the training split will not be used and need not be decoded
  std::uint64_t memory_budget = kUsualBudget;  // bytes of decoded pictures to keep
  std::function<void(Index done, Index all)> on_progress = {};  // of decoding

  static constexpr std::uint64_t kUsualBudget = std::uint64_t{2} << 30;
};

// The set of a spec of the command line, as "digits" or "mnist:DIR": data/sources.h has the list. Throws Error naming the path, the byte
// and the reason when a file is not what it should be.
Splits load(const std::string& spec, const LoadOptions& options = {});

Splits digits();                         // the embedded 8x8 digits of the UCI set
Splits mnist(const std::string& dir);    // IDX files, plain or .gz; 55,000 / 5,000 / 10,000
Splits cifar10(const std::string& dir);  // binary version, 45,000 / 5,000 / 10,000
Splits cifar100(const std::string& dir);
// A folder of class folders, or a CSV file of pictures: images/file_list.h says how they are found, images/image_folder.cpp how divided.
Splits image_folder(const std::string& path, const LoadOptions& options = {});

}  // namespace temper::data
