// temper doctor

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "core/engine/gemm.h"
#include "core/engine/machine.h"
#include "core/engine/parallel.h"
#include "optim/distributed/rank_places.h"

namespace temper::app {
namespace {

// GFLOP/s of a square product on `count` threads: the best of several, since a machine is never faster than it can be.
double gemm_speed(int count) {
  constexpr Index kExtent = 1024;
  constexpr int kRounds = 5;
  set_threads(count);
  const Buffer memory(3 * kExtent * kExtent * sizeof(float));
  auto* a = static_cast<float*>(memory.data());
  std::fill_n(a, 3 * kExtent * kExtent, 0.5f);
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    parallel_gemm({a, kExtent, kExtent}, {a + kExtent * kExtent, kExtent, kExtent}, {a + 2 * kExtent * kExtent, kExtent, kExtent});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, 2.0 * kExtent * kExtent * kExtent / seconds / 1e9);
  }
  return best;
}

Json to_json(const std::vector<optim::RankPlace>& places) {
  Json all = Json::array();
  for (const optim::RankPlace& place : places)
    all.push_back({{"host", place.host}, {"cores", place.cores}, {"threads", place.threads}, {"gemm_gflops", place.gflops}});
  return all;
}

void print_ranks(const std::vector<optim::RankPlace>& places) {
  if (places.size() == 1) return;
  Table table({"rank", "host", "cores it may use", "threads", "GFLOP/s"}, 3);
  for (std::size_t rank = 0; rank < places.size(); ++rank)
    table.row({std::to_string(rank), places[rank].host, optim::core_ranges(places[rank].cores), std::to_string(places[rank].threads),
               fmt::format("{:.0f}", places[rank].gflops)});
  print("{}", Lines{table.text()});
}

void run(bool as_json) {
  optim::Communicator& all_ranks = ranks();
  const Machine machine = describe_machine();
  const int own = threads();
  test_product(
      [](const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& epilogue) { parallel_gemm(a, b, c, epilogue); });
  optim::all_gather(all_ranks, "");  // all measure at the same time
  const double one = gemm_speed(1), all = gemm_speed(own);
  const std::vector<optim::RankPlace> places = optim::rank_places(all_ranks, all);
  const std::vector<std::string> warnings = optim::overlaps(places);
  for (const std::string& warning : warnings) warn(warning);
  if (!is_first_rank()) return;
  if (as_json) {
    print_json(Json{{"temper", kVersion},
                    {"cpu", machine.cpu},
                    {"cores", machine.cores},
                    {"threads", own},
                    {"blas", machine.blas},
                    {"blas_test", "passed"},
                    {"gemm_gflops_one_thread", one},
                    {"gemm_gflops_all_threads", all},
                    {"compiler", machine.compiler},
                    {"ranks", to_json(places)},
                    {"warnings", warnings}});
    return;
  }
  print("temper     {} (built with {})\n", kVersion, machine.compiler);
  print("processor  {}, {} that this process may use\n", machine.cpu, counted(machine.cores, "core"));
  print("BLAS       {}\n", machine.blas);
  print("           products of 5 shapes in 8 forms are right\n");
  print("speed      matrix product {:.0f} GFLOP/s on one thread, {:.0f} on {}\n", one, all, own);
  print_ranks(places);
}

}  // namespace

void add_doctor(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("doctor", "Check this machine: BLAS, threads, speed; under mpirun or srun also where the ranks run");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print the findings as one JSON object on stdout");
  command->callback([as_json] { run(*as_json); });
}

}  // namespace temper::app
