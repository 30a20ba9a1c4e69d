#include "kit/drive.hpp"

#include <freellmapi/ext/local.h>
#include <freellmapi/ext/whole.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "kit/crossing.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::size_t answer_most = std::size_t{64} << 20;

void add_text(json::array& events, std::string_view kind, std::string_view piece) {
  if (!events.empty())
    if (json::value* last = events.back().get_object().if_contains(kind)) {
      last->get_string().append(piece);
      return;
    }
  events.push_back(json::object{{kind, piece}});
}

void add_tool(json::array& events, const freellm_ev_tool& e) {
  if (!events.empty())
    if (json::value* last = events.back().get_object().if_contains("tool");
        last != nullptr && last->at("index").to_number<std::uint32_t>() == e.index) {
      last->get_object()["arguments"].get_string().append(view(e.arguments));
      if (e.extra.size > 0) last->get_object()["extra"] = json::parse(view(e.extra));
      if (e.name.size > 0) throw std::runtime_error("a later piece of a tool call has a name again");
      return;
    }
  json::object tool{{"index", e.index}, {"name", view(e.name)}, {"arguments", view(e.arguments)}};
  if (e.id.size > 0) tool["id"] = view(e.id);
  if (e.extra.size > 0) tool["extra"] = json::parse(view(e.extra));
  events.push_back(json::object{{"tool", std::move(tool)}});
}

json::object usage_json(const freellm_ev_usage& e) {
  json::object out;
  const auto say = [&](std::string_view name, std::uint64_t n) {
    if (n != UINT64_MAX) out[name] = n;
  };
  say("input", e.input_tokens);
  say("output", e.output_tokens);
  say("cached", e.cached_tokens);
  say("reasoning", e.reasoning_tokens);
  return out;
}

template <class E>
const E& as(const freellm_event& event) {
  if (event.size < sizeof(E)) throw std::runtime_error("an event is smaller than its type");
  return *reinterpret_cast<const E*>(&event);
}

void record(Parsed& parsed, const freellm_event& event) {
  if (parsed.events.size() > 100'000) throw std::runtime_error("too many events");
  if (!parsed.events.empty() && parsed.events.back().get_object().contains("error"))
    throw std::runtime_error("an event follows an error");
  switch (event.type) {
    case FREELLM_EV_TEXT:
      return add_text(parsed.events, "text", view(as<freellm_ev_text>(event).text));
    case FREELLM_EV_REASONING:
      return add_text(parsed.events, "reasoning", view(as<freellm_ev_text>(event).text));
    case FREELLM_EV_REFUSAL:
      return add_text(parsed.events, "refusal", view(as<freellm_ev_text>(event).text));
    case FREELLM_EV_TOOL:
      return add_tool(parsed.events, as<freellm_ev_tool>(event));
    case FREELLM_EV_USAGE:
      parsed.events.push_back(json::object{{"usage", usage_json(as<freellm_ev_usage>(event))}});
      return;
    case FREELLM_EV_FINISH:
      if (parsed.finished) throw std::runtime_error("a second finish");
      parsed.finished = true;
      parsed.events.push_back(json::object{{"finish", view(as<freellm_ev_finish>(event).reason)}});
      return;
    case FREELLM_EV_ERROR:
      parsed.events.push_back(json::object{{"error", outcome_json(*as<freellm_ev_error>(event).outcome)}});
      return;
    case FREELLM_EV_EXTRA: {
      const auto& e = as<freellm_ev_extra>(event);
      parsed.events.push_back(json::object{
          {"extra", json::object{{"place", e.place == FREELLM_EXTRA_CHOICE ? "choice" : "answer"},
                                 {"name", view(e.name)},
                                 {"json", json::parse(view(e.json))}}}});
      return;
    }
    default:
      throw std::runtime_error("event of type " + std::to_string(event.type));
  }
}

}  // namespace

freellm_outcome blank_outcome() {
  freellm_outcome o{};
  o.size = sizeof o;
  o.retry_after_ms = -1;
  o.reset_unix_ms = -1;
  return o;
}

json::object outcome_json(const freellm_outcome& o) {
  return {{"class", class_word(o.error_class)},
          {"scope", scope_word(o.scope)},
          {"window", window_word(o.window)},
          {"unit", unit_word(o.unit)},
          {"definite", o.definite != 0},
          {"retry_after_ms", o.retry_after_ms},
          {"reset_unix_ms", o.reset_unix_ms},
          {"limit", o.limit},
          {"used", o.used},
          {"requested", o.requested},
          {"repair_field", o.repair_field},
          {"repair_rename", o.repair_rename},
          {"code", o.code},
          {"message", o.message}};
}

