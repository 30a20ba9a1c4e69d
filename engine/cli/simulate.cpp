#include "cli/simulate.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <system_error>

#include "cli/ask.hpp"
#include "cli/files.hpp"
#include "cli/inspect_text.hpp"
#include "cli/ledger_home.hpp"
#include "cli/log_arrivals.hpp"
#include "cli/vault_door.hpp"
#include "sim/forecast.hpp"
#include "sim/load.hpp"
#include "sim/report.hpp"
#include "sim/simulation.hpp"
#include "sim/trace.hpp"

namespace freellmapi::cli {

namespace {

constexpr int failed = 1;

/// A bar on a terminal; elsewhere nothing.
class Bar {
 public:
  explicit Bar(std::string_view what) : what_(what), shown_(::isatty(STDERR_FILENO) != 0) {}
  ~Bar() {
    if (shown_ && drawn_ >= 0) fmt::print(stderr, "\r\033[K");
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;
  void draw(double share) {
    const int percent = static_cast<int>(share * 100);
    if (!shown_ || percent == drawn_) return;
    drawn_ = percent;
    const auto done = static_cast<std::size_t>(share * 40);
    fmt::print(stderr, "\r{} [{:<40}] {:>3} %", what_, std::string(std::min<std::size_t>(done, 40), '#'),
               percent);
    std::fflush(stderr);
  }

 private:
  const std::string_view what_;
  const bool shown_;
  int drawn_ = -1;
};

/// The lines of a file, and how far it has been read.
struct TraceFile {
  std::ifstream in;
  double size = 1, read = 0;
};

base::Result<std::unique_ptr<sim::Arrivals>> open_arrivals(const SimulateOptions& options,
                                                           base::WallTime now) {
  if (!options.load.empty()) {
    auto load = sim::read_load(options.load);
    if (!load) return load.error();
    return std::unique_ptr<sim::Arrivals>(
        std::make_unique<sim::LoadArrivals>(std::move(*load), std::chrono::floor<std::chrono::days>(now)));
  }
  auto file = std::make_shared<TraceFile>();
  file->in.open(options.trace);
  if (!file->in) return base::Error{base::Errc::invalid_argument, options.trace + ": cannot be read"};
  std::error_code none;
  file->size = std::max(1.0, static_cast<double>(std::filesystem::file_size(options.trace, none)));
  return std::unique_ptr<sim::Arrivals>(std::make_unique<sim::TraceArrivals>(
      options.trace,
      [file]() -> std::optional<std::string> {
        std::string line;
        if (!std::getline(file->in, line)) return std::nullopt;
        file->read += static_cast<double>(line.size() + 1);
        return line;
      },
      [file] { return std::min(1.0, file->read / file->size); }));
}

/// One first, to know when the simulation begins.
class Peeked final : public sim::Arrivals {
 public:
  explicit Peeked(std::unique_ptr<sim::Arrivals> rest) : rest_(std::move(rest)), first_(rest_->next()) {}
  const base::Result<std::optional<sim::Arrival>>& first() const noexcept { return first_; }
  base::Result<std::optional<sim::Arrival>> next() override {
    if (taken_) return rest_->next();
    taken_ = true;
    return std::move(first_);
  }
  double done() const noexcept override { return rest_->done(); }

