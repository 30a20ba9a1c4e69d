// Breaks the ABI's rules in the way the model's name says: what does the host make of it?
#include <freellmapi/abi.h>

#include <chrono>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

freellm_str str(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(freellm_str s) { return {s.data, s.size}; }

constexpr std::string_view manifest = R"(manifest: 1
id: unruly
base_url: http://127.0.0.1:1/v1
models:
  well-behaved: {kind: chat}
  throws-at-the-request: {kind: chat}
  throws-at-the-answer: {kind: chat}
  throws-at-the-error: {kind: chat}
  writes-past-its-memory: {kind: chat}
  emits-nonsense: {kind: chat}
  holds-the-core: {kind: chat}
)";

struct Parser {
  char model[64];
  bool told;
};

freellm_status build_request(const freellm_provider*, const freellm_call* call, freellm_request_out* out) {
  if (view(call->model) == "throws-at-the-request") throw std::runtime_error("unruly");
  out->target(out, str("POST"), str("/chat/completions"));
  out->header(out, str("content-type"), str("application/json"));
  const std::string body =
      R"({"model":")" + std::string(view(call->model)) + R"(","messages":[{"role":"user","content":"hi"}]})";
  return out->body(out, body.data(), body.size());
}

freellm_status parser_open(const freellm_provider*, void* memory, const freellm_call* call,
                           const freellm_head*) {
  auto* parser = ::new (memory) Parser{};
  std::memcpy(parser->model, call->model.data, call->model.size < 63 ? call->model.size : 63);
  return FREELLM_OK;
}

freellm_status say(freellm_events_out* out, std::string_view text) {
  freellm_ev_text event{};
  event.h = {sizeof event, FREELLM_EV_TEXT, 0};
  event.text = str(text);
  return out->emit(out, &event.h);
}

freellm_status parser_feed(void* memory, const void*, std::size_t, freellm_events_out* out) {
  auto* parser = static_cast<Parser*>(memory);
  if (parser->told) return FREELLM_OK;
  parser->told = true;
  const std::string_view model = parser->model;
  if (model == "throws-at-the-answer") throw std::runtime_error("unruly");
  if (model == "writes-past-its-memory") {
    volatile char* past = static_cast<char*>(memory) + sizeof(Parser);
    for (int i = 0; i < 16; ++i) past[i] = 'x';
    return FREELLM_OK;
  }
  if (model == "emits-nonsense") {
    freellm_event event{4, FREELLM_EV_TEXT, 0};
    return out->emit(out, &event);
  }
  if (model == "holds-the-core") {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1700);
    while (std::chrono::steady_clock::now() < until) {
    }
  }
  return say(out, "unruly, yet here");
}

freellm_status parser_finish(void*, freellm_events_out* out) {
  freellm_ev_finish event{};
  event.h = {sizeof event, FREELLM_EV_FINISH, 0};
  event.reason = str("stop");
  return out->emit(out, &event.h);
}

// It knows nothing of a 418, and throws at all others.
freellm_status classify_error(const freellm_provider*, const freellm_head* head, freellm_str, std::int64_t,
                              freellm_outcome*) {
  if (head->http_status != 418) throw std::runtime_error("unruly");
  return FREELLM_OK;
}

const freellm_provider* provider(std::uint32_t) {
  static const freellm_provider table = [] {
    freellm_provider t{};
    t.size = sizeof t;
    t.id = str("unruly");
    t.manifest = str(manifest);
    t.build_request = &build_request;
    t.parser_size = sizeof(Parser);
    t.parser_align = alignof(Parser);
    t.parser_open = &parser_open;
    t.parser_feed = &parser_feed;
    t.parser_finish = &parser_finish;
    t.parser_close = [](void*) {};
    t.classify_error = &classify_error;
    return t;
  }();
  return &table;
}

}  // namespace

extern "C" FREELLM_EXPORT const freellm_plugin freellm_plugin_v1 = {
    sizeof(freellm_plugin),          FREELLM_ABI_MAJOR, FREELLM_ABI_MINOR, 0, 0, {"1.0.0", 5}, nullptr,
    [] { return std::uint32_t{1}; }, &provider};
