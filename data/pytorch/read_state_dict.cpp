#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>

#include "core/base/names.h"
#include "core/base/number_type.h"
#include "data/pytorch/pickle.h"
#include "data/pytorch/state_dict.h"
#include "data/tables/byte_store.h"
#include "data/tables/zip.h"

namespace temper::data {
namespace {

constexpr const char* kSaveWithTorch = "; save state_dict() with torch.save again";
constexpr const char* kSaveWeights = "; save the weights alone, in Python: torch.save(model.state_dict(), \"model.pt\")";
using Kind = Pickle::Kind;
using Value = Pickle::Value;

// What a file of weights may name: tensors and what surrounds them in the checkpoints of training programs. None of it is ever called.
bool is_known(std::string_view global) {
  constexpr std::array<std::string_view, 24> kKnown{"argparse.Namespace",
                                                    "collections.OrderedDict",
                                                    "collections.defaultdict",
                                                    "numpy.core.multiarray.scalar",
                                                    "numpy._core.multiarray.scalar",
                                                    "numpy.dtype",
                                                    "_codecs.encode",
                                                    "builtins.set",
                                                    "builtins.dict",
                                                    "builtins.list",
                                                    "__builtin__.set",
                                                    "__builtin__.dict",
                                                    "__builtin__.list",
                                                    "torch.Size",
                                                    "torch.device",
                                                    "torch.float32",
                                                    "torch.float64",
                                                    "torch.float16",
                                                    "torch.bfloat16",
                                                    "torch.int64",
                                                    "torch.int32",
                                                    "torch.int16",
                                                    "torch.int8",
                                                    "torch.uint8"};
  return std::ranges::find(kKnown, global) != kKnown.end() || global.starts_with("torch._utils._rebuild_") ||
         (global.starts_with("torch.") && global.ends_with("Storage") && global.find('.', 6) == std::string_view::npos);
}

// All bytes of a member; in blocks, so that a false claim takes no memory. PyTorch never compresses, so no small file unpacks to a large
// one.
std::string content(const ZipArchive& archive, const ZipMember& member, const std::string& file) {
  constexpr std::uint64_t kBlock = std::uint64_t{1} << 24;
  TEMPER_CHECK(!member.deflated, file, ": ", member.name, " in it is compressed, which torch.save does not do", kSaveWithTorch);
  const auto stream = archive.open(member);
  std::string bytes;
  while (bytes.size() < member.size) {
    const std::size_t old = bytes.size();
    bytes.resize(old + static_cast<std::size_t>(std::min(kBlock, member.size - old)));
    stream->read_all(std::span(bytes).subspan(old), "a member");
  }
  return bytes;
}

std::optional<NumberType> storage_type(std::string_view storage) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kTypes{{{"torch.FloatStorage", "F32"},
                                                                                  {"torch.DoubleStorage", "F64"},
                                                                                  {"torch.HalfStorage", "F16"},
                                                                                  {"torch.BFloat16Storage", "BF16"},
                                                                                  {"torch.LongStorage", "I64"},
                                                                                  {"torch.IntStorage", "I32"},
                                                                                  {"torch.ShortStorage", "I16"},
                                                                                  {"torch.CharStorage", "I8"},
                                                                                  {"torch.ByteStorage", "U8"},
                                                                                  {"torch.BoolStorage", "BOOL"}}};
  for (const auto& [name, safetensors] : kTypes) {
    if (name == storage) return safetensors_type(safetensors);
  }
  return std::nullopt;
}

class StateDictReader {
 public:
  explicit StateDictReader(const std::string& path) : store_(open_file(path)), archive_(*store_) {
    for (const ZipMember& member : archive_.members()) members_.emplace(member.name, member);
    const auto is_pickle = [](const auto& m) { return m.first.ends_with("data.pkl"); };
    const auto found = std::ranges::find_if(members_, is_pickle);
    TEMPER_CHECK(found != members_.end(), path, ": an archive without data.pkl, so none of PyTorch's", kSaveWithTorch);
    TEMPER_CHECK(std::ranges::count_if(members_, is_pickle) == 1, path, ": it holds several data.pkl; give an archive with one of them");
    folder_ = found->first.substr(0, found->first.size() - std::string_view("data.pkl").size());
    const auto order = members_.find(folder_ + "byteorder");
    TEMPER_CHECK(order == members_.end() || content(order->second) == "little", path,
                 ": its numbers are big-endian; save it on a little-endian machine");
    pickle_.emplace(content(found->second), path + ":" + found->first);
    check_globals();
  }

