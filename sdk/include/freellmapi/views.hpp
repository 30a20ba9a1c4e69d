// freellmapi/views.hpp - small C++ views over the structs of abi.h. They own nothing and live for one call.
#pragma once

#include <freellmapi/abi.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace freellmapi::sdk {

inline constexpr std::uint64_t not_said = UINT64_MAX;

constexpr std::string_view view(freellm_str s) noexcept {
  return s.data == nullptr ? std::string_view{} : std::string_view{s.data, s.size};
}
constexpr freellm_str str(std::string_view s) noexcept { return {s.data(), s.size()}; }

/// Thrown by plugin code to leave early with a status; the barrier turns it back into the status.
struct Failure {
  freellm_status status;
};
inline void check(freellm_status status) {
  if (status < 0) throw Failure{status};
}

/// The call as the host gives it.
class Call {
 public:
  explicit Call(const freellm_call& call) noexcept : call_(call) {}
  /// One of FREELLM_CALL_...
  bool has(std::uint32_t flag) const noexcept { return (call_.flags & flag) != 0; }
  /// One of FREELLM_MODEL_...
  bool model_can(std::uint32_t flag) const noexcept { return (call_.model_flags & flag) != 0; }
  bool streams() const noexcept { return has(FREELLM_CALL_STREAM); }
  /// The provider's own name of the chosen model.
  std::string_view model() const noexcept { return view(call_.model); }
  std::string_view body() const noexcept { return view(call_.body); }
  std::span<const freellm_member> members() const noexcept { return {call_.members, call_.member_count}; }
  /// The JSON text of a top-level member's value. An explicit null is "not there".
  std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const freellm_member& m : members())
      if (view(m.name) == name) return view(m.value) == "null" ? std::nullopt : std::optional(view(m.value));
    return std::nullopt;
  }
  /// The most tokens to ask for: the client's word, cut to the model's limit, or the quota's; 0: no bound.
  std::uint64_t max_output_tokens() const noexcept { return call_.max_output_tokens; }
  /// For ids that the plugin makes.
  std::uint64_t seed() const noexcept { return call_.seed; }
  /// The model's window; 0: unknown.
  std::uint64_t context_tokens() const noexcept { return call_.context_tokens; }
  const freellm_call& raw() const noexcept { return call_; }

 private:
  const freellm_call& call_;
};

/// Status and header fields of an answer. Names are asked for in lower case.
class Headers {
 public:
  explicit Headers(const freellm_head& head) noexcept : head_(head) {}
  int status() const noexcept { return head_.http_status; }
  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view lower_name) const noexcept {
    for (std::size_t i = 0; i < head_.header_count; ++i)
      if (view(head_.headers[i].name) == lower_name) return view(head_.headers[i].value);
    return std::nullopt;
  }
  /// The field as a whole number; nothing when it is not one. A fraction is cut off ("12.0" is 12).
  std::optional<std::uint64_t> number(std::string_view lower_name) const noexcept {
    const auto text = find(lower_name);
    if (!text) return std::nullopt;
    std::uint64_t n = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, n);
    if (error != std::errc{} || (stop != end && *stop != '.')) return std::nullopt;
    return n;
  }

 private:
  const freellm_head& head_;
};

/// Where a request is written. Each function throws Failure when the host refuses.
class RequestOut {
 public:
  explicit RequestOut(freellm_request_out& out) noexcept : out_(out) {}
  void target(std::string_view method, std::string_view path) {
    check(out_.target(&out_, str(method), str(path)));
  }
  void header(std::string_view name, std::string_view value) {
    check(out_.header(&out_, str(name), str(value)));
  }
  /// The host writes `name: prefix<secret>`; part 0 is the whole key, 1 and 2 stand around its first ':'.
  void credential(std::string_view name, std::string_view prefix, std::uint32_t part = 0) {
    check(out_.credential(&out_, str(name), str(prefix), part));
  }
  /// Appends to the body; bytes inside Call::body are sent from there, all others are copied.
  void body(std::string_view bytes) {
    if (!bytes.empty()) check(out_.body(&out_, bytes.data(), bytes.size()));
  }
  /// The most output tokens this request can be billed for.
  void output_bound(std::uint64_t tokens) { check(out_.output_bound(&out_, tokens)); }

 private:
  freellm_request_out& out_;
};

/// Tokens as billed.
struct Usage {
  std::uint64_t input = not_said, output = not_said, cached = not_said, reasoning = not_said;
  friend bool operator==(const Usage&, const Usage&) = default;
};

/// An outcome as the host would hand it over, for errors inside a 200.
inline freellm_outcome fresh_outcome() noexcept {
  freellm_outcome o{};
  o.size = sizeof(freellm_outcome);
  o.retry_after_ms = -1;
  o.reset_unix_ms = -1;
  return o;
}

