#include "data/pytorch/pickle.h"

#include <bit>
#include <cstring>
#include <unordered_map>

namespace temper::data {

// The machine that pickletools.py of CPython describes: a stack of values, marks on it, and a memo of values that are named again.
class PickleReader {
 public:
  PickleReader(std::string_view bytes, const std::string& name, Pickle& pickle) : bytes_(bytes), name_(name), pickle_(pickle) {}

  void run() {
    constexpr std::size_t kLongest = 64 << 20;
    if (bytes_.size() > kLongest) fail("the pickle is longer than that of any file of weights");
    while (step()) {}
    pickle_.root_ = pop();
  }

 private:
  using Id = Pickle::Id;
  using Kind = Pickle::Kind;
  using Value = Pickle::Value;

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(str_cat(name_, ": byte ", at_, ": ", what, "; save state_dict() with torch.save again"));
  }
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) fail("the pickle is cut off");
    at_ += static_cast<std::size_t>(count);
    return bytes_.substr(at_ - static_cast<std::size_t>(count), static_cast<std::size_t>(count));
  }
  template <class T> T number() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("a line does not end");
    std::string text(take(end - at_));
    take(1);
    return text;
  }

  Id make(Value value) {
    constexpr std::size_t kMost = 4'000'000;  // each takes many times the byte that it may be made of
    if (pickle_.values_.size() == kMost) fail("more values than a file of weights has");
    pickle_.values_.push_back(std::move(value));
    return pickle_.values_.size() - 1;
  }
  void push(Value value) { stack_.push_back(make(std::move(value))); }
  void push_integer(std::int64_t integer) { push({.kind = Kind::integer, .integer = integer, .text = {}, .items = {}}); }
  void push_text(std::string_view text) { push({.kind = Kind::text, .text = std::string(text), .items = {}}); }
  void push_list(std::vector<Id> items) { push({.kind = Kind::list, .text = {}, .items = std::move(items)}); }
  void push_kind(Kind kind) { push({.kind = kind, .text = {}, .items = {}}); }
  Id pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() == marks_.back())) fail("it takes a value from an empty stack");
    const Id id = stack_.back();
    stack_.pop_back();
    return id;
  }
  std::vector<Id> pop_last(std::size_t count) {
    std::vector<Id> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }
  std::vector<Id> pop_to_mark() {
    if (marks_.empty()) fail("it returns to a mark that does not exist");
    const auto mark = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Id> items(mark, stack_.end());
    stack_.erase(mark, stack_.end());
    marks_.pop_back();
    return items;
  }
  Value& top() {
    if (stack_.empty()) fail("it reads from an empty stack");
    return pickle_.values_[stack_.back()];
  }
  void remember(std::uint64_t place) {
    top();
    memo_[place] = stack_.back();
  }
  void recall(std::uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) fail("it recalls a value that was never stored");
    stack_.push_back(found->second);
  }

  // LONG1: little-endian, two's complement.
  std::int64_t big_integer() {
    const std::string_view digits = take(number<std::uint8_t>());
    if (digits.size() > 8) return 0;  // only found in what is no tensor, such as the magic number of old files
    std::uint64_t value = !digits.empty() && (digits.back() & 0x80) ? ~std::uint64_t{0} : 0;
    for (std::size_t i = digits.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(digits[i]);
    return static_cast<std::int64_t>(value);
  }

  void add_pairs(const std::vector<Id>& pairs) {
    if (pairs.size() % 2 != 0) fail("a key has no value");
    Value& dictionary = top();
    if (dictionary.kind == Kind::dictionary) dictionary.items.insert(dictionary.items.end(), pairs.begin(), pairs.end());
  }
  void add_items(const std::vector<Id>& items) {
    Value& list = top();
    if (list.kind == Kind::list) list.items.insert(list.items.end(), items.begin(), items.end());
  }
  void call(Id function, Id arguments) {
    const bool known = pickle_[function].kind == Kind::global;
    if (known && pickle_[function].text == "collections.OrderedDict") return push_kind(Kind::dictionary);
    if (!known || pickle_[arguments].kind != Kind::list) return push_kind(Kind::opaque);
    push({.kind = Kind::call, .text = {}, .items = {function, arguments}});
  }
  void global(const std::string& module, const std::string& name) {
    push({.kind = Kind::global, .text = module + "." + name, .items = {}});
  }

  bool step();
  bool step_constant(std::uint8_t code);
  bool step_memo(std::uint8_t code);
  bool step_container(std::uint8_t code);

  std::string_view bytes_;
  const std::string& name_;
  Pickle& pickle_;
  std::size_t at_ = 0;
  std::vector<Id> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::unordered_map<std::uint64_t, Id> memo_;
};

