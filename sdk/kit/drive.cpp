#include "kit/drive.hpp"

#include <freellmapi/ext/local.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>

#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

std::string_view view(freellm_str s) {
  return s.size == 0 ? std::string_view{} : std::string_view{s.data, s.size};
}

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

// An exception must not run through the plugin: it is kept and thrown when the plugin has returned.
struct Recorder {
  Parsed parsed;
  std::string fault;
  freellm_events_out out{};

  Recorder() {
    out.size = sizeof out;
    out.ctx = this;
    out.emit = [](freellm_events_out* o, const freellm_event* event) -> freellm_status {
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
};

struct RequestSink {
  std::string method, path, body;
  json::object headers;
  json::value credential, bound;
  std::size_t pieces = 0;
  freellm_request_out out{};

  RequestSink() {
    out.size = sizeof out;
    out.ctx = this;
    out.target = [](freellm_request_out* o, freellm_str verb, freellm_str where) -> freellm_status {
      auto& self = *static_cast<RequestSink*>(o->ctx);
      self.method = view(verb);
      self.path = view(where);
      return FREELLM_OK;
    };
    out.header = [](freellm_request_out* o, freellm_str name, freellm_str value) -> freellm_status {
      static_cast<RequestSink*>(o->ctx)->headers[view(name)] = view(value);
      return FREELLM_OK;
    };
    out.credential = [](freellm_request_out* o, freellm_str name, freellm_str prefix,
                        std::uint32_t part) -> freellm_status {
      static_cast<RequestSink*>(o->ctx)->credential =
          json::object{{"name", view(name)}, {"prefix", view(prefix)}, {"part", part}};
      return FREELLM_OK;
    };
    out.body = [](freellm_request_out* o, const void* data, std::size_t n) -> freellm_status {
      auto& self = *static_cast<RequestSink*>(o->ctx);
      self.body.append(static_cast<const char*>(data), n);
      ++self.pieces;
      return FREELLM_OK;
    };
    out.output_bound = [](freellm_request_out* o, std::uint64_t tokens) -> freellm_status {
      static_cast<RequestSink*>(o->ctx)->bound = tokens;
      return FREELLM_OK;
    };
  }
};

}  // namespace

Parsed parse(const freellm_provider& provider, const Fixture& fixture, const Answer& answer,
             const std::vector<std::string_view>& pieces) {
  const std::size_t align = provider.parser_align;
  const std::unique_ptr<void, decltype(&std::free)> memory(
      std::aligned_alloc(align, (provider.parser_size + align - 1) / align * align), &std::free);
  Recorder recorder;
  {
    // The call and the head are the host's during open alone.
    const HostCall call(fixture);
    const HostHead head(answer);
    const freellm_status status = provider.parser_open(&provider, memory.get(), call.get(), head.get());
    if (status < 0) {
      recorder.parsed.end = status_word(status);
      return recorder.parsed;
    }
  }
  freellm_status status = FREELLM_OK;
  for (const std::string_view piece : pieces) {
    const std::string own(piece);  // so that a view kept too long is seen by the sanitizer
    status = provider.parser_feed(memory.get(), own.data(), own.size(), &recorder.out);
    if (status < 0) break;
  }
  if (status >= 0) status = provider.parser_finish(memory.get(), &recorder.out);
  provider.parser_close(memory.get());
  if (!recorder.fault.empty()) throw std::runtime_error(recorder.fault);
  recorder.parsed.end = status_word(status);
  return recorder.parsed;
}

Parsed answer_locally(const freellm_provider& provider, const Fixture& fixture) {
  const auto* const local =
      provider.get_extension == nullptr
          ? nullptr
          : static_cast<const freellm_local*>(provider.get_extension(&provider, text(FREELLM_EXT_LOCAL)));
  if (local == nullptr) throw std::runtime_error("events.json without response.http");
  Recorder recorder;
  const HostCall call(fixture);
  const freellm_status status = local->answer(&provider, call.get(), &recorder.out);
  if (!recorder.fault.empty()) throw std::runtime_error(recorder.fault);
  recorder.parsed.end = status_word(status);
  return recorder.parsed;
}

json::object build(const freellm_provider& provider, const Fixture& fixture) {
  const HostCall call(fixture);
  RequestSink sink;
  const freellm_status status = provider.build_request(&provider, call.get(), &sink.out);
  if (status < 0) return {{"error", status_word(status)}};
  json::error_code error;
  const json::value body = json::parse(sink.body, error);
  if (error) throw std::runtime_error("the body is no JSON (" + error.message() + "): " + sink.body);
  return {{"method", sink.method},         {"path", sink.path}, {"headers", sink.headers},
          {"credential", sink.credential}, {"body", body},      {"output_bound", sink.bound},
          {"pieces", sink.pieces},         {"text", sink.body}};
}

json::value probe(const freellm_provider& provider) {
  if (provider.build_probe == nullptr) return nullptr;
  RequestSink sink;
  const freellm_status status = provider.build_probe(&provider, &sink.out);
  if (status < 0) throw std::runtime_error("build_probe: " + status_word(status));
  return json::object{{"method", sink.method},
                      {"path", sink.path},
                      {"headers", sink.headers},
                      {"credential", sink.credential}};
}

json::object classify(const freellm_provider& provider, const Fixture& fixture, const Answer& answer) {
  const HostHead head(answer);
  freellm_outcome outcome = blank_outcome();
  const freellm_status status =
      provider.classify_error(&provider, head.get(), text(answer.body), fixture.now_unix_ms, &outcome);
  if (status < 0) throw std::runtime_error("classify_error: " + status_word(status));
  return outcome_json(outcome);
}

json::array read_limits(const freellm_provider& provider, const Fixture& fixture, const Answer& answer) {
  if (provider.read_limits == nullptr) return {};
  const HostHead head(answer);
  freellm_window windows[32] = {};
  std::size_t count = 0;
  const freellm_status status =
      provider.read_limits(&provider, head.get(), fixture.now_unix_ms, windows, std::size(windows), &count);
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