json::object head_json(const Written& written) {
  json::object headers;
  for (const auto& [name, value] : written.headers) headers[name] = value;
  json::value credential;
  if (!written.credentials.empty()) {
    const Written::Credential& c = written.credentials.back();
    credential = json::object{{"name", c.name}, {"prefix", c.prefix}, {"part", c.part}};
  }
  return {{"method", written.method},
          {"path", written.path},
          {"headers", std::move(headers)},
          {"credential", std::move(credential)}};
}

Recorder::Recorder() {
  out_.size = sizeof out_;
  out_.ctx = this;
  out_.emit = [](freellm_events_out* o, const freellm_event* event) -> freellm_status {
    auto& self = *static_cast<Recorder*>(o->ctx);
    try {
      record(self.parsed, *event);
      return FREELLM_OK;
    } catch (const std::exception& e) {
      self.fault = e.what();
      return FREELLM_E_STOPPED;
    }
  };
}

ParserMemory::ParserMemory(const freellm_provider& provider) : provider_(provider) {
  const std::size_t size = guard + provider.parser_size + guard;
  memory_.reset(static_cast<unsigned char*>(std::aligned_alloc(guard, (size + guard - 1) / guard * guard)));
  if (!memory_) throw std::runtime_error("no memory for a parser");
  std::memset(memory_.get(), canary, size);
  // A parser that reads what it has not written must not see another answer: the host zeroes it.
  std::memset(memory_.get() + guard, 0, provider.parser_size);
}

ParserMemory::~ParserMemory() { close(); }

freellm_status ParserMemory::open(const freellm_call& call, const freellm_head& head) {
  const freellm_status status = inside(
      "parser_open", [&] { return provider_.parser_open(&provider_, memory_.get() + guard, &call, &head); });
  open_ = status >= 0;
  return status;
}

freellm_status ParserMemory::feed(std::string_view bytes, freellm_events_out* out) {
  return inside("parser_feed", [&] {
    return provider_.parser_feed(memory_.get() + guard, bytes.data(), bytes.size(), out);
  });
}

freellm_status ParserMemory::finish(freellm_events_out* out) {
  return inside("parser_finish", [&] { return provider_.parser_finish(memory_.get() + guard, out); });
}

void ParserMemory::close() {
  if (std::exchange(open_, false)) provider_.parser_close(memory_.get() + guard);
}

bool ParserMemory::intact() const {
  const unsigned char* const end = memory_.get() + guard + provider_.parser_size;
  const auto is_canary = [](unsigned char byte) { return byte == canary; };
  return std::all_of(memory_.get(), memory_.get() + guard, is_canary) &&
         std::all_of(end, end + guard, is_canary);
}

Parsed parse(const freellm_provider& provider, const ClientCall& client, const Answer& answer,
             const std::vector<std::string_view>& pieces) {
  Recorder recorder;
  ParserMemory parser(provider);
  {
    // The call and the head are the host's during open alone.
    const HostCall call(client);
    const HostHead head(answer);
    const freellm_status status = parser.open(*call.get(), *head.get());
    if (status < 0) {
      recorder.parsed.end = status_word(status);
      return recorder.parsed;
    }
  }
  freellm_status status = FREELLM_OK;
  for (const std::string_view piece : pieces) {
    const std::string own(piece);  // so that a view kept too long is seen by the sanitizer
    status = parser.feed(own, recorder.out());
    if (status != FREELLM_OK) break;  // as the host: after FREELLM_DONE nothing is fed
  }
  if (status >= 0) status = parser.finish(recorder.out());
  parser.close();
  if (!recorder.fault.empty()) throw std::runtime_error(recorder.fault);
  if (!parser.intact()) throw std::runtime_error("the parser wrote outside of its parser_size bytes");
  recorder.parsed.end = status_word(std::min<freellm_status>(status, FREELLM_OK));
  return recorder.parsed;
}

std::optional<Parsed> read_at_once(const freellm_provider& provider, const ClientCall& client,
                                   const Answer& answer) {
  const auto* const whole =
      provider.get_extension == nullptr
          ? nullptr
          : static_cast<const freellm_whole*>(provider.get_extension(&provider, text(FREELLM_EXT_WHOLE)));
  if (whole == nullptr) return std::nullopt;
  Recorder recorder;
  const HostCall call(client);
  const HostHead head(answer);
  const freellm_status status = inside("read of freellm.whole/1", [&] {
    return whole->read(&provider, call.get(), head.get(), text(answer.body), recorder.out());
  });
  if (!recorder.fault.empty()) throw std::runtime_error(recorder.fault);
  recorder.parsed.end = status_word(std::min<freellm_status>(status, FREELLM_OK));
  return std::move(recorder.parsed);
}

