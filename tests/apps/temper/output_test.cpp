// What the program does when its results, its messages or its terminal are not what it hopes for.

#include <doctest/doctest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/printable.h"
#include "core/engine/safetensors.h"
#include "data/dataset.h"
#include "tests/apps/temper/program.h"
#include "tests/data/images/pictures.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A small run, and a picture for it.
void train_small_run(const TemporaryFolder& folder, const std::string& name = "run") {
  REQUIRE(temper_program(folder.path(), "train --data digits --model mlp-8 --epochs 1 --out " + name).code == 0);
  const tests::Bytes picture = tests::png(8, 8, 8, 0, tests::Bytes(64, 7));
  write_file(folder / "picture.png", {reinterpret_cast<const char*>(picture.data()), picture.size()});
}

// The command on a terminal of so many columns; returns what it wrote there.
std::string on_terminal(const std::string& folder, unsigned short columns, const std::string& command) {
  struct winsize window {};
  window.ws_row = 24;
  window.ws_col = columns;
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &window);
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string line = "cd " + folder + " && " + command;
    ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }
  std::string written;
  char block[4096];
  for (ssize_t count = 0; (count = ::read(terminal, block, sizeof block)) > 0;) written.append(block, static_cast<std::size_t>(count));
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  CHECK(WEXITSTATUS(status) == 0);
  return written;
}

TEST_CASE("output: a result that cannot be written is an error, whatever the command") {
  const TemporaryFolder folder;
  train_small_run(folder);
  for (const char* arguments : {"--help",
                                "--version",
                                "eval --help",
                                "models",
                                "models --json",
                                "data",
                                "data digits",
                                "data digits --json",
                                "eval run",
                                "eval run --json",
                                "predict run picture.png",
                                "predict run picture.png --json",
                                "calibrate run",
                                "calibrate run --json --method all",
                                "report run",
                                "report run --json",
                                "convert run",
                                "convert run --out w.pt --overwrite",
                                "convert run --json",
                                "analyze run --figure templates",
                                "reproduce mnist --plan",
                                "train --data digits --model mlp-8 --show-config",
                                "train --resume --out run --json"}) {
    CAPTURE(arguments);
    const Result full = shell(folder.path(), str_cat(TEMPER_PROGRAM, " ", arguments, " >/dev/full"));
    CHECK(full.code == 1);
    CHECK(has(full.err, "temper: error: stdout: writing failed: No space left on device; free some space and run again\n"));
    const Result closed = shell(folder.path(), str_cat(TEMPER_PROGRAM, " ", arguments, " >&-"));
    CHECK(closed.code == 1);
    CHECK(has(closed.err, "temper: error: stdout: writing failed: Bad file descriptor; "));
  }
  // A command without a result needs no stdout.
  CHECK(shell(folder.path(), str_cat(TEMPER_PROGRAM, " eval nowhere >/dev/full")).code == 1);
  CHECK(has(shell(folder.path(), str_cat(TEMPER_PROGRAM, " eval nowhere >/dev/full")).err, "temper: error: nowhere"));
  // A limit on the size of files is one more full disk.
  const Result limited = shell(folder.path(), str_cat("ulimit -f 1; ", TEMPER_PROGRAM, " train --help >help"));
  CHECK(limited.code == 1);
}

TEST_CASE("output: where nobody reads a result, the program ends as others do") {
  const TemporaryFolder folder;
  shell(folder.path(), str_cat("(sleep 0.3; ", TEMPER_PROGRAM, " models; echo $? >code) | true"));
  CHECK(read_file(folder / "code") == "141\n");
  const Result ignored = shell(folder.path(), str_cat("trap '' PIPE; (sleep 0.3; ", TEMPER_PROGRAM, " models; echo $? >code) | true"));
  CHECK(read_file(folder / "code") == "1\n");
  CHECK(has(ignored.err, "temper: error: stdout: writing failed: Broken pipe; "));
}

TEST_CASE("output: messages that cannot be written stop nothing") {
  const TemporaryFolder folder;
  const std::string train = str_cat(TEMPER_PROGRAM, " train --data digits --model mlp-8 --epochs 3 --overwrite --out run ");
  for (const char* where : {"2>/dev/full", "2>&-", "2>&- <&-", "2>&- <&- 3>&-"}) {
    CAPTURE(where);
    CHECK(shell(folder.path(), str_cat(TEMPER_PROGRAM, " eval nowhere ", where)).code == 1);
    const Result trained = shell(folder.path(), train + where);
    CHECK(trained.code == 0);
    CHECK(has(trained.out, "next: temper calibrate run"));
    CHECK(temper_program(folder.path(), "eval run").code == 0);
  }
  // All closed: no file of the run takes the number of a stream, and the run is whole.
  CHECK(shell(folder.path(), train + "<&- >&- 2>&-").code == 1);
  CHECK(temper_program(folder.path(), "eval run").code == 0);
  for (const fs::directory_entry& file : fs::directory_iterator(folder / "run"))
    if (file.is_regular_file()) CHECK_FALSE(has(read_file(file.path().string()), "temper: "));
  // The reader of the messages goes while a training goes on.
  const Result piped = shell(folder.path(), str_cat("(sleep 0.3; ", train, " 2>&1 >out; echo $? >code) | true; cat out code"));
  CHECK(has(piped.out, "next: temper calibrate run"));
  CHECK(has(piped.out, "\n0\n"));
}

