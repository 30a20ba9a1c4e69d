#include "surfaces/ops/metrics.hpp"

#include <freellmapi/abi.h>

#include <algorithm>
#include <map>
#include <utility>

#include "surfaces/ops/answers.hpp"
#include "surfaces/ops/exposition.hpp"

namespace freellmapi::surfaces {
namespace {

template <class Number>
double number(Number n) {
  return static_cast<double>(n);
}

double seconds(base::WallTime at) {
  return number(std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count()) / 1e3;
}

bool any(const relay::Waits& waits) {
  return std::any_of(waits.counts.begin(), waits.counts.end(), [](std::uint64_t n) { return n > 0; });
}

void add_requests(Page& page, const relay::Meter::Sum& counted) {
  page.counter("freellmapi_requests_total", "Requests that have ended, probes apart.");
  for (const auto& surface : counted.surfaces) {
    for (std::size_t i = 0; i < relay::ended_kinds; ++i) {
      if (surface.ended[i] > 0 || i == 0)
        page.value({{"surface", surface.name}, {"status", relay::name(static_cast<relay::RequestEnd>(i))}},
                   number(surface.ended[i]));
    }
  }
  page.histogram("freellmapi_request_duration_seconds", "From a request's head to the end of its answer.");
  for (const auto& surface : counted.surfaces) {
    if (any(surface.duration))
      page.buckets({{"surface", surface.name}}, relay::wait_bounds, surface.duration);
  }
  page.histogram(
      "freellmapi_first_token_seconds",
      "From a request's head to the first token, or to the whole answer where it is not streamed.");
  for (const auto& provider : counted.providers) {
    if (any(provider.first_token))
      page.buckets({{"provider", provider.name}}, relay::wait_bounds, provider.first_token);
  }
  page.histogram("freellmapi_route_seconds",
                 "What the router took for itself before the first attempt left: body, decision, quota.");
  page.buckets({}, relay::route_bounds, counted.route);
  page.histogram("freellmapi_queue_wait_seconds",
                 "How long requests stood in line for a window that was full.");
  page.buckets({}, relay::wait_bounds, counted.queue);
  page.counter("freellmapi_attempts_total", "Attempts at providers, by how they ended.");
  for (const auto& provider : counted.providers) {
    for (std::uint32_t kind = 0; kind < relay::attempt_kinds; ++kind) {
      if (provider.attempts[kind] > 0)
        page.value({{"provider", provider.name}, {"outcome", relay::attempt_name(kind)}},
                   number(provider.attempts[kind]));
    }
  }
  page.counter("freellmapi_tokens_total", "Tokens that were settled, by model.");
  for (const auto& model : counted.models) {
    const std::string_view name = model.name.empty() ? std::string_view("*") : model.name;
    if (model.input == 0 && model.output == 0) continue;
    page.value({{"provider", model.provider}, {"model", name}, {"direction", "input"}}, number(model.input));
    page.value({{"provider", model.provider}, {"model", name}, {"direction", "output"}},
               number(model.output));
  }
  page.counter("freellmapi_continued_streams_total", "Streams that died and went on from another model.");
  page.value({}, number(counted.continued));
}

/// The windows that are shown, with a name for each rule that is its own among those of its key and model.
struct Shown {
  std::vector<quota::Row> rows;
  std::vector<std::string> rules;
  std::size_t left_out = 0;
};

Shown shown_windows(std::vector<quota::Row> rows) {
  Shown out;
  const auto counts = [](const quota::Row& row) { return row.used > 0 || row.reserved > 0; };
  if (rows.size() > windows_shown_most) {
    std::stable_partition(rows.begin(), rows.end(), counts);
    out.left_out = rows.size() - windows_shown_most;
    rows.resize(windows_shown_most);
  }
  std::map<std::string, unsigned, std::less<>> seen;  // bounded by the windows that are shown
  out.rules.reserve(rows.size());
  for (const quota::Row& row : rows) {
    std::string rule = row.rule->pool.empty() ? row.rule->label : row.rule->pool + ": " + row.rule->label;
    std::string name = row.provider + '\n' + row.model + '\n' + row.key + '\n' + rule;
    const unsigned before = seen[std::move(name)]++;
    if (before > 0) rule += " (" + std::to_string(before + 1) + ")";
    out.rules.push_back(std::move(rule));
  }
  out.rows = std::move(rows);
  return out;
}

void add_quota(Page& page, const quota::Plan& plan, const quota::Ledger& ledger, quota::Now now) {
  const Shown shown = shown_windows(ledger.rows(plan, now));
  const auto each = [&](const auto& value) {
    for (std::size_t i = 0; i < shown.rows.size(); ++i) {
      const quota::Row& row = shown.rows[i];
      value(
          Labels{
              {"provider", row.provider}, {"model", row.model}, {"key", row.key}, {"rule", shown.rules[i]}},
          row);
    }
  };
  page.gauge("freellmapi_quota_limit", "What a window allows.");
  each([&](Labels labels, const quota::Row& row) { page.value(labels, number(row.limit)); });
  page.gauge("freellmapi_quota_used", "What a window has counted as spent.");
  each([&](Labels labels, const quota::Row& row) { page.value(labels, number(row.used)); });
  page.gauge("freellmapi_quota_reserved", "What requests in flight may still spend of a window.");
  each([&](Labels labels, const quota::Row& row) { page.value(labels, number(row.reserved)); });
  page.gauge("freellmapi_quota_reset_timestamp_seconds", "When something of a window comes back.");
  each([&](Labels labels, const quota::Row& row) {
    if (row.resets_at) page.value(labels, seconds(*row.resets_at));
  });
  page.gauge("freellmapi_quota_windows_left_out", "Windows for which a scrape had no room.");
  page.value({}, number(shown.left_out));
  page.counter("freellmapi_quota_overshoot_total", "What was taken beyond a window's limit. Must stay 0.");
  page.value({}, number(ledger.overshoot()));

  page.gauge("freellmapi_cooldowns", "Cooldowns that run.");
  std::map<std::pair<std::string, std::string>, unsigned> running;
  for (quota::Bench& bench : ledger.benches(plan, now))
    ++running[{std::move(bench.provider), std::move(bench.reason)}];
  for (const auto& [name, count] : running)
    page.value({{"provider", name.first}, {"reason", name.second}}, count);
}

void add_program(Page& page, const policy::Policy& policy, const Facts& facts) {
  page.gauge("freellmapi_upstream_connections", "Connections to providers.");
  const net::UpstreamLoad& upstream = facts.load.upstream;
  page.value({{"state", "busy"}}, number(upstream.open - std::min(upstream.idle, upstream.open)));
  page.value({{"state", "idle"}}, number(upstream.idle));
  page.counter("freellmapi_upstream_pool_total", "Where calls got their connection: hit is one of before.");
  page.value({{"result", "hit"}}, number(upstream.reused));
  page.value({{"result", "miss"}}, number(upstream.dialled));
  page.gauge("freellmapi_connections", "Connections of clients.");
  page.value({}, number(facts.load.connections));
  page.gauge("freellmapi_requests_in_progress", "Requests that are being answered, this scrape among them.");
  page.value({}, number(facts.load.requests));
  page.counter("freellmapi_internal_errors_total", "Requests that a fault of this program has ended.");
  page.value({}, number(facts.load.internal_errors));
  page.counter("freellmapi_log_rows_total", "Rows of the request log.");
  page.value({{"result", "written"}}, number(facts.rows_written));
  page.value({{"result", "dropped"}}, number(facts.rows_dropped));

  page.gauge("freellmapi_plugin_info", "The plugin that serves a provider.");
  for (const Facts::Plugin& plugin : facts.plugins)
    page.value({{"provider", plugin.provider}, {"version", plugin.version}, {"abi", plugin.abi}}, 1);
  page.gauge("freellmapi_policy_info", "The policy in force.");
  page.value({{"version", policy.version}}, 1);
  page.gauge("freellmapi_policy_reload_failed",
             "1: the newest policy file has faults and the former is in force.");
  page.value({}, facts.reload_failed ? 1 : 0);
  page.gauge("freellmapi_build_info", "This program.");
  const std::string abi = std::to_string(FREELLM_ABI_MAJOR) + "." + std::to_string(FREELLM_ABI_MINOR);
  page.value({{"version", program_version()}, {"abi", abi}, {"compiler", __VERSION__}}, 1);

  const Facts::Process& process = facts.process;
  page.gauge("process_resident_memory_bytes", "Resident memory.");
  page.value({}, number(process.resident_bytes));
  page.gauge("process_open_fds", "Open file descriptors.");
  page.value({}, number(process.open_files));
  page.gauge("process_max_fds", "File descriptors there may be.");
  page.value({}, number(process.most_files));
  page.counter("process_cpu_seconds_total", "Processor time, user and system.");
  page.value({}, process.cpu_seconds);
  page.gauge("process_start_time_seconds", "When the process began.");
  page.value({}, process.started_at);
}

}  // namespace

std::string metrics_text(const relay::Meter::Sum& counted, const quota::Plan& plan,
                         const quota::Ledger& ledger, quota::Now now, const Facts& facts) {
  Page page;
  add_requests(page, counted);
  add_quota(page, plan, ledger, now);
  add_program(page, plan.policy(), facts);
  return std::move(page).text();
}

net::Task<void> Metrics::handle(Incoming& incoming) {
  const auto snapshot = relay_.current().get();
  quota::Now now;
  now.steady = clock_.since_boot();
  now.wall = clock_.wall();
  std::string body = metrics_text(relay_.meter().sum(), *snapshot->plan, ledger_, now, facts_());
  co_await reply_text(incoming, 200, Page::content_type, std::move(body));
}

}  // namespace freellmapi::surfaces
