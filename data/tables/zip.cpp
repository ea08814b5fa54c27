#include "data/tables/zip.h"

#include <zip.h>

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include "core/base/check.h"

namespace temper::data {
namespace {

constexpr const char* kWriteAgain = "; copy or write the archive again";

}  // namespace

namespace libzip {

class Failure {
 public:
  Failure() { zip_error_init(&error_); }
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  ~Failure() { zip_error_fini(&error_); }
  zip_error_t* get() { return &error_; }
  const char* text() { return zip_error_strerror(&error_); }

 private:
  zip_error_t error_;
};

// The store as libzip reads it. No exception may pass through libzip: the first is kept.
struct Source {
  explicit Source(const ByteStore& bytes) : store(bytes) {}
  const ByteStore& store;
  std::uint64_t at = 0;
  Failure failure;
  std::exception_ptr thrown;

  void rethrow() {
    if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
  }

  zip_int64_t fail(int code) {
    zip_error_set(failure.get(), code, 0);
    return -1;
  }

  zip_int64_t read(void* out, zip_uint64_t length) {
    const std::uint64_t left = at < store.size() ? store.size() - at : 0;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, length));
    try {
      store.read_at(at, {static_cast<char*>(out), count});
    } catch (...) {
      thrown = std::current_exception();
      return fail(ZIP_ER_READ);
    }
    at += count;
    return static_cast<zip_int64_t>(count);
  }

  static zip_int64_t call(void* self, void* data, zip_uint64_t length, zip_source_cmd_t command) {
    auto& source = *static_cast<Source*>(self);
    switch (command) {
      case ZIP_SOURCE_OPEN:
        source.at = 0;
        return 0;
      case ZIP_SOURCE_READ:
        return source.read(data, length);
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE:
        return 0;
      case ZIP_SOURCE_STAT: {
        auto* status = static_cast<zip_stat_t*>(data);
        zip_stat_init(status);
        status->valid = ZIP_STAT_SIZE;
        status->size = source.store.size();
        return sizeof *status;
      }
      case ZIP_SOURCE_ERROR:
        return zip_error_to_data(source.failure.get(), data, length);
      case ZIP_SOURCE_SEEK: {
        const zip_int64_t place = zip_source_seek_compute_offset(source.at, source.store.size(), data, length, source.failure.get());
        if (place < 0) return -1;
        source.at = static_cast<std::uint64_t>(place);
        return 0;
      }
      case ZIP_SOURCE_TELL:
        return static_cast<zip_int64_t>(source.at);
      case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
      default:
        return source.fail(ZIP_ER_OPNOTSUPP);
    }
  }
};

}  // namespace libzip

namespace {

using libzip::Failure, libzip::Source;

class MemberStream : public ByteStream {
 public:
  MemberStream(std::string name, std::uint64_t size, zip_file_t* file, Source& source)
      : ByteStream(std::move(name), size), file_(file), source_(source), left_(size) {}
  MemberStream(const MemberStream&) = delete;
  MemberStream& operator=(const MemberStream&) = delete;
  ~MemberStream() override { zip_fclose(file_); }

  std::size_t read(std::span<char> out) override {
    const std::size_t count = read_some(out.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, out.size()))));
    left_ -= count;
    if (left_ == 0 && !ended_) {  // libzip compares size and checksum when it reaches the end
      ended_ = true;
      char more = 0;
      TEMPER_CHECK(read_some({&more, 1}) == 0, name(), ": it unpacks to more bytes than the archive claims", kWriteAgain);
    }
    return count;
  }

 private:
  std::size_t read_some(std::span<char> out) {
    if (out.empty()) return 0;
    const zip_int64_t count = zip_fread(file_, out.data(), out.size());
    source_.rethrow();
    TEMPER_CHECK(count >= 0, name(), ": it is damaged (", zip_error_strerror(zip_file_get_error(file_)), ")", kWriteAgain);
    return static_cast<std::size_t>(count);
  }

  zip_file_t* file_;
  Source& source_;
  std::uint64_t left_;
  bool ended_ = false;
};

}  // namespace

struct ZipArchive::Opened {
  explicit Opened(const ByteStore& store) : source(store) {
    zip_source_t* bytes = zip_source_function_create(&Source::call, &source, failure.get());
    if (bytes == nullptr) throw std::bad_alloc();
    archive = zip_open_from_source(bytes, ZIP_RDONLY, failure.get());
    if (archive == nullptr) zip_source_free(bytes);
    source.rethrow();
    TEMPER_CHECK(archive != nullptr, store.name(), ": it is no whole zip archive (", failure.text(), ")", kWriteAgain);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() { zip_discard(archive); }

  Failure failure;
  Source source;
  zip_t* archive = nullptr;
};

ZipArchive::ZipArchive(const ByteStore& store) : store_(store), opened_(std::make_unique<Opened>(store)) {
  const auto count = static_cast<zip_uint64_t>(std::max<zip_int64_t>(0, zip_get_num_entries(opened_->archive, 0)));
  std::set<std::string> seen;
  for (zip_uint64_t number = 0; number < count; ++number) {
    zip_stat_t status;
    zip_stat_init(&status);
    const char* name = zip_get_name(opened_->archive, number, ZIP_FL_ENC_RAW);
    const bool known = name != nullptr && zip_stat_index(opened_->archive, number, 0, &status) == 0;
    TEMPER_CHECK(known, store.name(), ": member ", number, " of its directory is damaged", kWriteAgain);
    TEMPER_CHECK(seen.insert(name).second, store.name(), ": it holds two members of the name ", name, "; write it again with one of them");
    members_.push_back({.name = name, .deflated = status.comp_method != ZIP_CM_STORE, .size = status.size, .number = number});
  }
}

ZipArchive::~ZipArchive() = default;

std::unique_ptr<ByteStream> ZipArchive::open(const ZipMember& member) const {
  zip_stat_t status;
  zip_stat_init(&status);
  const bool known = zip_stat_index(opened_->archive, member.number, 0, &status) == 0;
  TEMPER_CHECK(known, store_.name(), ": ", member.name, ": its entry in the directory is damaged", kWriteAgain);
  TEMPER_CHECK(status.encryption_method == ZIP_EM_NONE, store_.name(), ": ", member.name, " is encrypted; write it without a password");
  TEMPER_CHECK(status.comp_method == ZIP_CM_STORE || status.comp_method == ZIP_CM_DEFLATE, store_.name(), ": ", member.name,
               " is packed by method ", status.comp_method, "; use numpy.savez or numpy.savez_compressed");
  constexpr std::uint64_t kMostOfAByte = 1032;  // of deflate
  const std::uint64_t packed = status.comp_size, times = member.deflated ? kMostOfAByte : 1;
  TEMPER_CHECK(packed <= store_.size() && status.size / times <= packed, store_.name(), ": ", member.name, " claims ", status.size,
               " bytes, packed as ", packed, ", in an archive of ", store_.size(), kWriteAgain);
  zip_file_t* file = zip_fopen_index(opened_->archive, member.number, 0);
  opened_->source.rethrow();
  TEMPER_CHECK(file != nullptr, store_.name(), ": ", member.name, " cannot be read (", zip_strerror(opened_->archive), ")", kWriteAgain);
  return std::make_unique<MemberStream>(store_.name() + ":" + member.name, status.size, file, opened_->source);
}

}  // namespace temper::data
