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

/// The machine's, and ahead of it by what fetches have let pass.
class ClockAhead final : public base::Clock {
 public:
  base::Instant steady() const noexcept override { return clock_.steady() + ahead_; }
  base::Instant since_boot() const noexcept override { return clock_.since_boot() + ahead_; }
  base::WallTime wall() const noexcept override { return clock_.wall() + ahead_; }
  void pass(milliseconds time) noexcept { ahead_ += time; }

 private:
  base::SystemClock clock_;
  milliseconds ahead_{0};
};

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
    result.told_of_end = call.ended();
    if (spec.on_piece) spec.on_piece(*piece, call.at_hand());
    if (!spec.leave_at.empty() && result.body.find(spec.leave_at) != std::string::npos) co_return;
  }
  result.whole = true;
}

Task<void> fetch_one(Core& core, ClockAhead& clock, const Fetch& spec, Fetched& result) {
  if (spec.before) spec.before();
  clock.pass(spec.rests);
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

void run(const UpstreamOptions& options, const std::function<Task<void>(Core&, ClockAhead&)>& body) {
  ClockAhead clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  const auto ran = run_on_core(clock, log, options, [&](Core& core) { return body(core, clock); });
  if (!ran) throw std::runtime_error(ran.error().text());
}

Task<void> fetch_in_turn(Core& core, ClockAhead& clock, const std::vector<Fetch>& fetches,
                         std::vector<Fetched>& results) {
  for (std::size_t i = 0; i < fetches.size(); ++i) co_await fetch_one(core, clock, fetches[i], results[i]);
}

Task<void> fetch_counted(Core& core, ClockAhead& clock, const Fetch& spec, Fetched& result,
                         std::size_t& left) {
  struct Counted {
    ~Counted() { --left; }
    std::size_t& left;
  };
  const Counted counted{left};
  co_await fetch_one(core, clock, spec, result);
}

Task<void> fetch_side_by_side(Core& core, ClockAhead& clock, const std::vector<Fetch>& fetches,
                              std::vector<Fetched>& results) {
  std::size_t left = fetches.size();
  for (std::size_t i = 0; i < fetches.size(); ++i) {
    spawn(core, "fetch", fetch_counted(core, clock, fetches[i], results[i], left));
  }
  while (left != 0) {
    const base::Instant next = core.clock().steady() + milliseconds{10};
    co_await core.sleep_until(next);
  }
}

}  // namespace

std::vector<Fetched> fetch_all(const std::vector<Fetch>& fetches, const UpstreamOptions& options) {
  std::vector<Fetched> results(fetches.size());
  run(options, [&](Core& core, ClockAhead& clock) { return fetch_in_turn(core, clock, fetches, results); });
  return results;
}

std::vector<Fetched> fetch_together(const std::vector<Fetch>& fetches, const UpstreamOptions& options) {
  std::vector<Fetched> results(fetches.size());
  run(options,
      [&](Core& core, ClockAhead& clock) { return fetch_side_by_side(core, clock, fetches, results); });
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
