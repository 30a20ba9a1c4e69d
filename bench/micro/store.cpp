// What a request pays for its row in the log, how fast rows are written behind it, and how long a start takes
// over a month of them.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>

#include "store/request_log.hpp"
#include "store/schema.hpp"

namespace freellmapi::bench {
namespace {

constexpr std::int64_t a_month_of_rows = 300'000;  // 10,000 a day

struct House {
  House() {
    std::string name = (std::filesystem::temp_directory_path() / "freellmapi-bench-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    file = folder / "freellmapi.db";
    if (!store::make_database(file)) std::abort();
  }
  ~House() {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
  }
  std::unique_ptr<store::RequestLog> open() {
    return std::move(store::RequestLog::open(file, {}, clock, log).value());
  }
  store::RequestRow row() const {
    store::RequestRow r;
    r.at = clock.wall();
    r.request_id = "req_0123456789abcdefghijklmn";
    r.surface = "openai.chat";
    r.status = 200;
    r.asked = "auto";
    r.provider = "first";
    r.model = "a-model-of-70b";
    r.key_label = "key1";
    r.decision = decision;
    return r;
  }

  const std::string decision = std::string(600, 'd');
  base::SystemClock clock;
  base::Log log{clock, base::LogFormat::text, base::Level::error, ::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  std::filesystem::path folder, file;
};

void add_a_row(benchmark::State& state) {
  House house;
  const auto requests = house.open();
  for (auto _ : state) requests->add(house.row());
  state.counters["dropped"] = static_cast<double>(requests->dropped());
}
BENCHMARK(add_a_row);

void write_rows(benchmark::State& state) {
  House house;
  const auto requests = house.open();
  for (auto _ : state) {
    for (int i = 0; i < 1'000; ++i) requests->add(house.row());
    requests->flush();
  }
  state.SetItemsProcessed(state.iterations() * 1'000);
}
BENCHMARK(write_rows)->Unit(benchmark::kMillisecond);

void open_a_month(benchmark::State& state) {
  static House house;
  static const bool filled = [] {
    const auto requests = house.open();
    for (std::int64_t i = 0; i < a_month_of_rows; ++i) {
      requests->add(house.row());
      if (i % 5'000 == 0) requests->flush();
    }
    return true;
  }();
  for (auto _ : state)
    benchmark::DoNotOptimize(store::open_database(house.file, store::Database::Sync::full));
  state.counters["MiB"] = static_cast<double>(std::filesystem::file_size(house.file)) / (1024.0 * 1024.0);
  benchmark::DoNotOptimize(filled);
}
BENCHMARK(open_a_month)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace freellmapi::bench

BENCHMARK_MAIN();