  TensorFile read() {
    TensorFile file;
    const Value& dictionary = state_dict();
    for (std::size_t i = 0; i + 1 < dictionary.items.size(); i += 2) {
      const Value &key = value(dictionary.items[i]), *found = tensor(dictionary.items[i + 1]);
      if (key.kind != Kind::text || !found) continue;
      const auto [entry, first] = file.tensors.try_emplace(key.text);
      TEMPER_CHECK(first, store_->name(), ": tensor ", key.text, " occurs twice", kSaveWithTorch);
      read_tensor(key.text, *found, entry->second);
    }
    return file;
  }

 private:
  const Value& value(Pickle::Id id) const { return (*pickle_)[id]; }
  std::string content(const ZipMember& member) const { return data::content(archive_, member, store_->name()); }

  void check_globals() const {
    for (Pickle::Id id = 0; id < pickle_->size(); ++id) {
      TEMPER_CHECK(value(id).kind != Kind::global || is_known(value(id).text), store_->name(), ": it asks for ", value(id).text,
                   ", which no file of weights needs and temper never runs", kSaveWeights);
    }
  }

  // The arguments of the call that makes a tensor; null: no tensor.
  const Value* tensor(Pickle::Id id) const {
    for (int parameter_around_tensor = 0; parameter_around_tensor < 2; ++parameter_around_tensor) {
      if (value(id).kind != Kind::call) return nullptr;
      const std::string& function = value(value(id).items[0]).text;
      const Value& arguments = value(value(id).items[1]);
      if (function == "torch._utils._rebuild_tensor_v2" || function == "torch._utils._rebuild_tensor") return &arguments;
      if (!function.starts_with("torch._utils._rebuild_parameter") || arguments.items.empty()) return nullptr;
      id = arguments.items[0];
    }
    return nullptr;
  }

  bool has_tensors(const Value& dictionary) const {
    for (std::size_t i = 1; i < dictionary.items.size(); i += 2) {
      if (tensor(dictionary.items[i])) return true;
    }
    return false;
  }

  // The dictionary that holds the weights: the part by a name that checkpoints use, or the whole, or the only part that has tensors.
  const Value& state_dict() const {
    const Value& root = value(pickle_->root());
    TEMPER_CHECK(root.kind == Kind::dictionary, store_->name(), ": it holds no dictionary, so no state_dict", kSaveWeights);
    const Value* only = nullptr;
    std::vector<std::string> names;
    bool usual = false;
    constexpr std::size_t kMostShown = 10;
    for (std::size_t i = 0; i + 1 < root.items.size(); i += 2) {
      std::string key = value(root.items[i]).text;
      const Value& part = value(root.items[i + 1]);
      if (part.kind != Kind::dictionary || !has_tensors(part)) continue;
      usual = usual || key == "state_dict" || key == "model_state_dict" || key == "model" || key == "net";
      if (names.size() == kMostShown) key = "...";
      if (names.size() <= kMostShown) names.push_back(key);
      only = &part;
    }
    TEMPER_CHECK(names.size() <= 1 || (!usual && has_tensors(root)), store_->name(),
                 ": several parts hold tensors: ", list_names(names, ", "),
                 "; save one of them alone, in Python: torch.save(torch.load(path)[name], \"model.pt\")");
    if (!usual && has_tensors(root)) return root;
    TEMPER_CHECK(only, store_->name(), ": its dictionary holds no tensors", kSaveWeights);
    return *only;
  }

  Index integer(const Value& list, std::size_t i, const std::string& name) const {
    TEMPER_CHECK(i < list.items.size() && value(list.items[i]).kind == Kind::integer && value(list.items[i]).integer >= 0, store_->name(),
                 ": tensor ", name, " is not described by whole numbers", kSaveWithTorch);
    return value(list.items[i]).integer;
  }

  struct Storage {
    NumberType type;
    Index size;  // numbers
    const ZipMember* member;
  };

  // Of the persistent value ("storage", type, key, device, size).
  Storage storage(const Value& arguments, const std::string& name) const {
    const auto expect = [&](bool holds) {
      TEMPER_CHECK(holds, store_->name(), ": tensor ", name, " has no storage that can be read", kSaveWithTorch);
    };
    expect(arguments.items.size() >= 4);
    const Value& persistent = value(arguments.items[0]);
    expect(persistent.kind == Kind::persistent);
    const Value& parts = value(persistent.items[0]);
    expect(parts.kind == Kind::list && parts.items.size() >= 5);
    const std::string& type_name = value(parts.items[1]).text;
    const std::optional<NumberType> type = storage_type(type_name);
    TEMPER_CHECK(type, store_->name(), ": tensor ", name, " is a ", type_name, ", which holds no real numbers; convert it to float32");
    const auto member = members_.find(folder_ + "data/" + value(parts.items[2]).text);
    expect(member != members_.end());
    const Index size = integer(parts, 4, name);
    expect(size <= static_cast<Index>(member->second.size) && member->second.size == static_cast<std::uint64_t>(size) * type->bytes);
    return {*type, size, &member->second};
  }

