#include "surfaces/front/front.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "relay/relay.hpp"
#include "surfaces/openai/error.hpp"

namespace freellmapi::surfaces {

struct FrontDoor::Match {
  const Route* route = nullptr;
  bool path_known = false;
  std::string allow;  ///< the methods of that path, when the method is not among them
};

namespace {

using std::chrono::microseconds;

bool path_matches(const Route& route, std::string_view path) {
  if (!route.path.ends_with('/')) return path == route.path;
  return path.size() > route.path.size() && path.starts_with(route.path);
}

bool method_matches(const Route& route, std::string_view method) {
  return method == route.method || (route.method == "GET" && method == "HEAD");
}

/// application/json with any parameters, or no content type at all: some clients forget it.
bool is_json(std::string_view content_type) {
  if (content_type == "application/json") return true;
  const std::string_view type = base::trim(content_type.substr(0, content_type.find(';')));
  return type.empty() || base::equal_ignoring_case(type, "application/json");
}

/// In one walk. Of several fields of one name the first counts.
Asked asked_in(const net::RequestHead& head) {
  Asked asked;
  const auto take = [](const net::Field& field, std::string_view name, std::string_view& value) {
    if (field.name == name && value.data() == nullptr) value = field.value;
  };
  for (const net::Field& field : head.fields) {
    switch (field.name.size()) {
      case 6:
        take(field, "origin", asked.origin);
        break;
      case 12:
        take(field, "content-type", asked.content_type);
        take(field, "x-request-id", asked.request_id);
        take(field, "x-session-id", asked.session_id);
        break;
      case 17:
        take(field, "x-continue-stream", asked.continue_stream);
        break;
      default:
        break;
    }
  }
  return asked;
}

void add_cors(std::string_view origin, net::AnswerFields& common) {
  if (origin.empty() || !is_loopback_origin(origin)) return;
  common.add("Access-Control-Allow-Origin", origin);
  common.add("Vary", "Origin");
  common.add("Access-Control-Expose-Headers",
             "X-Request-Id, X-Routed-Via, X-Fallback-Attempts, X-Fallback-Trail, X-Policy-Version, "
             "Retry-After, Server-Timing");
}

void add_preflight(const net::RequestHead& head, net::AnswerFields& fields) {
  fields.add("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  const std::string_view wanted = head.get("access-control-request-headers");
  if (!wanted.empty()) fields.add("Access-Control-Allow-Headers", base::printable(wanted, 1000));
  fields.add("Access-Control-Max-Age", "600");
}

}  // namespace

FrontDoor::FrontDoor(KeyGate gate, std::vector<Route> routes, const base::Log& log, const base::Clock& clock)
    : gate_(std::move(gate)),
      routes_(std::move(routes)),
      counted_as_(routes_.size() + 1),
      log_(log),
      clock_(clock) {}

void FrontDoor::set_gate(KeyGate gate) {
  const std::lock_guard lock(gate_mutex_);
  gate_ = std::move(gate);
}

KeyGate::Verdict FrontDoor::judge(const net::RequestHead& head) const {
  const std::lock_guard lock(gate_mutex_);
  return gate_.judge(head);
}

FrontDoor::Match FrontDoor::match(std::string_view path, std::string_view method) const {
  Match found;
  for (const Route& route : routes_) {
    if (!path_matches(route, path)) continue;
    found.path_known = true;
    if (method_matches(route, method)) {
      found.route = &route;
      return found;
    }
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += route.method == "GET" ? "GET, HEAD" : std::string(route.method);
  }
  if (found.path_known) found.allow += ", OPTIONS";
  return found;
}

/// Why a request goes no further than this door. Status 204: it is a browser's question what it may send.
struct FrontDoor::Refusal {
  int status = 0;
  std::string_view type, code;
  std::string message;
  std::string allow = {};  ///< the methods of the path
};

net::Task<void> FrontDoor::refuse(Incoming& incoming, Refusal refusal) {
  relay::Failure failure;
  failure.status = refusal.status;
  failure.type = refusal.type;
  failure.code = refusal.code;
  failure.message = std::move(refusal.message);
  relay::Reply reply = openai::error_reply(incoming.record.request_id, failure);
  if (refusal.status == 401) reply.fields.add("WWW-Authenticate", "Bearer");
  if (!refusal.allow.empty()) reply.fields.add("Allow", refusal.allow);
  incoming.refused = true;
  incoming.record.status = refusal.status;
  incoming.record.code = refusal.code;
  incoming.record.response_bytes = reply.body.size();
  co_await relay::send(incoming.exchange, reply, incoming.common);
}

net::Task<void> FrontDoor::preflight(Incoming& incoming, std::string_view allow) {
  net::AnswerFields fields = incoming.common;
  add_preflight(incoming.exchange.head(), fields);
  fields.add("Allow", allow);
  incoming.record.status = 204;
  co_await incoming.exchange.respond(204, fields, std::string_view());
}

// What the head alone tells.
std::optional<FrontDoor::Refusal> FrontDoor::objection(Incoming& incoming, const Match& found) const {
  const net::RequestHead& head = incoming.exchange.head();
  if (!found.path_known) {
    return Refusal{404, "not_found_error", "unknown_url",
                   fmt::format("There is no {} here. The API begins at /v1.", base::printable(head.path))};
  }
  if (!found.route) {
    return Refusal{405, "invalid_request_error", "method_not_allowed",
                   fmt::format("{} takes {}.", base::printable(head.path), found.allow), found.allow};
  }
  const Route& route = *found.route;
  incoming.record.surface = route.surface;
  incoming.record.surface_number = counted_as_[static_cast<std::size_t>(&route - routes_.data())];
  if (route.path.ends_with('/')) incoming.rest = head.path.substr(route.path.size());

  if (route.access == Access::key) {
    switch (judge(head)) {
      case KeyGate::Verdict::open:
        break;
      case KeyGate::Verdict::ambiguous:
        return Refusal{400, "invalid_request_error", "ambiguous_credentials",
                       "The request carries several keys that differ. Send one."};
      case KeyGate::Verdict::missing:
        return Refusal{
            401, "authentication_error", "invalid_api_key",
            "No key. Send 'Authorization: Bearer freellmapi-...'; `freellmapi unified-key show` prints it."};
      case KeyGate::Verdict::wrong:
        return Refusal{401, "authentication_error", "invalid_api_key",
                       "That is not this router's key. `freellmapi unified-key show` prints it."};
    }
  }
  if (route.method == "POST" && !is_json(incoming.asked.content_type)) {
    return Refusal{415, "invalid_request_error", "unsupported_media_type",
                   "Send the body as JSON, with 'Content-Type: application/json'."};
  }
  return std::nullopt;
}

// Null: the refusal says why.
const Route* FrontDoor::enter(Incoming& incoming, std::unique_ptr<Refusal>& refusal) const {
  const net::RequestHead& head = incoming.exchange.head();
  incoming.asked = asked_in(head);
  relay::Record& record = incoming.record;
  record.surface = "http";
  record.surface_number = counted_as_.back();
  Match found = match(head.path, head.method);
  if (head.method == "OPTIONS" && found.path_known) {
    refusal = std::make_unique<Refusal>(Refusal{204, {}, {}, {}, std::move(found.allow)});
  } else if (auto objects = objection(incoming, found)) {
    refusal = std::make_unique<Refusal>(std::move(*objects));
  }
  const base::Moment present = clock_.moment();
  if (!refusal && found.route->access == Access::key)
    record.admitted = std::chrono::duration_cast<microseconds>(present.steady - incoming.exchange.started());
  record.id_is_ours = !base::is_plain_id(incoming.asked.request_id);
  record.request_id =
      record.id_is_ours ? base::make_timed_id("req_", present.wall) : std::string(incoming.asked.request_id);
  incoming.common.reserve(net::AnswerFields::usual_most);
  incoming.common.add("X-Request-Id", record.request_id);
  add_cors(incoming.asked.origin, incoming.common);
  return refusal ? nullptr : found.route;
}

net::Task<void> FrontDoor::handle(net::Exchange& exchange, net::Core& core) {
  Incoming incoming{exchange, core};
  std::unique_ptr<Refusal> refusal;
  const Route* const route = enter(incoming, refusal);
  if (route != nullptr && route->method == "POST") {
    const auto body = co_await exchange.read_body();
    if (body) {
      incoming.body = *body;
      incoming.record.request_bytes = incoming.body->size();
    } else {
      const net::BodyRefusal& why = exchange.refusal();
      refusal =
          std::make_unique<Refusal>(Refusal{why.status, "invalid_request_error", why.code, why.message});
    }
  }
  if (!refusal) {
    co_await route->endpoint.handle(incoming);
  } else if (refusal->status == 204) {
    co_await preflight(incoming, refusal->allow);
  } else {
    co_await refuse(incoming, std::move(*refusal));
  }
  const base::Moment ended = clock_.moment();
  co_await core.turn().at(net::Step::account);
  write_log(incoming, ended);
}

void FrontDoor::count_with(relay::Meter& meter) {
  for (std::size_t i = 0; i < routes_.size(); ++i)
    counted_as_[i] = routes_[i].surface.empty() ? 0 : meter.learn_surface(routes_[i].surface);
  counted_as_.back() = meter.learn_surface("http");
  meter_ = &meter;
}

void FrontDoor::write_log(const Incoming& incoming, const base::Moment& ended) {
  const relay::Record& r = incoming.record;
  if (r.surface.empty() && r.status < 400) return;
  const auto total = std::chrono::duration_cast<microseconds>(ended.steady - incoming.exchange.started());
  if (meter_) meter_->request(incoming.core.index(), r, total);
  // What the client made up may hold anything.
  const base::Field id =
      r.id_is_ours ? base::Field("id", base::Plain{r.request_id}) : base::Field("id", r.request_id);
  if (incoming.refused) {
    const auto more = refusals_.count(r.code, incoming.exchange.peer(), ended.steady);
    if (!more) return;
    log_.record("request.refused", {id,
                                    {"surface", r.surface},
                                    {"path", incoming.exchange.head().path},
                                    {"status", r.status},
                                    {"code", r.code},
                                    {"more", *more},
                                    {"peer", incoming.exchange.peer()}});
    return;
  }
  if (sink_ && !r.surface.empty()) sink_->keep(r, ended.wall, total);
  if (r.provider.empty()) {
    log_.record("request.done", {id,
                                 {"surface", r.surface},
                                 {"path", incoming.exchange.head().path},
                                 {"status", r.status},
                                 {"code", r.code},
                                 {"model", r.asked},
                                 {"attempts", r.attempts},
                                 {"trail", r.trail},
                                 {"ms", total},
                                 {"peer", incoming.exchange.peer()}});
    return;
  }
  log_.record("request.done", {id,
                               {"surface", r.surface},
                               {"status", r.status},
                               {"code", r.code},
                               {"model", r.asked},
                               {"routed", r.routed},
                               {"key", r.key},
                               {"attempts", r.attempts},
                               {"trail", r.trail},
                               {"stream", r.streamed},
                               {"first_token_ms", r.first_token.value_or(std::chrono::milliseconds{-1})},
                               {"ms", total},
                               {"in", r.input_tokens},
                               {"out", r.output_tokens},
                               {"request_bytes", r.request_bytes},
                               {"response_bytes", r.response_bytes},
                               {"peer", incoming.exchange.peer()}});
}

}  // namespace freellmapi::surfaces
