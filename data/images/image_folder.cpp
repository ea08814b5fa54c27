// Folders of pictures, and CSV files that divide one.
#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "core/base/check.h"
#include "data/dataset.h"
#include "data/images/file_list.h"
#include "data/images/photos.h"
#include "data/sources.h"

namespace temper::data {
namespace {

// The indices of a FileList's images in each part.
using Parts = std::array<std::vector<Index>, 3>;
std::vector<Index>& images_in(Parts& parts, Split split) { return parts[static_cast<std::size_t>(split)]; }

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80                   ? 1
                               : byte >= 0xC2 && byte < 0xE0 ? 2
                               : byte >= 0xE0 && byte < 0xF0 ? 3
                               : byte >= 0xF0 && byte < 0xF5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t j = 1; j < length; ++j) {
      if ((static_cast<unsigned char>(text[i + j]) & 0xC0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

// The labels of the images as numbers of `classes`.
std::vector<std::int32_t> number_labels(const std::string& path, const FileList& list, const std::vector<std::string>& classes,
                                        bool of_run) {
  std::vector<std::int32_t> labels;
  for (const ListedImage& image : list.images) {
    const auto found = std::ranges::find(classes, image.label);
    TEMPER_CHECK(found != classes.end(), path, ": the class ", image.label, " (", image.path, ") is none of ",
                 of_run ? "the run's: " : "the training part's: ", classes.front(), " to ", classes.back(), "; remove its folder, or ",
                 of_run ? "train with it" : "give train such a folder");
    labels.push_back(static_cast<std::int32_t>(found - classes.begin()));
  }
  return labels;
}

// Moves every tenth image of the training part, at least one, spread over the classes, to another part.
void hold_out_tenth(Parts& parts, Split to, const std::vector<std::int32_t>& labels, Index classes) {
  std::vector<Index>& train = images_in(parts, Split::train);
  std::vector<std::int32_t> train_labels;
  for (const Index i : train) train_labels.push_back(labels[static_cast<std::size_t>(i)]);
  const std::vector<bool> held_out = held_out_samples(train_labels, classes, std::max<Index>(1, static_cast<Index>(train.size()) / 10));
  std::vector<Index> rest;
  for (std::size_t i = 0; i < train.size(); ++i) (held_out[i] ? images_in(parts, to) : rest).push_back(train[i]);
  train = std::move(rest);
}

// A folder without parts is divided 8 : 1 : 1. One without val, or without test, has it held out of train; but one with val alone has its
// val as the test, since many call it so, and val held out of train. Without train, for the classes of a run, nothing is moved.
Parts divide(const FileList& list, const std::vector<std::int32_t>& labels, Index classes) {
  Parts parts;
  for (std::size_t i = 0; i < list.images.size(); ++i)
    images_in(parts, list.images[i].split == Split::open ? Split::train : list.images[i].split).push_back(static_cast<Index>(i));
  if (images_in(parts, Split::train).empty()) return parts;
  if (images_in(parts, Split::test).empty()) std::swap(images_in(parts, Split::test), images_in(parts, Split::val));
  if (images_in(parts, Split::test).empty()) hold_out_tenth(parts, Split::test, labels, classes);
  if (images_in(parts, Split::val).empty()) hold_out_tenth(parts, Split::val, labels, classes);
  return parts;
}

void check_training_part(const std::string& path, const std::vector<Index>& train, const std::vector<std::int32_t>& labels,
                         const std::vector<std::string>& classes) {
  std::vector<Index> counts(classes.size());
  for (const Index i : train) ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])];
  for (std::size_t k = 0; k < classes.size(); ++k) {
    TEMPER_CHECK(counts[k] > 0, path, ": the class ", classes[k],
                 " has no picture to train on (a tenth may have been held out for test and val)", "; add some, or remove the class");
  }
}

// The height and width that all pictures have, or {0,0}; judged by 32 of them.
std::pair<Index, Index> common_size(const FileList& list) {
  constexpr std::size_t kLooks = 32;
  const std::size_t looks = std::min(kLooks, list.images.size());
  std::pair<Index, Index> size{0, 0};
  for (std::size_t i = 0; i < looks; ++i) {
    try {
      const Image image = read_image(list.images[i * list.images.size() / looks].path);
      const std::pair<Index, Index> other{image.height, image.width};
      if (size != std::pair<Index, Index>{0, 0} && size != other) return {0, 0};
      size = other;
    } catch (const Error&) {
      continue;  // it is refused, or skipped and counted, when its turn comes
    }
  }
  return size;
}

Framing choose_framing(const FileList& list, const LoadOptions& options) {
  if (options.framing) return *options.framing;
  constexpr Index kMostAsIs = 256, kUsual = 64, kMost = 4096;
  TEMPER_CHECK(options.image_size >= 0 && options.image_size <= kMost, "--image-size: ", options.image_size, " is not allowed; give 1-",
               kMost, ", or 0 for the usual size");
  TEMPER_CHECK(
      options.short_side == 0 || (options.short_side >= options.image_size && options.short_side <= 2 * kMost && options.image_size > 0),
      "--resize: a short side of ", options.short_side, " for images of ", options.image_size,
      " is not allowed; give --image-size, and a number of pixels that is not below it");
  const auto [height, width] = common_size(list);
  if (options.image_size == 0 && height > 0 && std::max(height, width) <= kMostAsIs) return {{height, width, 3}, 0};
  const Index side = options.image_size > 0 ? options.image_size : kUsual;
  const bool as_is = height == side && width == side;
  const Index margin = options.short_side > 0 ? options.short_side - side : as_is ? 0 : usual_margin(side);
  return {{side, side, 3}, margin};
}

// Takes out what cannot be decoded, where that is allowed.
void drop_damaged(const std::string& path, const std::vector<Photos::Damaged>& damaged, Parts& parts, SkippedFiles& skipped, bool allowed) {
  TEMPER_CHECK(damaged.empty() || allowed, damaged.front().message, " (", damaged.size(), damaged.size() == 1 ? " picture" : " pictures",
               " of ", path, " cannot be read; --skip-bad-images leaves them out)");
  for (const Photos::Damaged& one : damaged) {
    skipped.damaged.push_back(one.message);
    for (std::vector<Index>& part : parts) std::erase(part, one.photo);
  }
}

}  // namespace