/// Where events go. Each function throws Failure when the host asks to stop.
class EventsOut {
 public:
  explicit EventsOut(freellm_events_out& out) noexcept : out_(out) {}
  void text(std::string_view s) { piece(FREELLM_EV_TEXT, s); }
  void reasoning(std::string_view s) { piece(FREELLM_EV_REASONING, s); }
  void refusal(std::string_view s) { piece(FREELLM_EV_REFUSAL, s); }
  /// The first piece of an index carries the name. `extra` is a JSON object or "".
  void tool(std::uint32_t index, std::string_view id, std::string_view name, std::string_view arguments,
            std::string_view extra = {}) {
    freellm_ev_tool e{};
    e.h = head(FREELLM_EV_TOOL, sizeof e);
    e.index = index;
    e.id = str(id);
    e.name = str(name);
    e.arguments = str(arguments);
    e.extra = str(extra);
    emit(e.h);
  }
  void usage(const Usage& u) {
    freellm_ev_usage e{};
    e.h = head(FREELLM_EV_USAGE, sizeof e);
    e.input_tokens = u.input;
    e.output_tokens = u.output;
    e.cached_tokens = u.cached;
    e.reasoning_tokens = u.reasoning;
    emit(e.h);
  }
  /// stop, length, tool_calls or content_filter.
  void finish(std::string_view reason) {
    freellm_ev_finish e{};
    e.h = head(FREELLM_EV_FINISH, sizeof e);
    e.reason = str(reason);
    emit(e.h);
  }
  /// Nothing may follow.
  void error(const freellm_outcome& outcome) {
    freellm_ev_error e{};
    e.h = head(FREELLM_EV_ERROR, sizeof e);
    e.outcome = &outcome;
    emit(e.h);
  }
  /// `place` is FREELLM_EXTRA_CHOICE or FREELLM_EXTRA_ANSWER; `json` is the member's value.
  void extra(std::uint32_t place, std::string_view name, std::string_view json) {
    freellm_ev_extra e{};
    e.h = head(FREELLM_EV_EXTRA, sizeof e);
    e.place = place;
    e.name = str(name);
    e.json = str(json);
    emit(e.h);
  }
  /// An event as another parser made it, for who stands between that parser and the host.
  void pass(const freellm_event& event) { emit(event); }

 private:
  static freellm_event head(std::uint16_t type, std::size_t size) noexcept {
    freellm_event h{};
    h.size = static_cast<std::uint32_t>(size);
    h.type = type;
    return h;
  }
  void piece(std::uint16_t type, std::string_view s) {
    if (s.empty()) return;
    freellm_ev_text e{};
    e.h = head(type, sizeof e);
    e.text = str(s);
    emit(e.h);
  }
  void emit(const freellm_event& event) { check(out_.emit(&out_, &event)); }
  freellm_events_out& out_;
};

/// Writes one outcome. Texts are cut at a character and always end with NUL.
class OutcomeOut {
 public:
  explicit OutcomeOut(freellm_outcome& outcome) noexcept : o_(outcome) {}
  void sort(std::uint32_t error_class, bool definite, std::uint32_t scope = FREELLM_SCOPE_DEFAULT) noexcept {
    o_.error_class = error_class;
    o_.definite = definite ? 1 : 0;
    o_.scope = scope;
  }
  void window(std::uint32_t window, std::uint32_t unit) noexcept {
    o_.window = window;
    o_.unit = unit;
  }
  void code(std::string_view text) noexcept { put(o_.code, text); }
  void message(std::string_view text) noexcept { put(o_.message, text); }
  /// The member to drop, or to rename when `rename` is not empty, for one retry in place. A name that does
  /// not fit names nothing.
  void repair(std::string_view field, std::string_view rename = {}) noexcept {
    if (field.size() >= sizeof o_.repair_field || rename.size() >= sizeof o_.repair_rename) return;
    put(o_.repair_field, field);
    put(o_.repair_rename, rename);
  }
  freellm_outcome& raw() noexcept { return o_; }
  const freellm_outcome& raw() const noexcept { return o_; }

 private:
  template <std::size_t N>
  static void put(char (&to)[N], std::string_view text) noexcept {
    std::size_t n = text.size() < N ? text.size() : N - 1;
    if (n < text.size())
      while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) --n;
    if (n > 0) std::memcpy(to, text.data(), n);
    to[n] = '\0';
  }
  freellm_outcome& o_;
};

/// Where a provider's statements about its windows go. What does not fit is left out.
class WindowsOut {
 public:
  WindowsOut(freellm_window* windows, std::size_t capacity) noexcept
      : windows_(windows), capacity_(capacity) {}
  /// `reset_in_ms` counts from now; -1: not said. A window without a number says nothing and is left out.
  void add(std::uint32_t unit, std::uint32_t window, std::uint32_t scope, std::optional<std::uint64_t> limit,
           std::optional<std::uint64_t> remaining, std::int64_t reset_in_ms = -1) noexcept {
    if ((!limit && !remaining) || count_ == capacity_) return;
    windows_[count_++] = {
        unit, window, scope, 0, limit.value_or(not_said), remaining.value_or(not_said), reset_in_ms};
  }
  std::size_t count() const noexcept { return count_; }

 private:
  freellm_window* windows_;
  std::size_t capacity_, count_ = 0;
};

}  // namespace freellmapi::sdk