TEST_CASE("output: a closed terminal ends a training as SIGTERM does, and not under nohup") {
  const TemporaryFolder folder;
  const std::string settings = "train --data digits --model mlp-24 --epochs 40 --batch 16 ";
  REQUIRE(temper_program(folder.path(), settings + "--out whole").code == 0);
  const auto hang_up = [&](const std::string& before, const std::string& seconds) {
    return shell(folder.path(), str_cat("timeout --foreground --preserve-status -s HUP ", seconds, " sh -c '", before, "exec ",
                                        TEMPER_PROGRAM, " ", settings, "--overwrite --out run'"));
  };
  Result stopped{};
  for (const char* seconds : {"0.4", "0.2", "0.1"}) {
    stopped = hang_up("", seconds);
    if (stopped.code == 129 && !stopped.err.empty()) break;
  }
  CAPTURE(stopped.err);
  REQUIRE(stopped.code == 129);
  CHECK(has(stopped.err, "resume with: temper train --resume --out run\n"));
  CHECK(temper_program(folder.path(), "train --resume --out run").code == 0);
  CHECK(read_file(folder / "run/model.safetensors") == read_file(folder / "whole/model.safetensors"));
  CHECK(hang_up("trap \"\" HUP; ", "0.2").code == 0);
  CHECK(read_file(folder / "run/model.safetensors") == read_file(folder / "whole/model.safetensors"));
}

TEST_CASE("output: names from elsewhere are shown and not obeyed") {
  const TemporaryFolder folder;
  const auto checked = [](const std::string& text) {
    std::string rest = text;
    std::erase(rest, '\n');
    CHECK(printable(rest) == rest);
    return text;
  };
  const tests::Bytes picture = tests::png(8, 8, 8, 0, tests::Bytes(64, 7));
  for (const char* name : {"\x1b[31mred", "new\nline", "c1\u009b31m", "Gr\u00fcn 猫"}) {
    for (int i = 0; i < 10; ++i) {
      fs::create_directories(folder / str_cat("odd/", name));
      write_file(folder / str_cat("odd/", name, "/", i, ".png"), {reinterpret_cast<const char*>(picture.data()), picture.size()});
    }
  }
  const std::string table = checked(temper_program(folder.path(), "data folder:odd").out);
  for (const char* shown : {"\n\\x1b[31mred", "\nnew\\nline", "\nc1\\u009b31m", "\nGr\u00fcn 猫"}) CHECK(has(table, shown));
  const Result json = temper_program(folder.path(), "data folder:odd --json");
  checked(json.out);
  CHECK(Json::parse(json.out).at("classes").size() == 4);
  CHECK(has(Json::parse(json.out).dump(), "\u009b"));  // the name itself, when it is read

  fs::create_directories(folder / "odd/wrong\xff");
  write_file(folder / "odd/wrong\xff/1.png", {reinterpret_cast<const char*>(picture.data()), picture.size()});
  CHECK(has(checked(temper_program(folder.path(), "data folder:odd").err), "the class wrong\\xff has a name that is not UTF-8"));

  write_safetensors(folder / "odd.safetensors", {.tensors = {{"a\x1b[31m\nb", {{1}, {1}}}}, .metadata = {}});
  CHECK(has(checked(temper_program(folder.path(), "convert odd.safetensors").out), "a\\x1b[31m\\nb"));
  write_file(folder / "odd.toml", "\"\\u001b[31mx\" = 1\n");
  const Result toml = temper_program(folder.path(), "train --data digits --model mlp --config odd.toml --out r");
  CHECK(toml.code == 1);
  CHECK(has(checked(toml.err), "\\x1b[31mx is not a setting"));
  const Result path = shell(folder.path(), str_cat(TEMPER_PROGRAM, " eval $(printf 'no\\033[31m\\nwhere') ; ", TEMPER_PROGRAM,
                                                   " eval \"$(printf 'no\\033[31m\\nwhere')\""));
  CHECK(has(checked(path.err), "no\\x1b[31m\\nwhere: there is no such folder"));
  const Result option = shell(folder.path(), str_cat(TEMPER_PROGRAM, " models \"$(printf -- '--\\033[31m')\""));
  CHECK(has(checked(option.err), "--\\x1b[31m: temper models has no such option"));

  // Runs whose folders have such names, from the training to the table of the report.
  const std::string run = "\"$(printf 'r\\033[31m\\nun')\"";
  const Result trained = shell(folder.path(), str_cat(TEMPER_PROGRAM, " train --data digits --model mlp-8 --epochs 1 --out ", run));
  REQUIRE(trained.code == 0);
  checked(trained.err);
  CHECK(has(checked(trained.out), "next: temper calibrate $'r\\033[31m\\012un'; temper report $'r\\033[31m\\012un'\n"));
  for (const char* command :
       {"eval", "calibrate", "calibrate --json", "report", "report --json", "eval --json", "analyze --json --figure templates"}) {
    const Result result = shell(folder.path(), str_cat(TEMPER_PROGRAM, " ", command, " ", run));
    CHECK(result.code == 0);
    checked(result.out + result.err);
  }
}

