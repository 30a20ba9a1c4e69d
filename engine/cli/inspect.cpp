#include "cli/inspect.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/ask.hpp"
#include "cli/files.hpp"
#include "cli/inspect_text.hpp"
#include "cli/ledger_home.hpp"
#include "cli/past.hpp"
#include "cli/vault_door.hpp"
#include "surfaces/ops/quota_report.hpp"

namespace freellmapi::cli {

namespace {

/// The ledger of a data directory that nobody serves from, and the policy bound to it.
struct Standing {
  std::unique_ptr<LedgerCopy> copy;
  std::shared_ptr<const quota::Plan> plan;
  quota::Now now;
};

base::Result<Standing> standing(const Places& places, Quiet& quiet) {
  const auto world = usable_world(places, quiet);
  if (!world) return world.error();
  auto copy = LedgerCopy::read(data_path(places.data), quiet.clock);
  if (!copy) return copy.error();
  auto plan = (*copy)->ledger().bind(world->policy);
  if (!plan) return plan.error();
  return Standing{std::move(*copy), std::move(*plan), {quiet.clock.since_boot(), quiet.clock.wall()}};
}

/// A request of the log; nothing is asked of the ledger.
base::Result<std::string> read_past(const ExplainOptions& options, Quiet& quiet) {
  auto reader = store::RequestReader::open(database_file(data_path(options.places.data)));
  if (!reader) return reader.error();
  std::optional<surfaces::PastRequest> past;
  const auto read =
      (*reader)->by_name(options.request_id, [&](const store::RequestRow& row) { past = past_request(row); });
  if (!read) return read.error();
  if (!past)
    return base::Error{base::Errc::not_found,
                       "no request '" + base::printable(options.request_id, 64) + "' is remembered"};
  const auto world = read_world(options.places, quiet.loader);
  return surfaces::explanation_of(*past, world ? world->policy : nullptr);
}

base::Result<std::string> explain_here(const ExplainOptions& options, Quiet& quiet) {
  if (!options.request_id.empty()) return read_past(options, quiet);
  const auto here = standing(options.places, quiet);
  if (!here) return here.error();
  return surfaces::answer(options.question, *here->plan, here->copy->ledger(), nullptr, here->now);
}

base::Result<std::string> quota_here(const Places& places, Quiet& quiet) {
  const auto here = standing(places, quiet);
  if (!here) return here.error();
  return surfaces::quota_report(*here->plan, here->copy->ledger(), here->now);
}

/// What the router says, or nothing when none runs.
base::Result<std::optional<std::string>> from_router(const Places& places, const std::string& path,
                                                     Quiet& quiet) {
  auto asked = ask_router(places, path, quiet);
  if (!asked && asked.error().code == base::Errc::not_found) return std::optional<std::string>();
  if (!asked) return asked.error();
  if (asked->status != 200)
    return base::Error{
        base::Errc::not_found,
        message_of(asked->body).value_or("the router answered " + std::to_string(asked->status))};
  return std::optional(std::move(asked->body));
}

int tell(const base::Result<std::string>& body, bool as_json, std::string (*text)(const std::string&)) {
  if (!body) return refuse(body.error());
  fmt::print("{}", as_json ? *body + (body->ends_with('\n') ? "" : "\n") : text(*body));
  return 0;
}

}  // namespace

int explain(ExplainOptions options) {
  keep_memory_private();
  if (!options.json_mode.empty()) {
    options.question.features.json_object = options.json_mode == "object";
    options.question.features.json_schema = options.json_mode == "schema";
  }
  if (!options.at.empty()) {
    options.question.at = surfaces::read_time(options.at);
    if (!options.question.at) return refuse("--at takes a time such as 2026-11-22T18:00Z (UTC)");
  }
  Quiet quiet;
  const std::string path = options.request_id.empty() ? "/v1/explain?" + surfaces::query_of(options.question)
                                                      : "/v1/explain/" + percent_encoded(options.request_id);
  const auto told = from_router(options.places, path, quiet);
  if (!told) return tell(told.error(), options.as_json, explanation_text);
  return tell(*told ? base::Result<std::string>(**told) : explain_here(options, quiet), options.as_json,
              explanation_text);
}

int quota_show(const Places& places, bool as_json) {
  keep_memory_private();
  Quiet quiet;
  const auto told = from_router(places, "/v1/quota", quiet);
  if (!told) return tell(told.error(), as_json, quota_text);
  return tell(*told ? base::Result<std::string>(**told) : quota_here(places, quiet), as_json, quota_text);
}

}  // namespace freellmapi::cli
