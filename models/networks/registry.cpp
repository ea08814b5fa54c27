#include "models/networks/registry.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/names.h"
#include "models/networks/airbench.h"
#include "models/networks/alexnet.h"
#include "models/networks/cnn.h"
#include "models/networks/inception_v4.h"
#include "models/networks/lenet.h"
#include "models/networks/mlp.h"
#include "models/networks/resnet.h"
#include "models/networks/transformer.h"
#include "models/networks/wide_resnet.h"

namespace temper::models {
namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

// The number in 1..100000 between `prefix` and `suffix`, if the name is those and nothing else: 1200 of "mlp-1200", 56 of "resnet56-wide".
std::optional<Index> number_in(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.substr(prefix.size()).ends_with(suffix)) return std::nullopt;
  name = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  Index number = 0;
  const auto [stopped, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc{} && stopped == name.data() + name.size();
  return whole && number >= 1 && number <= 100'000 ? std::optional(number) : std::nullopt;
}

// The number that makes the kind's name this one, 0 of a kind without a number; nothing if it is another name.
std::optional<Index> match(const NetworkKind& kind, std::string_view name) {
  const std::string_view pattern = kind.name;
  const auto letter = static_cast<std::size_t>(std::ranges::find_if(pattern, is_capital) - pattern.begin());
  if (letter == pattern.size()) return pattern == name ? std::optional<Index>(0) : std::nullopt;
  return number_in(name, pattern.substr(0, letter), pattern.substr(letter + 1));
}

// Those of several networks, with their examples.
template <class... Networks> std::deque<NetworkKind> kinds_of() {
  std::deque<NetworkKind> all;
  for (const auto& kinds : {Networks::kinds()...}) all.insert(all.end(), kinds.begin(), kinds.end());
  for (NetworkKind& kind : all) {
    if (kind.example.empty()) kind.example = kind.name;
  }
  return all;
}

struct Registry {
  std::mutex mutex;
  // Kinds are only ever added, behind the others, so that those found stay where they are.
  std::deque<NetworkKind> kinds = kinds_of<Mlp, Cnn, LeNet, AlexNet, ResNet, WideResNet, Airbench, InceptionV4>();
};

Registry& registry() {
  static Registry all;
  return all;
}

const NetworkKind* find(const std::deque<NetworkKind>& kinds, std::string_view name) {
  const auto found = std::ranges::find_if(kinds, [&](const NetworkKind& kind) { return match(kind, name).has_value(); });
  return found == kinds.end() ? nullptr : &*found;
}

const NetworkKind* find(std::string_view name) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return find(all.kinds, name);
}

// The names that networks have: where one has a number, with the digits of `text`, else with those of its example.
std::vector<std::string> possible_names(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  std::vector<std::string> names;
  for (const NetworkKind& kind : known_networks()) {
    std::string name = kind.name;
    const auto letter = std::ranges::find_if(name, is_capital);
    if (letter != name.end() && !digits.empty()) names.push_back(name.replace(letter, letter + 1, digits));
    names.push_back(kind.example);
  }
  for (const TransformerInfo& info : known_transformers()) names.push_back(info.name);
  return names;
}

void check_name(const NetworkKind& kind) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; };
  const auto capitals = std::ranges::count_if(kind.name, is_capital);
  TEMPER_CHECK(!kind.name.empty() && capitals <= 1 && std::ranges::all_of(kind.name, [&](char c) { return plain(c) || is_capital(c); }),
               "network ", kind.name, ": no name for one; give small letters, digits, - _ . and at most one capital letter, for a number");
  TEMPER_CHECK(match(kind, kind.example), "network ", kind.name, ": ", kind.example, " is no example of it; give the name with a number");
  TEMPER_CHECK(kind.make, "network ", kind.name, ": there is no factory; give a function that makes it");
}

}  // namespace

std::vector<NetworkKind> known_networks() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return {all.kinds.begin(), all.kinds.end()};
}

void register_network(NetworkKind kind) {
  if (kind.example.empty()) kind.example = kind.name;
  check_name(kind);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto clashes = [&](const NetworkKind& other) { return match(other, kind.example) || match(kind, other.example); };
  TEMPER_CHECK(std::ranges::none_of(all.kinds, clashes) && !reads_text(kind.example), "network ", kind.name,
               ": there is one of this name already; give another name");
  all.kinds.push_back(std::move(kind));
}

void register_network(std::string name, NetworkFactory make, std::string description, const Shape& usual_image) {
  TEMPER_CHECK(std::ranges::none_of(name, is_capital), "network ", name, ": a capital letter stands for a number; give a NetworkKind");
  NetworkKind kind{.name = std::move(name), .usual_image = usual_image, .description = std::move(description), .make = {}};
  if (make) {
    kind.make = [make = std::move(make)](const ParameterStore::Scope& scope, const NetworkSpec& spec, Index) { return make(scope, spec); };
  }
  register_network(std::move(kind));
}

std::unique_ptr<Network> make_network(const std::string& name, const ParameterStore::Scope& scope, const NetworkSpec& spec) {
  TEMPER_CHECK(spec.image.rank() == 3 && spec.image.size() >= 1 && spec.classes >= 1, "network ", name, ": images of ", spec.image, " and ",
               spec.classes, " classes; it needs (H,W,C) and at least one class");
  const NetworkKind* kind = find(name);
  TEMPER_CHECK(kind, "--model: ", name, " is not known; ", did_you_mean(name, possible_names(name)),
               "`temper models` lists lenet, cnn, alexnet, resnet20, mlp and others");
  return kind->make(scope, spec, *match(*kind, name));
}

Shape usual_image(const std::string& name) {
  const NetworkKind* kind = find(name);
  return kind ? kind->usual_image : NetworkKind().usual_image;
}

bool reads_text(const std::string& name) {
  return std::ranges::find(known_transformers(), name, &TransformerInfo::name) != known_transformers().end();
}

}  // namespace temper::models