  // How a tensor lies in its storage, in numbers; axes filled from the right.
  struct Layout {
    std::array<Index, Shape::kMaxRank> extent{1, 1, 1, 1}, stride{};
    Index offset = 0, size = 1;
    std::size_t rank = 0;
  };

  Layout layout(const Value& arguments, const Storage& storage, const std::string& name) {
    const Value &extents = value(arguments.items[2]), &strides = value(arguments.items[3]);
    Layout layout{.offset = integer(arguments, 1, name), .rank = extents.items.size()};
    TEMPER_CHECK(layout.rank <= Shape::kMaxRank && strides.items.size() == layout.rank, store_->name(), ": tensor ", name, " has ",
                 layout.rank, " axes; temper reads up to ", Shape::kMaxRank, ", so save the file without it");
    // Tensors may share a storage, and an expanded one its numbers, but no small file is to become a large one.
    constexpr Index kTimesShared = 16;
    const Index most = kTimesShared * static_cast<Index>(store_->size() / sizeof(float));
    bool inside = layout.offset <= storage.size, empty = false;
    Index last = layout.offset;
    for (std::size_t axis = 0; axis < layout.rank; ++axis) {
      const std::size_t place = Shape::kMaxRank - layout.rank + axis;
      const Index extent = layout.extent[place] = integer(extents, axis, name);
      const Index stride = layout.stride[place] = integer(strides, axis, name);
      empty = empty || extent == 0;
      TEMPER_CHECK(empty || extent <= most / layout.size, store_->name(), ": tensor ", name, " claims more than ", kTimesShared,
                   " times the size of the file", kSaveWithTorch);
      layout.size = empty ? 0 : layout.size * extent;
      inside = inside && (extent <= 1 || stride <= (storage.size - last) / (extent - 1));
      if (inside && extent > 1) last += stride * (extent - 1);
    }
    TEMPER_CHECK(empty || (inside && last < storage.size), store_->name(), ": tensor ", name, " reaches beyond its storage of ",
                 storage.size, " numbers", kSaveWithTorch);
    claimed_ += layout.size;
    TEMPER_CHECK(claimed_ <= most, store_->name(), ": its tensors claim more than ", kTimesShared, " times the size of the file",
                 kSaveWithTorch);
    return layout;
  }

  void read_tensor(const std::string& name, const Value& arguments, TensorFile::Entry& entry) {
    const Storage from = storage(arguments, name);
    const auto [extent, stride, offset, size, rank] = layout(arguments, from, name);
    entry.shape = read_shape(extent, rank);
    entry.values.reserve(static_cast<std::size_t>(size));
    const std::string& bytes = member_bytes(*from.member);
    const auto& [A, B, C, D] = extent;
    for (Index a = 0; a < A && size > 0; ++a) {
      for (Index b = 0; b < B; ++b) {
        for (Index c = 0; c < C; ++c) {
          for (Index d = 0; d < D; ++d) {
            const Index at = offset + a * stride[0] + b * stride[1] + c * stride[2] + d * stride[3];
            entry.values.push_back(static_cast<float>(from.type.value(bytes.data() + static_cast<std::size_t>(at) * from.type.bytes)));
          }
        }
      }
    }
  }

  static Shape read_shape(const std::array<Index, Shape::kMaxRank>& extent, std::size_t rank) {
    switch (rank) {
      case 0:
        return {};
      case 1:
        return {extent[3]};
      case 2:
        return {extent[2], extent[3]};
      case 3:
        return {extent[1], extent[2], extent[3]};
      default:
        return {extent[0], extent[1], extent[2], extent[3]};
    }
  }

  // The values of a storage; tensors that follow each other often share one.
  const std::string& member_bytes(const ZipMember& member) {
    if (loaded_ != &member) bytes_ = content(member);
    loaded_ = &member;
    return bytes_;
  }

  std::unique_ptr<ByteStore> store_;
  ZipArchive archive_;
  std::map<std::string, ZipMember> members_;
  std::string folder_;  // of the archive: "archive/"
  std::optional<Pickle> pickle_;
  Index claimed_ = 0;  // numbers of the tensors so far
  const ZipMember* loaded_ = nullptr;
  std::string bytes_;
};

std::string first_bytes(const std::string& path) {
  const auto store = open_file(path);
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(store->size(), 16)), 0);
  store->read_at(0, bytes);
  return bytes;
}

}  // namespace

bool looks_like_state_dict(const std::string& path) { return first_bytes(path).starts_with("PK\3\4"); }

TensorFile read_state_dict(const std::string& path) {
  TEMPER_CHECK(looks_like_state_dict(path), path,
               ": it is no archive, as torch.save writes since PyTorch 1.6; if an older PyTorch wrote it, in Python: "
               "torch.save(torch.load(\"old.pt\"), \"new.pt\")");
  return StateDictReader(path).read();
}

}  // namespace temper::data