Splits image_folder(const std::string& path, const LoadOptions& options) {
  std::error_code ignored;
  FileList list = std::filesystem::is_regular_file(path, ignored) ? list_split_file(path) : list_folder(path);
  const bool of_run = !options.class_names.empty();
  const std::vector<std::string>& classes = of_run ? options.class_names : list.classes;
  TEMPER_CHECK(classes.size() >= 2, path, ": ", classes.size(), classes.size() == 1 ? " class" : " classes",
               " to train on; give train at least 2 class folders with pictures");
  for (const std::string& name : classes)
    TEMPER_CHECK(is_utf8(name), path, ": the class ", name, " has a name that is not UTF-8; rename it");
  const std::vector<std::int32_t> labels = number_labels(path, list, classes, of_run);
  Parts parts = divide(list, labels, static_cast<Index>(classes.size()));

  std::vector<std::string> paths;
  for (const ListedImage& image : list.images) paths.push_back(image.path);
  const auto photos = std::make_shared<Photos>(std::move(paths), choose_framing(list, options));
  std::vector<Index> wanted;
  for (const Split part : {Split::train, Split::val, Split::test}) {
    const bool needed = part != Split::train || options.with_train || options.skip_damaged;
    if (needed) wanted.insert(wanted.end(), images_in(parts, part).begin(), images_in(parts, part).end());
  }
  drop_damaged(path, photos->read(wanted, options.memory_budget, options.on_progress), parts, list.skipped, options.skip_damaged);
  if (!of_run) check_training_part(path, images_in(parts, Split::train), labels, classes);

  Dataset all{.name = path, .image = photos->framing().image, .pixels = {}, .labels = labels, .class_names = classes, .photos = photos};
  for (Index i = 0; i < photos->size(); ++i) all.photo_numbers.push_back(i);
  Splits splits{all.subset(images_in(parts, Split::train), path + " train"), all.subset(images_in(parts, Split::val), path + " val"),
                all.subset(images_in(parts, Split::test), path + " test")};
  splits.train.skipped = std::move(list.skipped);
  return splits;
}

extern constinit const DataSource kImageFolder{
    .kind = "folder",
    .forms = {{{"folder:DIR",
                "pictures (JPEG, PNG, BMP, GIF, TGA, PNM) in a folder for each class, or in train/, test/ and perhaps val/ with such\n"
                "folders; what is not divided is, 8 : 1 : 1, always in the same way"},
               {"folder:FILE", "a CSV file with the columns path, label and split (train, val, test)"}}},
    .expected = "a folder of pictures for each class",
    .photos = true,
    .settings = R"(
batch = -1
flip = "random"
random_resized_crop = true
warm_up_epochs = 1
)",
    .read_images = image_folder};

}  // namespace temper::data