bool PickleReader::step_constant(std::uint8_t code) {
  switch (code) {
    case 'N':
      return push_kind(Kind::none), true;
    case 0x88:
      return push({.kind = Kind::boolean, .integer = 1, .text = {}, .items = {}}), true;
    case 0x89:
      return push_kind(Kind::boolean), true;
    case 'J':
      return push_integer(number<std::int32_t>()), true;
    case 'K':
      return push_integer(number<std::uint8_t>()), true;
    case 'M':
      return push_integer(number<std::uint16_t>()), true;
    case 0x8A:
      return push_integer(big_integer()), true;
    case 'G': {
      std::uint64_t bits = 0;  // big-endian
      for (const char byte : take(8)) bits = bits << 8 | static_cast<std::uint8_t>(byte);
      return push({.kind = Kind::real, .real = std::bit_cast<double>(bits), .text = {}, .items = {}}), true;
    }
    case 'X':
    case 'T':
    case 'B':
      return push_text(take(number<std::uint32_t>())), true;
    case 'U':
    case 'C':
    case 0x8C:
      return push_text(take(number<std::uint8_t>())), true;
    case 0x8D:
    case 0x8E:
    case 0x96:
      return push_text(take(number<std::uint64_t>())), true;
    default:
      return false;
  }
}

bool PickleReader::step_memo(std::uint8_t code) {
  switch (code) {
    case 'q':
      return remember(number<std::uint8_t>()), true;
    case 'r':
      return remember(number<std::uint32_t>()), true;
    case 0x94:
      return remember(memo_.size()), true;
    case 'h':
      return recall(number<std::uint8_t>()), true;
    case 'j':
      return recall(number<std::uint32_t>()), true;
    case '0':
      return pop(), true;
    case '1':
      return pop_to_mark(), true;
    case '2':
      return top(), stack_.push_back(stack_.back()), true;
    case 0x80:
      return take(1), true;  // the protocol
    case 0x95:
      return take(8), true;  // the length of a frame
    default:
      return false;
  }
}

bool PickleReader::step_container(std::uint8_t code) {
  switch (code) {
    case '(':
      return marks_.push_back(stack_.size()), true;
    case ')':
    case ']':
    case 0x8F:
      return push_list({}), true;
    case 't':
    case 'l':
    case 0x91:
      return push_list(pop_to_mark()), true;
    case 0x85:
    case 0x86:
    case 0x87:
      return push_list(pop_last(code - 0x84u)), true;
    case 'a': {
      const Id item = pop();
      return add_items({item}), true;
    }
    case 'e':
    case 0x90: {
      const std::vector<Id> items = pop_to_mark();
      return add_items(items), true;
    }
    case '}':
      return push_kind(Kind::dictionary), true;
    case 'd': {
      const std::vector<Id> pairs = pop_to_mark();
      return push_kind(Kind::dictionary), add_pairs(pairs), true;
    }
    case 's': {
      const std::vector<Id> pair = pop_last(2);
      return add_pairs(pair), true;
    }
    case 'u': {
      const std::vector<Id> pairs = pop_to_mark();
      return add_pairs(pairs), true;
    }
    default:
      return false;
  }
}

// One opcode; false at the last.
bool PickleReader::step() {
  const auto code = number<std::uint8_t>();
  if (step_constant(code) || step_memo(code) || step_container(code)) return true;
  switch (code) {
    case 'c': {
      const std::string module = line();
      return global(module, line()), true;
    }
    case 0x93: {
      const std::vector<Id> names = pop_last(2);
      return global(pickle_[names[0]].text, pickle_[names[1]].text), true;
    }
    case 'Q': {
      const Id what = pop();
      return push({.kind = Kind::persistent, .text = {}, .items = {what}}), true;
    }
    case 'R': {
      const std::vector<Id> both = pop_last(2);
      return call(both[0], both[1]), true;
    }
    case 0x81:
      return pop_last(2), push_kind(Kind::opaque), true;  // an object of a class
    case 0x92:
      return pop_last(3), push_kind(Kind::opaque), true;
    case 'b':
      return pop(), top(), true;  // the state of an object: it stays without
    case '.':
      return false;
    default:
      --at_;
      fail(str_cat("the opcode ", int{code}, " is not one of a file of weights"));
  }
}

Pickle::Pickle(std::string_view bytes, const std::string& name) { PickleReader(bytes, name, *this).run(); }

}  // namespace temper::data
