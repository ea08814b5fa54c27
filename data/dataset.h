// A set of labelled images, held in memory as the bytes of its files, and its fixed division into three parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/shape.h"
#include "data/images/file_list.h"
#include "data/images/photos.h"

namespace temper::data {

struct Dataset {
  std::string name;                      // "mnist train": for messages
  Shape image;                           // (H,W,C)
  std::vector<std::uint8_t> pixels;      // (N,H,W,C); empty for a set of photos
  std::vector<std::int32_t> labels;      // (N), each in 0..K-1
  std::vector<std::string> class_names;  // (K)

  // A set of photos, which are not all of one size, has these instead of pixels: every sample is the photo of this number.
  std::shared_ptr<const Photos> photos = {};
  std::vector<Index> photo_numbers = {};  // (N)
  SkippedFiles skipped = {};              // in the folder, of all its parts; known to the training set

  Index size() const { return static_cast<Index>(labels.size()); }
  Index classes() const { return static_cast<Index>(class_names.size()); }
  std::span<const std::uint8_t> pixels_of(Index sample) const;  // (H,W,C); not for photos
  // Writes a sample as evaluation sees it, of whichever kind the set is. Throws Error when a photo cannot be decoded any more.
  void copy_image(Index sample, std::span<std::uint8_t> out) const;  // (H,W,C)
  // How a photo from elsewhere becomes an image as these are.
  Framing framing() const { return photos ? photos->framing() : Framing{image}; }

  // The chosen samples, in the order given.
  Dataset subset(std::span<const Index> samples, std::string subset_name) const;
  // Adds the samples of a set of the same kind.
  void append(const Dataset& other);

  // Of the images, labels and names of classes; of photos, of the names and sizes of their files.
  std::string fingerprint() const;

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
std::vector<bool> held_out_samples(std::span<const std::int32_t> labels, Index classes, Index held_out);  // (N): is it held out?

struct LoadOptions {
  Index held_out = -1;  // >= 1: so many of the images of train and val become val, chosen as by hold_out; -1: as the set has it

  // The rest is for image folders.
  Index image_size = 0;                        // side of the images; 0: theirs, where all have one up to 256 x 256, else 64
  Index short_side = 0;                        // of the photo that they are cut out of; 0: image_size and a seventh, see Framing
  std::optional<Framing> framing = {};         // instead of these two: that of a run
  std::vector<std::string> class_names = {};   // the classes of a run, in its order: other folders are read by them
  bool skip_damaged = false;                   // leave out pictures that cannot be decoded, instead of refusing the folder
  bool with_train = true;                      // false: the training part will not be used; spare its decoding
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