Parsed answer_locally(const freellm_provider& provider, const ClientCall& client) {
  const auto* const local =
      provider.get_extension == nullptr
          ? nullptr
          : static_cast<const freellm_local*>(provider.get_extension(&provider, text(FREELLM_EXT_LOCAL)));
  if (local == nullptr) throw std::runtime_error("events.json without response.http");
  Recorder recorder;
  const HostCall call(client);
  const freellm_status status = local->answer(&provider, call.get(), recorder.out());
  if (!recorder.fault.empty()) throw std::runtime_error(recorder.fault);
  recorder.parsed.end = status_word(status);
  return recorder.parsed;
}

json::object build(const freellm_provider& provider, const ClientCall& client) {
  const HostCall call(client);
  const Written written = client.endpoint == 0 ? write_request(provider, *call.get())
                                               : write_request(provider, client.endpoint, *call.get());
  if (written.status < 0) return {{"error", status_word(written.status)}};
  if (client.endpoint != 0 && !written.faults.empty()) throw std::runtime_error(written.faults.front());
  json::error_code error;
  const json::value body = json::parse(written.body, error);
  if (error) throw std::runtime_error("the body is no JSON (" + error.message() + "): " + written.body);
  json::object out = head_json(written);
  out["body"] = body;
  out["output_bound"] = written.output_bound ? json::value(*written.output_bound) : json::value(nullptr);
  out["pieces"] = written.pieces;
  out["text"] = written.body;
  return out;
}

Answered read_answer(const freellm_provider& provider, const ClientCall& client, const Answer& answer) {
  const freellm_endpoints& endpoints = endpoints_of(provider);
  const HostCall call(client);
  const HostHead head(answer);
  Answered answered;
  answered.failure = blank_outcome();
  freellm_answer_out out{};
  out.size = sizeof out;
  out.ctx = &answered;
  out.content_type = [](freellm_answer_out* o, freellm_str type) -> freellm_status {
    Answered& self = *static_cast<Answered*>(o->ctx);
    if (!self.content_type.empty() || !self.body.empty()) return FREELLM_E_INVALID;
    self.content_type = view(type);
    return FREELLM_OK;
  };
  out.body = [](freellm_answer_out* o, const void* data, std::size_t n) -> freellm_status {
    Answered& self = *static_cast<Answered*>(o->ctx);
    if (self.content_type.empty() || n > answer_most - self.body.size()) return FREELLM_E_LIMIT;
    self.body.append(static_cast<const char*>(data), n);
    return FREELLM_OK;
  };
  out.input_tokens = [](freellm_answer_out* o, std::uint64_t tokens) -> freellm_status {
    static_cast<Answered*>(o->ctx)->input_tokens = tokens;
    return FREELLM_OK;
  };
  answered.status = inside("read_answer", [&] {
    return endpoints.read_answer(&provider, client.endpoint, call.get(), head.get(), text(answer.body), &out,
                                 &answered.failure);
  });
  return answered;
}

json::value probe(const freellm_provider& provider) {
  if (provider.build_probe == nullptr) return nullptr;
  const Written written = write_probe(provider);
  // A base class has the function for all; this one is without.
  if (written.status == FREELLM_E_UNSUPPORTED) return nullptr;
  if (written.status < 0) throw std::runtime_error("build_probe: " + status_word(written.status));
  return head_json(written);
}

json::object classify(const freellm_provider& provider, const Answer& answer, std::int64_t now_unix_ms) {
  const HostHead head(answer);
  freellm_outcome outcome = blank_outcome();
  const freellm_status status = inside("classify_error", [&] {
    return provider.classify_error(&provider, head.get(), text(answer.body), now_unix_ms, &outcome);
  });
  if (status < 0) throw std::runtime_error("classify_error: " + status_word(status));
  return outcome_json(outcome);
}

json::array read_limits(const freellm_provider& provider, const Answer& answer, std::int64_t now_unix_ms) {
  if (provider.read_limits == nullptr) return {};
  const HostHead head(answer);
  freellm_window windows[32] = {};
  std::size_t count = 0;
  const freellm_status status = inside("read_limits", [&] {
    return provider.read_limits(&provider, head.get(), now_unix_ms, windows, std::size(windows), &count);
  });
  if (status < 0) throw std::runtime_error("read_limits: " + status_word(status));
  json::array out;
  for (std::size_t i = 0; i < count; ++i) {
    const freellm_window& w = windows[i];
    json::object one{
        {"unit", unit_word(w.unit)}, {"window", window_word(w.window)}, {"scope", scope_word(w.scope)}};
    if (w.limit != UINT64_MAX) one["limit"] = w.limit;
    if (w.remaining != UINT64_MAX) one["remaining"] = w.remaining;
    if (w.reset_in_ms >= 0) one["reset_in_ms"] = w.reset_in_ms;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace freellmapi::kit