TEST_CASE("output: a command to copy is quoted for the shell") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "my run");
  const Result trained = temper_program(folder.path(), "train --data digits --model mlp-8 --epochs 1 --out 'my run/a b'");
  const std::string next = "next: temper calibrate 'my run/a b'; temper report 'my run/a b'\n";
  CHECK(has(trained.out, next));
  CHECK(has(temper_program(folder.path(), "train --data digits --model mlp-8 --epochs 1 --out=-x").out,
            "next: temper calibrate ./-x; temper report ./-x\n"));
  CHECK(temper_program(folder.path(), "calibrate ./-x").code == 0);
  CHECK(has(temper_program(folder.path(), "reproduce table2 --scale paper --data 'a b' --plan").out, "temper train --data cifar10:"));
}

TEST_CASE("output: a terminal that cannot redraw, or that is narrow") {
  const TemporaryFolder folder;
  const std::string train = str_cat(TEMPER_PROGRAM, " train --data digits --model mlp-24 --epochs 40 --batch 16 --overwrite --out run");
  const std::string dumb = on_terminal(folder.path(), 80, "TERM=dumb " + train);
  CHECK(has(dumb, "next: temper calibrate run"));
  CHECK_FALSE(has(dumb, "\x1b"));
  CHECK_FALSE(has(on_terminal(folder.path(), 80, "unset TERM; " + train), "\x1b"));
  for (const int columns : {0, 1, 10}) {
    CAPTURE(columns);
    const std::string narrow = on_terminal(folder.path(), static_cast<unsigned short>(columns), "TERM=xterm " + train + " >/dev/null");
    std::size_t redrawn = 0;
    for (std::size_t at = narrow.find("\x1b[K"); at != narrow.npos; at = narrow.find("\x1b[K", at + 1), ++redrawn) {
      const std::size_t begin = narrow.rfind('\r', at) + 1;
      CHECK(at - begin < static_cast<std::size_t>(columns == 0 ? 80 : columns));
    }
    CHECK(redrawn > 0);
  }
}

TEST_CASE("output: two runs whose folders have the same last name are told apart") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "aa");
  fs::create_directories(folder / "bb");
  train_small_run(folder, "aa/r");
  train_small_run(folder, "bb/r");
  const Result text = temper_program(folder.path(), "report aa/r bb/r --out x.html");
  CHECK(has(text.out, "\n  aa/r  "));  // beneath their mean
  CHECK(has(text.out, "\n  bb/r  "));
  const std::string page = read_file(folder / "x.html");
  CHECK(has(page, "aa/r"));
  CHECK(has(page, "bb/r"));
  CHECK_FALSE(has(page, "r (2)"));
  CHECK(json_of(folder.path(), "report aa/r/ bb/r --out x.html").at("names") == Json({"aa/r", "bb/r"}));
  REQUIRE(temper_program(folder.path(), "calibrate aa/r bb/r --table t.csv --table t.md").code == 0);
  CHECK(has(read_file(folder / "t.csv"), "\naa/r,none"));
}

TEST_CASE("output: a name in a table is no formula for a spreadsheet and ends no cell") {
  const TemporaryFolder folder;
  train_small_run(folder, "=1+1");
  train_small_run(folder, "'a|b'");
  REQUIRE(temper_program(folder.path(), "calibrate '=1+1' 'a|b' --table t.csv --table t.md").code == 0);
  CHECK(has(read_file(folder / "t.csv"), "\n'=1+1,none"));
  CHECK(has(read_file(folder / "t.md"), "\n| a\\|b | none"));
}

}  // namespace
}  // namespace temper
