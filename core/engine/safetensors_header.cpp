#include "core/engine/safetensors_header.h"

#include <set>

#include "core/base/check.h"
#include "core/base/json.h"

namespace temper {
namespace {

// Receives the parts of the header one after the other. No tree of them is built: searching it for a name would take longer for each.
class HeaderReader final : public Json::json_sax_t {
 public:
  explicit HeaderReader(SafetensorsHeader& header) : header_(header) {}

  bool start_object(std::size_t) override {
    expect(depth_ < 2 && (depth_ == 0 || at_key_), "an object where none is expected");
    ++depth_;
    at_key_ = false;
    if (depth_ == 2) keys_.clear();
    return true;
  }
  bool end_object() override {
    if (depth_-- == 2 && !in_metadata_) {
      for (const char* key : {"dtype", "shape", "data_offsets"}) expect(keys_.contains(key), str_cat(key, " is missing"));
      expect(offsets_.size() == 2, "data_offsets are not two numbers");
      header_.tensors.back().begin = offsets_[0];
      header_.tensors.back().end = offsets_[1];
    }
    return true;
  }
  bool key(std::string& text) override {
    check_text(text);
    at_key_ = true;
    if (depth_ == 1) {
      name_ = text;
      expect(names_.insert(text).second, "its name occurs twice");
      in_metadata_ = text == "__metadata__";
      offsets_.clear();
      if (!in_metadata_) header_.tensors.push_back({.name = text, .type = {}, .shape = {}});
    } else {
      key_ = text;
      expect(keys_.insert(text).second, str_cat("the key ", text, " occurs twice"));
    }
    return true;
  }
  bool string(std::string& text) override {
    check_text(text);
    expect(depth_ == 2 && !in_array_ && (in_metadata_ || key_ == "dtype"), "a text where none is expected");
    if (in_metadata_) {
      header_.metadata[key_] = text;
    } else {
      header_.tensors.back().type = text;
    }
    return true;
  }
  bool start_array(std::size_t) override {
    expect(depth_ == 2 && !in_array_ && !in_metadata_ && (key_ == "shape" || key_ == "data_offsets"), "an array where none is expected");
    in_array_ = true;
    return true;
  }
  bool end_array() override {
    in_array_ = false;
    return true;
  }
  bool number_unsigned(std::uint64_t number) override {
    expect(in_array_, "a number where none is expected");
    (key_ == "shape" ? header_.tensors.back().shape : offsets_).push_back(number);
    return true;
  }
  bool number_integer(std::int64_t) override { return fail("a negative number"); }
  bool number_float(double, const std::string&) override { return fail("a number that is not whole"); }
  bool boolean(bool) override { return fail("true or false where neither is expected"); }
  bool null() override { return fail("null where it is not expected"); }
  bool binary(Json::binary_t&) override { return fail("bytes"); }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception&) override {
    throw Error(str_cat("the header is not valid JSON at byte ", byte));
  }

 private:
  void expect(bool holds, const std::string& what) const {
    if (!holds) throw Error(str_cat(depth_ == 0 || name_.empty() ? "the header" : str_cat("tensor ", name_), ": ", what));
  }
  bool fail(const char* what) const {
    expect(false, what);
    return false;
  }
  void check_text(const std::string& text) const { expect(text.find('\0') == std::string::npos, "a text with a NUL in it"); }

  SafetensorsHeader& header_;
  int depth_ = 0;  // of the objects
  bool at_key_ = false, in_array_ = false, in_metadata_ = false;
  std::string name_, key_;
  std::set<std::string> names_, keys_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

std::uint64_t safetensors_header_size(std::span<const char, 8> first, std::uint64_t file_size) {
  constexpr std::uint64_t kMost = 100'000'000;
  std::uint64_t size = 0;
  for (std::size_t i = 8; i-- > 0;) size = size << 8 | static_cast<unsigned char>(first[i]);
  TEMPER_CHECK(file_size >= 8 && size <= file_size - 8, "the header claims ", size, " bytes, the file has ", file_size);
  TEMPER_CHECK(size <= kMost, "the header claims ", size, " bytes, more than ", kMost);
  return size;
}

SafetensorsHeader parse_safetensors_header(std::string_view text) {
  TEMPER_CHECK(text.starts_with('{'), "the header is not a JSON object from its first byte on");
  const std::size_t zero = text.find('\0');
  TEMPER_CHECK(zero == std::string_view::npos, "the header is not valid JSON at byte ", zero + 1);
  SafetensorsHeader header;
  HeaderReader reader(header);
  Json::sax_parse(text, &reader);
  return header;
}

}  // namespace temper
