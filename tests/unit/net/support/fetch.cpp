#include "support/fetch.hpp"

#include <ostream>
#include <stdexcept>

#include "net/local_core.hpp"
#include "net/loop.hpp"

namespace freellmapi::net {
void PrintTo(Fault fault, std::ostream* out) { *out << name(fault); }
}  // namespace freellmapi::net

namespace freellmapi::net::testing {

namespace {

using std::chrono::milliseconds;

void spawn(Core& core, const char* name, Task<void> task) {
  static_cast<LocalCore&>(core).spawn(name, std::move(task));
}

Task<void> cancel_later(Core& core, milliseconds after, std::shared_ptr<Canceller> canceller) {
  const base::Instant when = core.clock().steady() + after;
  co_await core.sleep_until(when);
  canceller->cancel();
}

Task<void> read_answer(UpstreamCall& call, const Fetch& spec, Fetched& result) {
  result.status = call.status();
  result.reused = call.reused();
  for (const Field& field : call.fields()) result.fields.emplace_back(field.name, field.value);
  for (;;) {
    const auto piece = co_await call.read();
    if (!piece) {
      result.fault = call.error().fault;
      result.detail = call.error().detail;
      co_return;
    }
    if (piece->empty()) break;
    result.body += *piece;
    if (spec.on_piece) spec.on_piece(*piece, call.at_hand());
    if (!spec.leave_at.empty() && result.body.find(spec.leave_at) != std::string::npos) co_return;
  }
  result.whole = true;
}

Task<void> fetch_one(Core& core, const Fetch& spec, Fetched& result) {
  if (spec.before) spec.before();
  const auto canceller = std::make_shared<Canceller>();
  if (spec.cancel_before) canceller->cancel();
  if (spec.cancel_after) {
    spawn(core, "cancel_later", cancel_later(core, *spec.cancel_after, canceller));
  }
  std::vector<OutgoingField> fields;
  for (const auto& [field_name, value] : spec.fields) {
    OutgoingField field;
    field.name = field_name;
    field.value = value;
    fields.push_back(field);
  }
  const std::vector<std::string_view> body(spec.body.begin(), spec.body.end());
  OutgoingRequest request;
  request.method = spec.method;
  request.path = spec.path;
  request.fields = fields;
  request.body = body;
  request.over = spec.over;
  request.departure = spec.departure;
  const base::Instant begun = core.clock().steady();
  CallError error;
  auto call =
      co_await core.upstream().call(spec.origin, request, spec.deadlines, spec.stream, *canceller, error);
  if (call) {
    co_await read_answer(*call, spec, result);
    call.reset();
  } else {
    result.fault = error.fault;
    result.detail = error.detail;
    result.kept = error.kept;
    result.unsent = error.unsent;
  }
  result.took = std::chrono::duration_cast<milliseconds>(core.clock().steady() - begun);
  result.idle = core.upstream().idle();
}

void run(const UpstreamOptions& options, const std::function<Task<void>(Core&)>& body) {
  const base::SystemClock clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  const auto ran = run_on_core(clock, log, options, body);
  if (!ran) throw std::runtime_error(ran.error().text());
}

Task<void> fetch_in_turn(Core& core, const std::vector<Fetch>& fetches, std::vector<Fetched>& results) {
  for (std::size_t i = 0; i < fetches.size(); ++i) co_await fetch_one(core, fetches[i], results[i]);
}

Task<void> fetch_counted(Core& core, const Fetch& spec, Fetched& result, std::size_t& left) {
  struct Counted {
    ~Counted() { --left; }
    std::size_t& left;
  };
  const Counted counted{left};
  co_await fetch_one(core, spec, result);
}

Task<void> fetch_side_by_side(Core& core, const std::vector<Fetch>& fetches, std::vector<Fetched>& results) {
  std::size_t left = fetches.size();
  for (std::size_t i = 0; i < fetches.size(); ++i) {
    spawn(core, "fetch", fetch_counted(core, fetches[i], results[i], left));
  }
  while (left != 0) {
    const base::Instant next = core.clock().steady() + milliseconds{10};
    co_await core.sleep_until(next);
  }
}

}  // namespace

std::vector<Fetched> fetch_all(const std::vector<Fetch>& fetches, const UpstreamOptions& options) {
  std::vector<Fetched> results(fetches.size());
  run(options, [&](Core& core) { return fetch_in_turn(core, fetches, results); });
  return results;
}

std::vector<Fetched> fetch_together(const std::vector<Fetch>& fetches, const UpstreamOptions& options) {
  std::vector<Fetched> results(fetches.size());
  run(options, [&](Core& core) { return fetch_side_by_side(core, fetches, results); });
  return results;
}

Fetched fetch(const Fetch& one, const UpstreamOptions& options) { return fetch_all({one}, options).front(); }

Origin local_origin(std::uint16_t port) {
  Origin origin;
  origin.tls = false;
  origin.host = "127.0.0.1";
  origin.port = port;
  origin.local_allowed = true;
  return origin;
}

}  // namespace freellmapi::net::testing
