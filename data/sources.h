// The kinds of data sets that temper reads by the specs of the command line: "digits", "mnist:DIR", "text:SRC,TGT". Each is defined beside
// its reader. To add one: define a DataSource in a file of its own, and name it in the list of data/sources.cpp.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace temper::data {

struct LoadOptions;
struct Splits;
struct TextLoadOptions;
struct TextSplits;

struct DataSource {
  struct Form {
    std::string_view spec;         // "mnist:DIR": what a user writes, with capitals in place of names
    std::string_view description;  // what that is; lines are separated by \n
  };

  std::string_view kind;           // "mnist", the part before the colon
  std::array<Form, 2> forms;       // the usual one first; the second may be empty
  std::string_view expected = {};  // what the place holds: "train.bin and test.bin"
  bool photos = false;             // its images are photos, which are cut to size; see LoadOptions::image_size
  std::string_view settings = {};  // lines of a recipe file: what does well on these data without further thought
  Splits (*read_images)(const std::string& place, const LoadOptions& options) = nullptr;        // either this
  TextSplits (*read_text)(const std::string& place, const TextLoadOptions& options) = nullptr;  // or this

  bool takes_place() const { return forms[0].spec.find(':') != std::string_view::npos; }  // is there something behind the colon?
};

const std::vector<const DataSource*>& data_sources();

// The source that the spec begins with, as "mnist" or "mnist:DIR"; null for an unknown one.
const DataSource* find_source(std::string_view spec);

// What a spec names: "mnist:/data/mnist" is the source mnist with the place /data/mnist.
struct DataSpec {
  const DataSource& source;
  std::string place;
};
// Throws Error "--data: ..." for an unknown source, and for a place that is missing or not wanted.
DataSpec parse_spec(const std::string& spec);

// "digits, mnist:DIR, cifar10:DIR, cifar100:DIR, folder:DIR or text:DIR": the usual form of each, for help and errors.
std::string list_specs();

}  // namespace temper::data
