#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "core/engine/parallel.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "tests/data/images/pictures.h"

namespace temper::tests {
namespace {

namespace fs = std::filesystem;
using data::Dataset;
using data::image_folder;
using data::LoadOptions;
using data::Splits;

// `count` pictures of 6 x 5 in DIR/NAME/000.png, ..., each of a level of its own.
void add_class(const FileFolder& folder, const std::string& name, int count, int level = 0) {
  for (int i = 0; i < count; ++i) folder.write(name + "/" + std::to_string(1000 + i).substr(1) + ".png", plain_png(6, 5, level + i));
}

// train and test with the classes cat and dog, and much else besides.
void fill(const FileFolder& folder) {
  add_class(folder, "train/cat", 12);
  add_class(folder, "train/dog", 12, 100);
  add_class(folder, "test/dog", 3, 200);
  add_class(folder, "train/.ipynb_checkpoints", 1);
  folder.write("train/.DS_Store", "x");
  folder.write("train/cat/Thumbs.db", "x");
  folder.write("train/dog/notes.txt", "x");
}

int level(const Dataset& set, Index sample) {
  std::vector<std::uint8_t> image(static_cast<std::size_t>(set.image.size()));
  set.copy_image(sample, image);
  return image[0];
}

std::vector<int> levels(const Dataset& set) {
  std::vector<int> all;
  for (Index i = 0; i < set.size(); ++i) all.push_back(level(set, i));
  return all;
}

TEST_CASE("image folder: hidden and foreign entries are counted and shift no label; a test set without cats keeps dog 1") {
  const FileFolder folder;
  fill(folder);
  const Splits splits = image_folder(folder.path());
  CHECK(splits.train.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(splits.test.class_names == splits.train.class_names);
  CHECK(splits.test.labels == std::vector<std::int32_t>{1, 1, 1});
  CHECK(levels(splits.test) == std::vector<int>{200, 201, 202});
  CHECK(splits.train.size() + splits.val.size() == 24);
  CHECK(splits.val.size() == 2);
  for (const Dataset* set : {&splits.train, &splits.val}) {
    for (Index i = 0; i < set->size(); ++i) CHECK((level(*set, i) >= 100) == (set->labels[static_cast<std::size_t>(i)] == 1));
  }
  CHECK(splits.train.skipped.hidden == 2);
  CHECK(splits.train.skipped.foreign == 2);
  CHECK(splits.train.image == Shape{6, 5, 3});  // all pictures have this size
}

TEST_CASE("image folder: the classes of a run are the classes, whatever the folder has") {
  const FileFolder folder;
  fill(folder);
  fs::remove_all(folder.path("train"));
  CHECK(holds(error_of([&] { image_folder(folder.path()); }), {folder.path(), "0 classes to train on"}));
  const LoadOptions run{.class_names = {"bird", "cat", "dog"}};
  const Splits splits = image_folder(folder.path(), run);
  CHECK(splits.train.size() == 0);
  CHECK(splits.test.labels == std::vector<std::int32_t>{2, 2, 2});
  add_class(folder, "test/fish", 1);
  CHECK(holds(error_of([&] { image_folder(folder.path(), run); }), {"fish", "none of the run's"}));
}

TEST_CASE("image folder: a class of val or test that train has not is refused") {
  const FileFolder folder;
  fill(folder);
  add_class(folder, "test/fish", 1);
  CHECK(holds(error_of([&] { image_folder(folder.path()); }), {"the class fish", "fish/000.png", "training part's"}));
}

TEST_CASE("image folder: class folders alone are divided 8 to 1 to 1, the same every time; names go by their bytes") {
  const FileFolder folder;
  for (const char* name : {"10", "0", "2", "1", "ä b", "Z"}) add_class(folder, name, 20);
  const Splits splits = image_folder(folder.path()), again = image_folder(folder.path());
  CHECK(splits.train.class_names == std::vector<std::string>{"0", "1", "10", "2", "Z", "ä b"});
  CHECK(splits.test.size() == 12);
  CHECK(splits.val.size() == 10);
  CHECK(splits.train.size() == 98);
  for (const Dataset* set : {&splits.train, &splits.val, &splits.test}) {
    for (std::int32_t k = 0; k < 6; ++k) CHECK(std::ranges::count(set->labels, k) >= 1);
  }
  CHECK(again.train.photo_numbers == splits.train.photo_numbers);
  CHECK(again.val.photo_numbers == splits.val.photo_numbers);
  std::map<Index, int> seen;
  for (const Dataset* set : {&splits.train, &splits.val, &splits.test})
    for (const Index photo : set->photo_numbers) ++seen[photo];
  CHECK(seen.size() == 120);
}

TEST_CASE("image folder: val alone serves as the test; valid and validation are val") {
  for (const char* name : {"val", "valid", "validation"}) {
    const FileFolder folder;
    add_class(folder, "train/a", 10);
    add_class(folder, "train/b", 10);
    add_class(folder, std::string(name) + "/a", 2, 50);
    const Splits splits = image_folder(folder.path());
    CHECK(levels(splits.test) == std::vector<int>{50, 51});
    CHECK(splits.val.size() == 2);
    add_class(folder, "test/b", 1, 60);
    CHECK(levels(image_folder(folder.path()).val) == std::vector<int>{50, 51});
    CHECK(levels(image_folder(folder.path()).test) == std::vector<int>{60});
  }
  const FileFolder folder;
  fill(folder);
  add_class(folder, "val/cat", 1);
  add_class(folder, "valid/cat", 1);
  CHECK(holds(error_of([&] { image_folder(folder.path()); }), {"valid", "second folder for validation"}));
}

TEST_CASE("image folder: links are followed, but not in a circle, and broken ones are counted") {
  const FileFolder folder;
  fill(folder);
  fs::create_directory_symlink(folder.path("train"), folder.path("train/cat/circle"));
  fs::create_symlink("self", folder.path("train/cat/self"));
  fs::create_symlink("nowhere.jpg", folder.path("train/cat/broken.jpg"));
  folder.write("elsewhere/deep/one.PNG", plain_png(6, 5, 77));
  fs::create_directory_symlink(folder.path("elsewhere"), folder.path("test/cat"));
  const Splits splits = image_folder(folder.path());
  CHECK(splits.train.skipped.links >= 3);
  CHECK(levels(splits.test) == std::vector<int>{77, 200, 201, 202});
  CHECK(splits.test.labels == std::vector<std::int32_t>{0, 1, 1, 1});
}

TEST_CASE("image folder: a link to the folder itself, around it, to another class or twice to one brings no picture a second time") {
  const FileFolder folder;
  for (const char* name : {"cat", "dog"}) add_class(folder, std::string("inner/") + name, 12);
  folder.write("elsewhere/one.png", plain_png(6, 5, 77));
  const std::string dir = folder.path("inner");
  const Splits plain = image_folder(dir);
  fs::create_directory_symlink(".", folder.path("inner/self"));
  fs::create_directory_symlink("..", folder.path("inner/above"));
  fs::create_directory_symlink("/", folder.path("inner/root"));
  fs::create_directory_symlink("../dog", folder.path("inner/cat/friend"));
  fs::create_directory_symlink("../../elsewhere", folder.path("inner/dog/first"));
  fs::create_directory_symlink("../../elsewhere", folder.path("inner/dog/second"));
  const Splits splits = image_folder(dir);
  CHECK(splits.train.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(splits.train.skipped.links == 5);
  CHECK(splits.train.size() + splits.val.size() + splits.test.size() == plain.train.size() + plain.val.size() + plain.test.size() + 1);
  fs::create_directory_symlink("cat", folder.path("inner/lion"));
  CHECK(holds(error_of([&] { image_folder(dir); }), {"lion", "is the same folder as", "cat"}));
  const FileFolder divided;
  add_class(divided, "train/cat", 2);
  add_class(divided, "train/dog", 2);
  fs::create_directory_symlink("train", divided.path("test"));
  CHECK(holds(error_of([&] { image_folder(divided.path()); }), {"test", "is the same folder as train"}));
}

TEST_CASE("image folder: links that double at every level take no time, and folders that are too deep are refused") {
  const FileFolder folder;
  add_class(folder, "cat", 12);
  add_class(folder, "dog", 12);
  for (int level = 0; level < 40; ++level) {
    const std::string below = "chain/" + std::to_string(level);
    fs::create_directories(folder.path(below));
    if (level == 0) continue;
    for (const char* name : {"/a", "/b"}) fs::create_directory_symlink("../" + std::to_string(level - 1), folder.path(below + name));
  }
  fs::create_directories(folder.path(".hidden"));
  fs::rename(folder.path("chain"), folder.path(".hidden/chain"));
  fs::create_directory_symlink("../.hidden/chain/39", folder.path("cat/doubling"));
  CHECK(image_folder(folder.path()).train.skipped.links == 39);
  std::string deep = "dog";
  for (int level = 1; level < 99; ++level) deep += "/d";
  fs::create_directories(folder.path(deep));
  CHECK_NOTHROW(image_folder(folder.path()));
  for (int level = 0; level < 1000; ++level) deep += "/d";
  fs::create_directories(folder.path(deep));
  CHECK(holds(error_of([&] { image_folder(folder.path()); }), {folder.path("dog") + ": ", "more than 100 deep"}));
}

TEST_CASE("image folder: a damaged picture is named and refused, or left out and counted") {
  const FileFolder folder;
  fill(folder);
  folder.write("train/dog/empty.jpg", "");
  Bytes half = plain_png(6, 5, 1);
  half.resize(half.size() / 2);
  folder.write("test/dog/half.png", half);
  CHECK(holds(error_of([&] { image_folder(folder.path()); }), {"train/dog/empty.jpg", "is empty", "2 pictures", "--skip-bad-images"}));
  const Splits splits = image_folder(folder.path(), {.skip_damaged = true});
  CHECK(splits.train.skipped.damaged.size() == 2);
  CHECK(splits.test.size() == 3);
  CHECK(splits.train.size() + splits.val.size() == 24);
  // What is left out of a part changes nothing in the others.
  fs::remove(folder.path("test/dog/half.png"));
  CHECK(levels(image_folder(folder.path(), {.skip_damaged = true}).val) == levels(splits.val));
}

TEST_CASE("image folder: folders that cannot be trained on are refused") {
  const FileFolder folder;
  const auto refused = [&](const std::string& name) { return error_of([&] { image_folder(folder.path(name)); }); };
  CHECK(holds(refused("nowhere"), {"nowhere: no such folder", "class folders"}));
  fs::create_directories(folder.path("bare"));
  CHECK(holds(refused("bare"), {"no pictures in class folders"}));
  folder.write("loose/a.png", plain_png(2, 2, 1));
  CHECK(holds(refused("loose"), {"1 pictures are in no class folder"}));
  add_class(folder, "single/only", 5);
  CHECK(holds(refused("single"), {"1 class to train on"}));
  add_class(folder, "hollow/a", 5);
  fs::create_directories(folder.path("hollow/b"));
  CHECK(holds(refused("hollow"), {"the class b has no picture"}));
  add_class(folder, "odd/a", 5);
  add_class(folder, "odd/\xFF\xFE", 5);
  CHECK(holds(refused("odd"), {"not UTF-8"}));
  for (const char* name : {"few/a", "few/b", "few/c"}) add_class(folder, name, 1);
  CHECK(holds(refused("few"), {"has no picture to train on", "held out"}));
}

TEST_CASE("image folder: a split file says what is what") {
  const FileFolder folder;
  for (const char* name : {"x/1.png", "x/2.png", "y/a, b.png", "y/3.png", "4.png"}) folder.write(name, plain_png(3, 3, name[2]));
  const auto load = [&](const std::string& text) { return image_folder(folder.write("split.csv", text)); };
  const Splits splits = load(
      "\xEF\xBB\xBFlabel,path,split,note\r\ndog,x/1.png,train,\r\ncat,\"y/a, b.png\",train,\"said \"\"so\"\"\"\r\n\r\ncat,x/2.png,val,\r\n"
      "dog,y/3.png,test,\r\n");
  CHECK(splits.train.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(splits.train.labels == std::vector<std::int32_t>{0, 1});
  CHECK(levels(splits.train) == std::vector<int>{'a', '1'});
  CHECK(levels(splits.val) == std::vector<int>{'2'});
  CHECK(levels(splits.test) == std::vector<int>{'3'});
  const auto refused = [&](const std::string& text) { return error_of([&] { load(text); }); };
  const std::string heading = "path,label,split\n", good = "x/1.png,a,train\nx/2.png,b,train\ny/3.png,a,test\n";
  CHECK(holds(refused(""), {"split.csv", "empty"}));
  CHECK(holds(refused("path,label\n"), {"no column split"}));
  CHECK(holds(refused(heading), {"no line after the heading"}));
  CHECK(holds(refused(heading + "4.png,a,testing\n"), {"line 2", "testing", "train, val or test"}));
  CHECK(holds(refused(heading + good + "x/1.png,b,val\n"), {"line 5", "x/1.png", "occurs twice"}));
  CHECK(holds(refused(heading + "x/1.png,a\n"), {"line 2", "2 fields"}));
  CHECK(holds(refused(heading + "x/1.png,,train\n"), {"line 2", "label is empty"}));
  CHECK(holds(refused(heading + "\"x/1.png,a,train\n"), {"line 2", "not closed"}));
  CHECK(holds(refused(heading + good + "none.png,a,val\n"), {"none.png", "no such file"}));
  CHECK(holds(refused(heading + good + "4.png,c,val\n"), {"the class c"}));
}

TEST_CASE("image folder: sizes by option, by the pictures, or the usual one") {
  const FileFolder folder;
  add_class(folder, "a", 10);
  add_class(folder, "b", 10);
  CHECK(image_folder(folder.path()).train.framing() == data::Framing{{6, 5, 3}, 0});
  CHECK(image_folder(folder.path(), {.image_size = 28}).train.framing() == data::Framing{{28, 28, 3}, 4});
  CHECK(image_folder(folder.path(), {.image_size = 28, .short_side = 28}).train.framing() == data::Framing{{28, 28, 3}, 0});
  CHECK(image_folder(folder.path(), {.framing = data::Framing{{7, 9, 3}, 2}}).train.image == Shape{7, 9, 3});
  folder.write("a/000.png", plain_png(30, 40, 7));
  CHECK(image_folder(folder.path()).train.framing() == data::Framing{{64, 64, 3}, 9});
  CHECK(holds(error_of([&] { image_folder(folder.path(), {.image_size = 28, .short_side = 20}); }), {"--resize"}));
  CHECK(holds(error_of([&] { image_folder(folder.path(), {.image_size = 1 << 20}); }), {"--image-size"}));
}

// What a loader gives, as one number an image.
std::map<std::pair<Index, Index>, double> hashes(const Dataset& set, std::uint64_t seed, const data::Augment& augment, Index batch) {
  std::map<std::pair<Index, Index>, double> all;
  data::Loader loader(set, data::Normalization::measure(set), {.batch = batch, .shuffle = true, .augment = augment, .seed = seed});
  for (Index epoch = 0; epoch < 2; ++epoch) {
    for (const data::Batch& part : loader.epoch(epoch)) {
      const Index size = part.images.size() / part.images.shape()[0];
      for (std::size_t n = 0; n < part.samples.size(); ++n) {
        double hash = 0;
        for (Index i = 0; i < size; ++i) hash = hash * 0.999 + part.images.data()[static_cast<Index>(n) * size + i];
        all[{epoch, part.samples[n]}] = hash;
      }
    }
  }
  return all;
}

TEST_CASE("image folder: batches are the same on any number of threads, cached or not, in batches of any size") {
  const FileFolder folder;
  for (int i = 0; i < 40; ++i) {
    folder.write(str_cat("train/", i % 2, "/", i, ".png"),
                 png(20 + i % 3, 24, [i](Index y, Index x, Index c) { return static_cast<int>(y * 9 + x * 5 + c * 40 + i * 3) % 256; }));
  }
  add_class(folder, "test/0", 1);
  const LoadOptions options{.image_size = 16};
  LoadOptions half = options;
  half.memory_budget = 20 * 18 * 21 * 3;  // about half of the photos
  const Splits cached = image_folder(folder.path(), options), decoded = image_folder(folder.path(), half);
  CHECK(cached.train.photos->kept() == 41);
  CHECK(decoded.train.photos->kept() > 10);
  CHECK(decoded.train.photos->kept() < 30);
  CHECK(decoded.train.photos->kept_bytes() <= half.memory_budget);
  const data::Augment augment{.flip = data::Flip::random,
                              .photo = {.random_resized_crop = true, .brightness = 0.4f, .contrast = 0.4f, .saturation = 0.4f}};
  const int before = threads();
  const auto expected = hashes(cached.train, 1, augment, 8);
  for (const int count : {1, 3}) {
    set_threads(count);
    CHECK(hashes(cached.train, 1, augment, 5) == expected);
    CHECK(hashes(decoded.train, 1, augment, 8) == expected);
  }
  set_threads(before);
  for (Index sample = 0; sample < cached.train.size(); ++sample) CHECK(expected.at({0, sample}) != expected.at({1, sample}));
  CHECK(hashes(cached.train, 2, augment, 8) != expected);
  // Without augmentation every epoch shows the middle of the photo.
  const auto plain = hashes(cached.train, 1, {}, 8);
  CHECK(plain.at({0, 3}) == plain.at({1, 3}));
}

TEST_CASE("image folder: a photo that is gone after loading is an error that names it") {
  const FileFolder folder;
  add_class(folder, "a", 10);
  add_class(folder, "b", 10);
  const Splits splits = image_folder(folder.path(), {.memory_budget = 0});
  fs::remove(splits.train.photos->path(splits.train.photo_numbers[0]));
  data::Loader loader(splits.train, {.mean = {0, 0, 0}, .std = {1, 1, 1}});
  const std::string error = error_of([&] {
    for (const data::Batch& batch : loader.epoch(0)) CHECK(batch.images.size() > 0);
  });
  CHECK(holds(error, {splits.train.photos->path(splits.train.photo_numbers[0]), "no such file"}));
}

TEST_CASE("image folder: reports its progress to the end; other parts can be held out anew") {
  const FileFolder folder;
  add_class(folder, "a", 50);
  add_class(folder, "b", 50);
  Index last = 0;
  const Splits splits = data::load("folder:" + folder.path(), {.held_out = 30, .on_progress = [&](Index done, Index all) {
                                                                 CHECK(done > last);
                                                                 CHECK(all == 100);
                                                                 last = done;
                                                               }});
  CHECK(last == 100);
  CHECK(splits.val.size() == 30);
  CHECK(splits.train.size() == 60);
  CHECK(splits.test.size() == 10);
}

TEST_CASE("image folder: the 60 ImageNet photos") {
  const char* root = std::getenv("TEMPER_DATA");
  const std::string photos = std::string(root ? root : "") + "/imagenet-sample";
  if (!root || !fs::is_directory(photos)) {
    MESSAGE("skipped: TEMPER_DATA names no folder with imagenet-sample/");
    return;
  }
  const FileFolder folder;
  for (const char* name : {"animal", "thing"}) fs::create_directories(folder.path(name));
  for (const fs::directory_entry& entry : fs::directory_iterator(photos)) {
    if (!data::has_image_suffix(entry.path().string())) continue;
    const bool animal = entry.path().filename().string() < "n025";
    fs::create_symlink(entry.path(), folder.path(animal ? "animal" : "thing") + "/" + entry.path().filename().string());
  }
  const Splits splits = image_folder(folder.path(), {.image_size = 96});
  CHECK(splits.train.size() + splits.val.size() + splits.test.size() == 60);
  CHECK(splits.train.image == Shape{96, 96, 3});
  const data::Normalization normalization = data::Normalization::measure(splits.train);
  for (const double mean : normalization.mean) CHECK((mean > 0.35 && mean < 0.55));
  for (const double std : normalization.std) CHECK((std > 0.2 && std < 0.33));
}

}  // namespace
}  // namespace temper::tests
