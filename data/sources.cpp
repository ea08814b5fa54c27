#include "data/sources.h"

#include <algorithm>

#include "core/base/names.h"

namespace temper::data {

// Each is defined beside its reader.
extern const DataSource kDigits, kMnist, kCifar10, kCifar100, kImageFolder, kParallelText;

const std::vector<const DataSource*>& data_sources() {
  static const std::vector<const DataSource*> all{&kDigits, &kMnist, &kCifar10, &kCifar100, &kImageFolder, &kParallelText};
  return all;
}

namespace {

std::string describe_known() {
  std::vector<std::string> known;
  for (const DataSource* source : data_sources()) {
    const std::string_view spec = source->forms[0].spec;
    known.push_back(source->expected.empty() ? std::string(spec) : str_cat(spec, " (with ", source->expected, ")"));
  }
  return "known are " + list_names(known, " and ");
}

}  // namespace

const DataSource* find_source(std::string_view spec) {
  const auto found = std::ranges::find(data_sources(), spec.substr(0, spec.find(':')), &DataSource::kind);
  return found == data_sources().end() ? nullptr : *found;
}

DataSpec parse_spec(const std::string& spec) {
  const DataSource* source = find_source(spec);
  const auto kind_of = [](const DataSource* known) { return known->kind; };
  TEMPER_CHECK(source, "--data: \"", spec, "\" is an unknown data set; ",
               did_you_mean(spec.substr(0, spec.find(':')), data_sources(), kind_of), describe_known());
  const std::size_t colon = spec.find(':');
  std::string place = colon == std::string::npos ? "" : spec.substr(colon + 1);
  TEMPER_CHECK(source->takes_place() || colon == std::string::npos, "--data: \"", spec, "\" takes no folder; write ", source->kind);
  TEMPER_CHECK(!source->takes_place() || !place.empty(), "--data: \"", spec, "\" needs a folder; write ", source->forms[0].spec, " (",
               describe_known(), ")");
  return {*source, std::move(place)};
}

std::string list_specs() {
  std::vector<std::string> specs;
  for (const DataSource* source : data_sources()) specs.emplace_back(source->forms[0].spec);
  return list_names(specs);
}

}  // namespace temper::data
