#include "data/dataset.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/base/check.h"
#include "core/base/fingerprint.h"
#include "core/base/random.h"
#include "data/sources.h"

namespace temper::data {
namespace {

// How many samples each class gives to a part of `total`: its share rounded down, the rest to the classes that lost most by that
// (the method of largest remainders; ties to the lower class).
std::vector<Index> quotas(const std::vector<std::vector<Index>>& members, Index total, Index everything) {
  std::vector<Index> quota;
  std::vector<std::pair<Index, std::size_t>> lost;  // (minus the remainder, class)
  Index left = total;
  for (std::size_t k = 0; k < members.size(); ++k) {
    const Index scaled = static_cast<Index>(members[k].size()) * total;
    quota.push_back(scaled / everything);
    lost.emplace_back(-(scaled % everything), k);
    left -= quota.back();
  }
  std::ranges::sort(lost);
  for (Index i = 0; i < left; ++i) ++quota[lost[static_cast<std::size_t>(i)].second];
  return quota;
}

}  // namespace

std::string Dataset::fingerprint() const {
  Fingerprint all;
  for (int axis = 0; axis < image.rank(); ++axis) all.add(std::to_string(image[axis]));
  for (const std::string& class_name : class_names) all.add(class_name);
  all.add(std::span(labels)).add(std::span(pixels));
  for (const Index number : photo_numbers) {
    const std::filesystem::path path(photos->path(number));
    std::error_code gone;
    all.add(path.filename().string()).add(std::to_string(std::filesystem::file_size(path, gone)));
  }
  return all.hex();
}

void Dataset::check() const {
  TEMPER_CHECK(image.rank() == 3 && image.size() > 0, name, ": images of shape ", image, ", expected (H,W,C), none 0");
  if (photos) {
    TEMPER_CHECK(static_cast<Index>(photo_numbers.size()) == size() && photos->framing().image == image, name, ": ", photo_numbers.size(),
                 " photos framed as ", photos->framing().image, " for ", size(), " images of ", image, "; give one for each");
  } else {
    TEMPER_CHECK(static_cast<Index>(pixels.size()) == size() * image.size(), name, ": ", pixels.size(), " pixel bytes for ", size(),
                 " images of ", image, "; give ", size() * image.size());
  }
  for (Index i = 0; i < size(); ++i) {
    const std::int32_t label = labels[static_cast<std::size_t>(i)];
    TEMPER_CHECK(label >= 0 && label < classes(), name, ": label ", label, " at sample ", i, ", expected 0-", classes() - 1,
                 "; repair the labels or the list of classes");
  }
}

std::span<const std::uint8_t> Dataset::pixel_span(Index sample) const {
  TEMPER_CHECK(sample >= 0 && sample < size(), name, ": sample ", sample, " asked for, expected 0-", size() - 1);
  return std::span(pixels).subspan(static_cast<std::size_t>(sample * image.size()), static_cast<std::size_t>(image.size()));
}

void Dataset::copy_image(Index sample, std::span<std::uint8_t> out) const {
  if (!photos) {
    std::ranges::copy(pixel_span(sample), out.begin());
    return;
  }
  Image scratch;
  cut_middle(photos->covering(photo_numbers[static_cast<std::size_t>(sample)], scratch), photos->framing(), out.data());
}

Dataset Dataset::subset(std::span<const Index> samples, std::string subset_name) const {
  Dataset part{.name = std::move(subset_name), .image = image, .pixels = {}, .labels = {}, .class_names = class_names, .photos = photos};
  if (!photos) part.pixels.reserve(samples.size() * static_cast<std::size_t>(image.size()));
  part.labels.reserve(samples.size());
  for (const Index sample : samples) {
    if (photos) {
      part.photo_numbers.push_back(photo_numbers[static_cast<std::size_t>(sample)]);
    } else {
      const std::span<const std::uint8_t> chosen = pixel_span(sample);
      part.pixels.insert(part.pixels.end(), chosen.begin(), chosen.end());
    }
    part.labels.push_back(labels[static_cast<std::size_t>(sample)]);
  }
  return part;
}

void Dataset::append(const Dataset& other) {
  TEMPER_CHECK(image == other.image && class_names == other.class_names && photos == other.photos, name, ": ", other.name,
               " cannot be added to it; join parts of the same set");
  pixels.insert(pixels.end(), other.pixels.begin(), other.pixels.end());
  labels.insert(labels.end(), other.labels.begin(), other.labels.end());
  photo_numbers.insert(photo_numbers.end(), other.photo_numbers.begin(), other.photo_numbers.end());
}

std::vector<bool> held_out_samples(std::span<const std::int32_t> labels, Index classes, Index held_out) {
  const auto size = static_cast<Index>(labels.size());
  std::vector<std::vector<Index>> members(static_cast<std::size_t>(classes));
  for (Index i = 0; i < size; ++i) members[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])].push_back(i);
  const std::vector<Index> quota = quotas(members, held_out, size);

  constexpr std::uint64_t kSeed = 0;  // fixed for ever: another seed is another data set
  std::vector<bool> is_val(labels.size());
  for (std::size_t k = 0; k < members.size(); ++k) {
    std::vector<std::pair<std::uint64_t, Index>> ranked;
    for (const Index i : members[k]) ranked.emplace_back(Random(kSeed, {static_cast<std::uint64_t>(i)}).bits(0), i);
    std::ranges::sort(ranked);
    for (Index r = 0; r < quota[k]; ++r) is_val[static_cast<std::size_t>(ranked[static_cast<std::size_t>(r)].second)] = true;
  }
  return is_val;
}

TrainVal hold_out(const Dataset& all, Index held_out) {
  TEMPER_CHECK(held_out >= 0 && held_out < all.size(), all.name, ": ", held_out, " of ", all.size(),
               " samples cannot be held out; hold out 0-", all.size() - 1);
  all.check();
  const std::vector<bool> is_val = held_out_samples(all.labels, all.classes(), held_out);
  std::vector<Index> train, val;
  for (Index i = 0; i < all.size(); ++i) (is_val[static_cast<std::size_t>(i)] ? val : train).push_back(i);
  return {all.subset(train, all.name + " train"), all.subset(val, all.name + " val")};
}

namespace {

// Divides train and val again.
void hold_out_anew(Splits& splits, Index held_out) {
  Dataset all = std::move(splits.train);
  all.append(splits.val);
  TEMPER_CHECK(held_out >= 1 && held_out < all.size(), "--val-size: ", held_out, " of the ", all.size(), " images of ", all.name,
               " cannot be held out; give 1-", all.size() - 1);
  const std::string train_name = all.name, val_name = splits.val.name;
  auto [train, val] = hold_out(all, held_out);
  train.name = train_name;
  val.name = val_name;
  splits.train = std::move(train);
  splits.val = std::move(val);
}

}  // namespace

Splits load(const std::string& spec, const LoadOptions& options) {
  const auto [source, place] = parse_spec(spec);
  TEMPER_CHECK(source.read_images, "--data: ", spec, " is text, but images are required; see `temper data`");
  Splits splits = source.read_images(place, options);
  if (options.held_out != -1 && options.held_out != splits.val.size()) hold_out_anew(splits, options.held_out);
  return splits;
}

}  // namespace temper::data
