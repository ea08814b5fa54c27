#include <deque>

#include "data/pytorch/state_dict.h"
#include "data/tables/zip.h"

namespace temper::data {
namespace {

constexpr std::string_view kCounter = "num_batches_tracked";

// A pickle of protocol 2: an OrderedDict of tensors, each with a storage of its own. Opcodes as in data/pytorch/pickle.cpp.
class StateDictPickle {
 public:
  StateDictPickle() {
    bytes_ =
        "\x80\x02"
        "ccollections\nOrderedDict\n"
        ")R(";
  }

  void add(const std::string& name, const Shape& shape, std::string_view storage_type, std::size_t storage) {
    add_text(name);
    bytes_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    add_text("storage");
    bytes_ += "ctorch\n" + std::string(storage_type) + "\n";
    add_text(std::to_string(storage));
    add_text("cpu");
    add_integer(shape.size());
    bytes_ += "tQ";
    add_integer(0);  // the offset in the storage
    add_extents(shape, false);
    add_extents(shape, true);
    bytes_ +=
        "\x89"
        "ccollections\nOrderedDict\n"
        ")RtR";  // no gradient wanted, no hooks
  }

  std::string finish() && { return std::move(bytes_) + "u."; }

 private:
  void add_text(std::string_view text) {
    bytes_ += 'X';
    const auto size = static_cast<std::uint32_t>(text.size());
    bytes_.append(reinterpret_cast<const char*>(&size), 4).append(text);
  }
  void add_integer(Index value) {
    bytes_ += "\x8A\x08";
    bytes_.append(reinterpret_cast<const char*>(&value), 8);
  }
  void add_extents(const Shape& shape, bool strides) {
    bytes_ += '(';
    Index stride = shape.size();
    for (int axis = 0; axis < shape.rank(); ++axis) {
      stride = shape[axis] ? stride / shape[axis] : 1;
      add_integer(strides ? stride : shape[axis]);
    }
    bytes_ += 't';
  }

  std::string bytes_;
};

}  // namespace

void write_state_dict(const std::string& path, const TensorFile& file) {
  StateDictPickle pickle;
  std::vector<NewZipMember> members{{"archive/data.pkl", {}}, {"archive/byteorder", "little"}};
  std::deque<std::int64_t> counters;
  const auto add = [&](const std::string& name, const Shape& shape, std::string_view type, std::string_view bytes) {
    const std::size_t storage = members.size() - 2;
    pickle.add(name, shape, type, storage);
    members.push_back({"archive/data/" + std::to_string(storage), bytes});
  };
  const auto add_counter = [&](const std::string& name, float count) {
    counters.push_back(static_cast<std::int64_t>(count));
    add(name, {}, "LongStorage", {reinterpret_cast<const char*>(&counters.back()), sizeof counters.back()});
  };
  for (const auto& [name, entry] : file.tensors) {
    TEMPER_CHECK(static_cast<Index>(entry.values.size()) == entry.shape.size(), path, ": tensor ", name, " has ", entry.values.size(),
                 " values for the shape ", entry.shape);
    if (name.ends_with(kCounter) && entry.shape == Shape{}) {
      add_counter(name, entry.values[0]);
      continue;
    }
    add(name, entry.shape, "FloatStorage", {reinterpret_cast<const char*>(entry.values.data()), entry.values.size() * sizeof(float)});
    constexpr std::string_view kVariance = "running_var";
    const std::string counter = name.substr(0, name.size() - std::min(name.size(), kVariance.size())) + std::string(kCounter);
    if (name.ends_with(kVariance) && !file.tensors.contains(counter)) add_counter(counter, 0);
  }
  members.push_back({"archive/version", "3\n"});
  const std::string bytes = std::move(pickle).finish();
  members[0].bytes = bytes;
  write_zip(path, members);
}

}  // namespace temper::data
