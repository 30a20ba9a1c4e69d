#include "events.hpp"

#include <algorithm>
#include <freellmapi/json.hpp>
#include <utility>

#include "arguments.hpp"

namespace freellmapi::zhipu {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_wait = std::size_t{1} << 20;

template <class E>
const E& as(const freellm_event& event) noexcept {
  return reinterpret_cast<const E&>(event);
}

}  // namespace

Events::Events(const sdk::Call& call) {
  if (call.has(FREELLM_CALL_TOOLS)) tools_text_ = call.find("tools").value_or("");
}

freellm_status Events::emit(freellm_events_out* out, const freellm_event* event) {
  static_cast<Events*>(out->ctx)->take(*event);
  return FREELLM_OK;
}

void Events::take(const freellm_event& event) {
  switch (event.type) {
    case FREELLM_EV_TEXT:
      said_ = true;
      return host_->text(sdk::view(as<freellm_ev_text>(event).text));
    case FREELLM_EV_REASONING: {
      const std::string_view piece = sdk::view(as<freellm_ev_text>(event).text);
      if (!said_ && thought_.size() + piece.size() <= longest_wait) {
        thought_ += piece;
      } else {
        said_ = true;
      }
      return host_->reasoning(piece);
    }
    case FREELLM_EV_REFUSAL:
      said_ = true;
      return host_->refusal(sdk::view(as<freellm_ev_text>(event).text));
    case FREELLM_EV_TOOL:
      said_ = true;
      return tool(as<freellm_ev_tool>(event));
    case FREELLM_EV_USAGE: {
      const auto& e = as<freellm_ev_usage>(event);
      return host_->usage({e.input_tokens, e.output_tokens, e.cached_tokens, e.reasoning_tokens});
    }
    case FREELLM_EV_FINISH:
      return finish(sdk::view(as<freellm_ev_finish>(event).reason));
    case FREELLM_EV_ERROR:
      return host_->error(*as<freellm_ev_error>(event).outcome);
    case FREELLM_EV_EXTRA: {
      const auto& e = as<freellm_ev_extra>(event);
      return host_->extra(e.place, sdk::view(e.name), sdk::view(e.json));
    }
    default:
      return;
  }
}

void Events::tool(const freellm_ev_tool& piece) {
  const std::string_view name = sdk::view(piece.name), arguments = sdk::view(piece.arguments);
  const auto known = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Waiting& w) { return w.index == piece.index && !w.done; });
  if (known != waiting_.end()) return append(*known, arguments);
  if (!name.empty() && !tools_ && !tools_text_.empty()) {
    auto parsed = sdk::parse_json(tools_text_);
    tools_ = parsed && parsed->is_array() ? std::move(parsed->get_array()) : json::array();
  }
  if (name.empty() || !tools_ || !takes_nested(*tools_, name))
    return host_->tool(piece.index, sdk::view(piece.id), name, arguments, sdk::view(piece.extra));
  host_->tool(piece.index, sdk::view(piece.id), name, {}, sdk::view(piece.extra));
  Waiting call;
  call.index = piece.index;
  call.name = name;
  waiting_.push_back(std::move(call));
  append(waiting_.back(), arguments);
}

void Events::append(Waiting& call, std::string_view piece) {
  call.arguments += piece;
  for (const char c : piece) {
    if (call.escaped) {
      call.escaped = false;
    } else if (call.in_text) {
      call.escaped = c == '\\';
      call.in_text = c != '"';
    } else if (c == '"') {
      call.in_text = true;
    } else if (c == '{' || c == '[') {
      ++call.depth;
      call.opened = true;
    } else if ((c == '}' || c == ']') && call.depth > 0) {
      --call.depth;
    }
  }
  const bool whole = call.opened && call.depth == 0 && !call.in_text;
  if (whole || call.arguments.size() > longest_wait) release(call, whole);
}

void Events::release(Waiting& call, bool whole) {
  call.done = true;
  std::string arguments = std::move(call.arguments);
  if (whole) arguments = mend_arguments(*tools_, call.name, std::move(arguments));
  if (!arguments.empty()) host_->tool(call.index, {}, {}, arguments);
}

void Events::finish(std::string_view reason) {
  // What never became whole is the host's to judge.
  for (Waiting& call : waiting_)
    if (!call.done) release(call, false);
  if (!said_ && reason == "stop" && !thought_.empty()) host_->text(thought_);
  host_->finish(reason);
}

}  // namespace freellmapi::zhipu
