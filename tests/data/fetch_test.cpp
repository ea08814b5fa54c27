// data/fetch.sh: files from a folder, from an address, already there, cut off, wrong. The network is a file:// address.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"
#include "data/dataset.h"
#include "tests/apps/temper/program.h"
#include "tests/temporary_folder.h"

namespace temper::data {
namespace {

namespace fs = std::filesystem;

const std::string kFetch = TEMPER_SOURCE_DIR "/data/fetch.sh ";

void check_script_refuses(const TemporaryFolder& folder, const std::string& command, int code, const std::string& about) {
  CAPTURE(command);
  const Result result = shell(folder.path(), command);
  CAPTURE(result.err);
  CHECK(result.code == code);
  CHECK(result.out.empty());
  const std::string last = result.err.substr(result.err.find("temper: error: "));
  CHECK(std::count(last.begin(), last.end(), '\n') == 1);
  CHECK(last.find("; ") != std::string::npos);
  CHECK(last.find(about) != std::string::npos);
}

// A tiny archive in place of CIFAR-10's, and a copy of the script and its sets, ./fetch.sh, that takes its checksum for the official one.
void make_tiny_cifar(const TemporaryFolder& folder) {
  const Result made =
      shell(folder.path(),
            "mkdir -p site/cifar-10-batches-bin && cd site && for i in data_batch_1 test_batch; do head -c 300000 /dev/zero "
            ">cifar-10-batches-bin/$i.bin; done && tar -czf cifar-10-binary.tar.gz cifar-10-batches-bin && rm -r "
            "cifar-10-batches-bin && cd .. && sum=$(md5sum <site/cifar-10-binary.tar.gz | cut -c 1-32) && cp -r " TEMPER_SOURCE_DIR
            "/data/fetch.sh " TEMPER_SOURCE_DIR "/data/fetch . && sed -i s/c32a1d4ab5d03f1284b67883e8d87530/$sum/ fetch/cifar10");
  REQUIRE(made.code == 0);
}

TEST_CASE("fetch: what makes no sense is refused in one line with exit code 2, and --help teaches") {
  const TemporaryFolder folder;
  check_script_refuses(folder, kFetch, 2, "SET");
  check_script_refuses(folder, kFetch + "imagenet x", 2, "imagenet");
  check_script_refuses(folder, kFetch + "mnist", 2, "DIR");
  check_script_refuses(folder, kFetch + "mnist x y", 2, "y");
  check_script_refuses(folder, kFetch + "mnist x --form y", 2, "--form");
  check_script_refuses(folder, kFetch + "mnist x --from", 2, "--from");
  check_script_refuses(folder, kFetch + "mnist x --from nowhere", 2, "nowhere");
  check_script_refuses(folder, kFetch + "mnist x --from . --mirror file:///", 2, "--mirror");
  CHECK_FALSE(fs::exists(folder / "x"));
  const Result help = shell(folder.path(), kFetch + "--help");
  CHECK(help.code == 0);
  for (const char* set : {"mnist", "cifar10", "cifar100", "multi30k"}) CHECK(help.out.find(set) != std::string::npos);
}

TEST_CASE("fetch: an archive is unpacked from a folder or an address, left alone when it is there, and repaired when it is not as it was") {
  const TemporaryFolder folder;
  make_tiny_cifar(folder);
  const std::string batch = folder / "here/cifar-10-batches-bin/data_batch_1.bin";
  for (const std::string& source : {std::string("--from site"), "--mirror file://" + folder / "site"}) {
    CAPTURE(source);
    const std::string command = "./fetch.sh cifar10 here " + source;
    CHECK(shell(folder.path(), command).code == 0);
    CHECK(fs::file_size(batch) == 300'000);
    CHECK(std::distance(fs::directory_iterator(folder / "here"), {}) == 1);
    const auto time = fs::last_write_time(batch);
    CHECK(shell(folder.path(), command).err.find("there already") != std::string::npos);
    CHECK(fs::last_write_time(batch) == time);
    write_file(batch, "damaged");
    CHECK(shell(folder.path(), command).code == 0);
    CHECK(fs::file_size(batch) == 300'000);
    fs::remove_all(folder / "here");
  }
}

TEST_CASE("fetch: a download that was cut off is continued, one that came wrong is begun anew") {
  const TemporaryFolder folder;
  make_tiny_cifar(folder);
  const std::string archive = read_file(folder / "site/cifar-10-binary.tar.gz"), part = folder / "here/cifar-10-binary.tar.gz.part";
  fs::create_directory(folder / "here");
  const std::string command = "./fetch.sh cifar10 here --mirror file://" + folder / "site";
  write_file(part, archive.substr(0, archive.size() / 2));
  CHECK(shell(folder.path(), command).code == 0);
  fs::remove_all(folder / "here/cifar-10-batches-bin");
  write_file(part, archive);  // whole
  CHECK(shell(folder.path(), command).code == 0);
  fs::remove_all(folder / "here/cifar-10-batches-bin");
  write_file(part, std::string(archive.size() / 2, 'x'));
  check_script_refuses(folder, command, 1, "checksum");
  CHECK_FALSE(fs::exists(part));
  CHECK(shell(folder.path(), command).code == 0);
  CHECK(fs::exists(folder / "here/cifar-10-batches-bin/MD5SUMS"));
}

TEST_CASE("fetch: what is wrong, missing or not reachable leaves no file behind") {
  const TemporaryFolder folder;
  make_tiny_cifar(folder);
  check_script_refuses(folder, kFetch + "cifar10 here --from site", 1, "checksum");  // that of the official archive
  check_script_refuses(folder, kFetch + "cifar10 here --mirror file://" + folder / "site", 1, "checksum");
  check_script_refuses(folder, kFetch + "cifar100 here --from site", 1, "cifar-100-binary.tar.gz");
  check_script_refuses(folder, kFetch + "mnist here --mirror file:///nowhere", 1, "the download failed");
  write_file(folder / "site/train.en.gz", "no text");
  check_script_refuses(folder, kFetch + "multi30k here --from site", 1, "train.en.gz");
  check_script_refuses(folder, kFetch + "mnist stdout", 1, "stdout");
  CHECK(fs::is_empty(folder / "here"));
  fs::create_directories(folder / "here/cifar-10-batches-bin");  // of another origin
  check_script_refuses(folder, "./fetch.sh cifar10 here --from site", 1, "not whole");
}

TEST_CASE("fetch: the real files, packed anew or unpacked, are known by what is in them, and read") {
  const char* const real = std::getenv("TEMPER_DATA");
  if (!real || !fs::exists(str_cat(real, "/mnist"))) {
    MESSAGE("skipped: TEMPER_DATA names no folder with mnist/");
    return;
  }
  const TemporaryFolder folder;
  CHECK(shell(folder.path(), str_cat(kFetch, "mnist mnist --from ", real)).code == 0);
  CHECK(mnist(folder / "mnist").test.size() == 10'000);
  CHECK(shell(folder.path(), "rm mnist/train* && gunzip mnist/t10k-labels*.gz").code == 0);
  CHECK(shell(folder.path(), str_cat(kFetch, "mnist mnist --mirror file://", real, "/mnist")).code == 0);
  CHECK(mnist(folder / "mnist").train.size() == 55'000);
  if (fs::exists(str_cat(real, "/multi30k"))) {
    CHECK(shell(folder.path(), str_cat(kFetch, "multi30k text --from ", real)).code == 0);
    CHECK(fs::file_size(folder / "text/train.de") == 2'110'398);
    CHECK(shell(folder.path(), str_cat(kFetch, "multi30k text")).code == 0);  // nothing left to download
  }
}

}  // namespace
}  // namespace temper::data