 private:
  std::unique_ptr<sim::Arrivals> rest_;
  base::Result<std::optional<sim::Arrival>> first_;
  bool taken_ = false;
};

base::Result<sim::Outcome> run(const std::shared_ptr<const policy::Policy>& policy,
                               const SimulateOptions& options, base::WallTime now, std::string_view what) {
  auto opened = open_arrivals(options, now);
  if (!opened) return opened.error();
  Peeked arrivals(std::move(*opened));
  if (!arrivals.first()) return arrivals.first().error();
  quota::Ledger ledger;
  const auto plan = ledger.bind(policy);
  if (!plan) return plan.error();
  const base::WallTime start = *arrivals.first() ? (*arrivals.first())->at : now;
  Bar bar(what);
  sim::SimulationOptions running;
  running.keep_routes = !options.diff.empty();
  running.progress = [&bar](double share) { bar.draw(share); };
  return sim::simulate(*plan, ledger, {base::Instant{std::chrono::hours{1}}, start}, arrivals, running);
}

base::Result<std::shared_ptr<const policy::Policy>> policy_for(const SimulateOptions& options,
                                                               const std::string& file, Quiet& quiet) {
  Places places = options.places;
  if (!file.empty()) places.policy = file;
  auto world = usable_world(places, quiet);
  if (!world) return world.error();
  return options.assume_keys ? sim::with_assumed_keys(*world->policy) : world->policy;
}

int export_trace(const SimulateOptions& options, Quiet& quiet) {
  std::FILE* const out = options.export_to == "-" ? stdout : std::fopen(options.export_to.c_str(), "we");
  if (out == nullptr) return refuse(base::Error{base::Errc::io, options.export_to + ": cannot be written"});
  std::uint64_t lines = 0;
  const base::WallTime now = quiet.clock.wall();
  base::WallTime newest{};
  // The log is in the order of ends and a trace in that of beginnings: what lies this close is sorted.
  std::multimap<base::WallTime, std::string> waiting;
  const auto write = [&](bool all) {
    while (!waiting.empty() &&
           (all || waiting.begin()->first < newest - std::chrono::hours{1} || waiting.size() > 100'000)) {
      fmt::print(out, "{}\n", waiting.begin()->second);
      waiting.erase(waiting.begin());
      ++lines;
    }
  };
  const auto read =
      each_arrival(database_file(data_path(options.places.data)), now - std::chrono::days{options.days}, now,
                   [&](const sim::Arrival& arrival) {
                     newest = std::max(newest, arrival.at);
                     waiting.emplace(arrival.at, sim::trace_line(arrival));
                     write(false);
                     return true;
                   });
  write(true);
  const bool written = std::ferror(out) == 0 && (out == stdout || std::fclose(out) == 0);
  if (!read) return refuse(read.error());
  if (!written) return refuse(base::Error{base::Errc::io, options.export_to + ": cannot be written"});
  fmt::print(stderr, "{} requests of the last {} days\n", lines, options.days);
  return 0;
}

}  // namespace

int simulate(const SimulateOptions& options) {
  Quiet quiet;
  if (!options.export_to.empty()) return export_trace(options, quiet);
  if (options.trace.empty() == options.load.empty())
    return refuse("simulate takes one of --trace FILE.jsonl and --load SPEC (or --export FILE.jsonl)");
  const base::WallTime now = quiet.clock.wall();
  const auto policy = policy_for(options, {}, quiet);
  if (!policy) return refuse(policy.error());
  const auto outcome = run(*policy, options, now, "simulating");
  if (!outcome) return refuse(outcome.error());
  std::string report;
  if (options.diff.empty()) {
    report = sim::report_json(**policy, *outcome);
  } else {
    const auto old_policy = policy_for(options, options.diff, quiet);
    if (!old_policy) return refuse(old_policy.error());
    const auto old_outcome = run(*old_policy, options, now, "simulating the old one");
    if (!old_outcome) return refuse(old_outcome.error());
    report = sim::difference_json(**policy, *outcome, **old_policy, *old_outcome);
  }
  fmt::print("{}", options.as_json ? report + "\n" : simulation_text(report));
  return 0;
}

namespace {

/// From the ledger of a data directory that nobody serves from.
base::Result<std::string> forecast_here(const Places& places, Quiet& quiet) {
  const std::filesystem::path data = data_path(places.data);
  const auto world = usable_world(places, quiet);
  if (!world) return world.error();
  const auto copy = LedgerCopy::read(data, quiet.clock);
  if (!copy) return copy.error();
  const auto plan = (*copy)->ledger().bind(world->policy);
  if (!plan) return plan.error();
  const quota::Now now{quiet.clock.since_boot(), quiet.clock.wall()};
  return forecast_of(**plan, (*copy)->ledger(), now, database_file(data));
}

}  // namespace

base::Result<std::string> forecast_of(const quota::Plan& plan, const quota::Ledger& ledger, quota::Now now,
                                      const std::filesystem::path& database) {
  sim::Pace pace(now.wall);
  std::error_code none;
  if (std::filesystem::exists(database, none)) {
    const auto read = each_arrival(database, now.wall - sim::Pace::looks_back,
                                   now.wall + std::chrono::seconds{1}, [&pace](const sim::Arrival& arrival) {
                                     pace.see(arrival);
                                     return true;
                                   });
    if (!read) return read.error();
  }
  const auto forecast = sim::forecast(plan, ledger, now, pace);
  if (!forecast) return forecast.error();
  return sim::forecast_json(plan.policy(), *forecast);
}

int forecast(const Places& places, bool as_json) {
  keep_memory_private();
  Quiet quiet;
  auto asked = ask_router(places, "/v1/forecast", quiet);
  base::Result<std::string> body = base::Error{};
  if (asked && asked->status == 200) {
    body = std::move(asked->body);
  } else if (asked) {
    body =
        base::Error{base::Errc::unavailable, message_of(asked->body).value_or("the router has no forecast")};
  } else if (asked.error().code == base::Errc::not_found) {
    body = forecast_here(places, quiet);
  } else {
    body = asked.error();
  }
  if (!body) return refuse(body.error());
  fmt::print("{}", as_json ? *body + (body->ends_with('\n') ? "" : "\n") : forecast_text(*body));
  return 0;
}

}  // namespace freellmapi::cli
