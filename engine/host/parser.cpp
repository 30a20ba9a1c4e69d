#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "host/guard.hpp"
#include "host/provider.hpp"
#include "host/tables.hpp"

namespace freellmapi::host {

namespace {

constexpr std::size_t text_max = 64u * 1024 * 1024;
constexpr std::array<std::string_view, 4> finish_reasons = {"stop", "length", "tool_calls", "content_filter"};

// What version 1.0 had of each event. A smaller one is broken, a larger one comes from a newer plugin.
constexpr std::size_t text_1_0 = offsetof(freellm_ev_text, text) + sizeof(freellm_ev_text::text);
constexpr std::size_t tool_1_0 = offsetof(freellm_ev_tool, extra) + sizeof(freellm_ev_tool::extra);
constexpr std::size_t usage_1_0 =
    offsetof(freellm_ev_usage, reasoning_tokens) + sizeof(freellm_ev_usage::reasoning_tokens);
constexpr std::size_t finish_1_0 = offsetof(freellm_ev_finish, reason) + sizeof(freellm_ev_finish::reason);
// NOLINTNEXTLINE(bugprone-sizeof-expression): the member is a pointer
constexpr std::size_t error_1_0 = offsetof(freellm_ev_error, outcome) + sizeof(freellm_ev_error::outcome);
constexpr std::size_t extra_1_0 = offsetof(freellm_ev_extra, json) + sizeof(freellm_ev_extra::json);
constexpr std::size_t outcome_1_0 = offsetof(freellm_outcome, message) + sizeof(freellm_outcome::message);

bool is_whole(freellm_str text) noexcept {
  return text.size == 0 || (text.data != nullptr && text.size <= text_max);
}

// Stands between the plugin and the sink for the time of one call.
class Gate {
 public:
  Gate(EventSink& sink, bool& errored) : sink_(sink), errored_(errored) {
    out_.size = sizeof out_;
    out_.ctx = this;
    out_.emit = [](freellm_events_out* out, const freellm_event* event) {
      return static_cast<Gate*>(out->ctx)->emit(event);
    };
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  freellm_events_out* out() noexcept { return &out_; }
  /// What went wrong here counts, whatever the plugin made of it.
  freellm_status end(freellm_status plugins) const noexcept {
    if (fault_ < 0) return fault_;
    if (plugins >= 0) return plugins == FREELLM_DONE ? FREELLM_DONE : FREELLM_OK;
    return plugins <= FREELLM_E_INTERNAL ? plugin_fault : plugins;
  }

 private:
  freellm_status emit(const freellm_event* event) noexcept {
    if (fault_ < 0) return fault_;
    try {
      fault_ = judge(event);
    } catch (const std::bad_alloc&) {
      fault_ = FREELLM_E_LIMIT;
    } catch (...) {
      fault_ = FREELLM_E_INTERNAL;
    }
    return fault_;
  }

  freellm_status pass(const freellm_event& event) {
    return sink_.on_event(event) ? FREELLM_OK : FREELLM_E_STOPPED;
  }

  freellm_status judge(const freellm_event* event) {
    if (event == nullptr || event->size < sizeof *event || errored_) return plugin_fault;
    const auto holds = [event](std::size_t size) { return event->size >= size; };
    switch (event->type) {
      case FREELLM_EV_TEXT:
      case FREELLM_EV_REASONING:
      case FREELLM_EV_REFUSAL: {
        const auto* text = reinterpret_cast<const freellm_ev_text*>(event);
        return holds(text_1_0) && is_whole(text->text) ? pass(*event) : plugin_fault;
      }
      case FREELLM_EV_TOOL: {
        const auto* tool = reinterpret_cast<const freellm_ev_tool*>(event);
        const bool good = holds(tool_1_0) && is_whole(tool->id) && is_whole(tool->name) &&
                          is_whole(tool->arguments) && is_whole(tool->extra);
        return good ? pass(*event) : plugin_fault;
      }
      case FREELLM_EV_USAGE:
        return holds(usage_1_0) ? pass(*event) : plugin_fault;
      case FREELLM_EV_FINISH:
        return holds(finish_1_0) ? finish(*reinterpret_cast<const freellm_ev_finish*>(event)) : plugin_fault;
      case FREELLM_EV_ERROR:
        return holds(error_1_0) ? error(*reinterpret_cast<const freellm_ev_error*>(event)) : plugin_fault;
      case FREELLM_EV_EXTRA: {
        if (!holds(extra_1_0)) return plugin_fault;
        const auto* extra = reinterpret_cast<const freellm_ev_extra*>(event);
        if (extra->place > FREELLM_EXTRA_ANSWER) return FREELLM_OK;
        return is_whole(extra->name) && is_whole(extra->json) ? pass(*event) : plugin_fault;
      }
      default:
        return FREELLM_OK;  // of a newer minor
    }
  }

  freellm_status finish(const freellm_ev_finish& event) {
    if (!is_whole(event.reason)) return plugin_fault;
    const std::string_view reason = view(event.reason);
    if (std::find(finish_reasons.begin(), finish_reasons.end(), reason) != finish_reasons.end())
      return pass(event.h);
    freellm_ev_finish known{};
    known.h = {sizeof known, FREELLM_EV_FINISH, event.h.flags};
    known.reason = str("stop");
    return pass(known.h);
  }

  freellm_status error(const freellm_ev_error& event) {
    if (event.outcome == nullptr || event.outcome->size < outcome_1_0) return plugin_fault;
    const freellm_outcome outcome = known_outcome(adopt(event.outcome));
    freellm_ev_error known{};
    known.h = {sizeof known, FREELLM_EV_ERROR, event.h.flags};
    known.outcome = &outcome;
    errored_ = true;
    return pass(known.h);
  }

  EventSink& sink_;
  bool& errored_;
  freellm_events_out out_{};
  freellm_status fault_ = FREELLM_OK;
};

}  // namespace

// The plugin's memory, rounded up to where the fence behind it may stand.
static std::size_t room_of(const freellm_provider& table) noexcept {
  return (table.parser_size + alignof(Fence) - 1) / alignof(Fence) * alignof(Fence);
}
static std::size_t align_of(const freellm_provider& table) noexcept {
  return std::max<std::size_t>(table.parser_align, alignof(Fence));
}
// Aligned here: the allocators take three times as long for memory that they are to align.
static std::size_t slack_of(const freellm_provider& table) noexcept {
  return align_of(table) - std::min<std::size_t>(align_of(table), __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}

static std::byte* behind_fence(void* memory, const freellm_provider& table) noexcept {
  const std::size_t align = align_of(table);
  auto* const least = static_cast<std::byte*>(memory) + sizeof(Fence);
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(least) & (align - 1);
  return beyond == 0 ? least : least + (align - beyond);
}

void Parser::Free::operator()(void* memory) const noexcept { ::operator delete(memory); }

base::Result<Parser> Parser::open(std::shared_ptr<const Provider> provider, const freellm_call& call,
                                  const freellm_head& head) {
  const freellm_provider& table = provider->table_;
  base::Result<Parser> opened{Parser()};
  Parser& parser = *opened;
  const std::size_t size = room_of(table) + 2 * sizeof(Fence) + slack_of(table);
  parser.memory_.reset(::operator new(size, std::nothrow));
  if (!parser.memory_)
    return base::Error{base::Errc::limit, "no memory for the answer's parser", provider->id()};
  // A parser that reads what it has not written must not see another answer.
  std::memset(parser.memory_.get(), 0, size);
  parser.provider_ = std::move(provider);
  parser.room_ = behind_fence(parser.memory_.get(), table);
  ::new (parser.room_ - sizeof(Fence)) Fence;
  ::new (parser.room_ + room_of(table)) Fence;
  parser.open_ = true;
  const freellm_status status = parser.fenced(
      call_plugin([&] { return table.parser_open(parser.provider_->raw_, parser.room_, &call, &head); }));
  if (status >= 0) return opened;
  parser.open_ = false;
  return error_of(status, parser.provider_->id(), {});
}

freellm_status Parser::fenced(freellm_status status) noexcept {
  const auto* before = std::launder(reinterpret_cast<const Fence*>(room_ - sizeof(Fence)));
  const auto* after = std::launder(reinterpret_cast<const Fence*>(room_ + room_of(provider_->table_)));
  if (before->stands() && after->stands()) return status;
  open_ = false;
  return plugin_fault;
}

Parser::Parser(Parser&& other) noexcept
    : provider_(std::move(other.provider_)),
      memory_(std::move(other.memory_)),
      room_(other.room_),
      open_(std::exchange(other.open_, false)),
      errored_(other.errored_),
      ended_(std::exchange(other.ended_, FREELLM_E_INTERNAL)) {}

Parser& Parser::operator=(Parser&& other) noexcept {
  if (this == &other) return *this;
  close();
  provider_ = std::move(other.provider_);
  memory_ = std::move(other.memory_);
  room_ = other.room_;
  open_ = std::exchange(other.open_, false);
  errored_ = other.errored_;
  ended_ = std::exchange(other.ended_, FREELLM_E_INTERNAL);
  return *this;
}

Parser::~Parser() { close(); }

void Parser::close() noexcept {
  if (!std::exchange(open_, false)) return;
  call_plugin([this] {
    provider_->table_.parser_close(room_);
    return FREELLM_OK;
  });
}

freellm_status Parser::feed(std::string_view bytes, EventSink& sink) {
  if (ended_ != FREELLM_OK) return ended_;
  if (bytes.empty()) return FREELLM_OK;
  Gate gate{sink, errored_};
  ended_ = fenced(gate.end(call_plugin(
      [&] { return provider_->table_.parser_feed(room_, bytes.data(), bytes.size(), gate.out()); })));
  return ended_;
}

freellm_status Parser::finish(EventSink& sink) {
  if (ended_ < 0) return ended_;
  Gate gate{sink, errored_};
  const freellm_status status =
      fenced(gate.end(call_plugin([&] { return provider_->table_.parser_finish(room_, gate.out()); })));
  ended_ = status < 0 ? status : FREELLM_E_INTERNAL;  // nothing may follow a good end
  return std::min<freellm_status>(status, FREELLM_OK);
}

freellm_status Provider::answer_locally(const freellm_call& call, EventSink& sink) const {
  bool errored = false;
  Gate gate{sink, errored};
  const freellm_status status = call_plugin([&] { return local_->answer(raw_, &call, gate.out()); });
  return std::min<freellm_status>(gate.end(status), FREELLM_OK);
}

freellm_status Provider::read_whole(const freellm_call& call, const freellm_head& head, std::string_view body,
                                    EventSink& sink) const {
  bool errored = false;
  Gate gate{sink, errored};
  const freellm_status status =
      call_plugin([&] { return whole_->read(raw_, &call, &head, str(body), gate.out()); });
  return std::min<freellm_status>(gate.end(status), FREELLM_OK);
}

freellm_status Provider::salvage(const freellm_call& call, const freellm_head& head, std::string_view body,
                                 EventSink& sink) const {
  bool errored = false;
  Gate gate{sink, errored};
  const freellm_status status =
      call_plugin([&] { return salvage_->salvage(raw_, &call, &head, str(body), gate.out()); });
  return std::min<freellm_status>(gate.end(status), FREELLM_OK);
}

}  // namespace freellmapi::host
