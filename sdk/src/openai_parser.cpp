#include <array>
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <freellmapi/openai_parser.hpp>
#include <typeinfo>

#include "answer_members.hpp"
#include "error_text.hpp"
#include "pattern.hpp"
#include "plain_answer.hpp"
#include "reasoning_details.hpp"

namespace freellmapi::sdk {
namespace json = boost::json;
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t doubled_most = std::size_t{1} << 20;  // a body beyond this is not usual

bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool json_type(std::string_view type) noexcept {
  if (type == "application/json") return true;  // what nearly all say
  return matches("application/json|+json|application/x-ndjson", type);
}

bool events_type(std::string_view type) noexcept {
  if (type == "application/json") return false;
  return type.starts_with("text/event-stream") || matches("text/event-stream", type);
}

}  // namespace

OpenAiParser::OpenAiParser(const OpenAiProvider& provider, const Call& call, const Headers& head,
                           bool plainly)
    : provider_(provider), plainly_(plainly) {
  const std::string_view type = head.find("content-type").value_or("");
  if (events_type(type)) {
    told_ = Told::events;
  } else if (json_type(type)) {
    told_ = Told::json;
  }
  if (provider.differences().messages.reasoning_details)
    details_ = std::make_shared<ReasoningDetails>(call.model());
}

void OpenAiParser::feed(std::string_view bytes, EventsOut& out) {
  if (done_) return;
  if (kind_ == Body::unknown) kind_ = kind_behind_blanks(bytes);
  if (bytes.empty()) return;
  if (kind_ == Body::json) {
    if (body_.size() + bytes.size() > max_body) throw Failure{FREELLM_E_LIMIT};
    // Growth by doubling would for a moment hold twice the bound; what is reserved and not used costs
    // nothing.
    if (body_.size() + bytes.size() > doubled_most) body_.reserve(max_body);
    body_.append(bytes);
    return;
  }
  const bool fits =
      sse_.feed(bytes, [&](const SseEvent& event) { frame(event.name, event.data, false, out); });
  if (!fits && !done_) throw Failure{FREELLM_E_LIMIT};
}

void OpenAiParser::whole(std::string_view body, EventsOut& out) {
  std::string_view bytes = body;
  if (bytes.size() <= max_body && kind_behind_blanks(bytes) == Body::json) return read_json(bytes, out);
  feed(body, out);
  finish(out);
}

// Blanks may keep a slow answer alive; the first byte after them tells what it is.
OpenAiParser::Body OpenAiParser::kind_behind_blanks(std::string_view& bytes) const {
  while (!bytes.empty() &&
         (blank(bytes.front()) || byte_order_mark.find(bytes.front()) != byte_order_mark.npos))
    bytes.remove_prefix(1);
  return bytes.empty() ? Body::unknown : kind_of(bytes.front());
}

OpenAiParser::Body OpenAiParser::kind_of(char first) const {
  if (first == '{' || first == '[') return Body::json;
  // data:, event:, id:, retry: and comments; everything else under a JSON content-type is garbage, as is a
  // page.
  const bool event_like = std::string_view("d:eir").find(first) != std::string_view::npos;
  if (first == '<' || (told_ == Told::json && !event_like)) throw Failure{FREELLM_E_PROTOCOL};
  return Body::events;
}

void OpenAiParser::finish(EventsOut& out) {
  if (done_) return;
  if (kind_ == Body::json) return read_json(body_, out);
  const bool fits = sse_.finish([&](const SseEvent& event) { frame(event.name, event.data, true, out); });
  if (done_) return;
  if (!fits) throw Failure{FREELLM_E_LIMIT};
  if (finished_) return;
  // What may be half a tag is not said: a text that is gone on with would keep it for ever.
  throw Failure{FREELLM_E_TRUNCATED};
}

void OpenAiParser::frame(std::string_view name, std::string_view data, bool last, EventsOut& out) {
  if (done_) return;
  while (!data.empty() && blank(data.front())) data.remove_prefix(1);
  while (!data.empty() && blank(data.back())) data.remove_suffix(1);
  if (data.empty()) return;
  if (data == "[DONE]") {
    if (!finished_ && !answered_) return empty(out);
    if (!finished_) end("stop", out);
    done_ = true;
    return;
  }
  const bool marked_error = name == "error";
  if (!marked_error && plain(data, false, out)) return;
  std::array<unsigned char, 8192> stack;
  json::monotonic_resource memory(stack.data(), stack.size());
  auto value = parse_json(data, &memory);
  if (!value || !value->is_object()) {
    if (marked_error) return error(data, out);
    // What follows the end of the answer is of no use, and a frame cut by the end of the stream is no frame.
    if (last || finished_) return;
    throw Failure{FREELLM_E_PROTOCOL};
  }
  provider_.edit_answer(value->get_object());
  object(value->get_object(), data, marked_error, false, out);
}

// What object() does with the usual answer.
bool OpenAiParser::plain(std::string_view text, bool complete, EventsOut& out) {
  if (!plainly_ || typeid(*this) != typeid(OpenAiParser)) return false;
  PlainAnswer answer;
  if (like_frames_ == nullptr || !like_frames_->read(text, answer)) {
    if (!read_plain_answer(text, answer)) return false;
    if (!complete) {
      if (like_frames_ == nullptr) like_frames_ = std::make_shared<LikeFrames>();
      like_frames_->learn(text, answer);
    }
  }
  plain(answer, complete, out);
  return true;
}

void OpenAiParser::plain(const PlainAnswer& answer, bool complete, EventsOut& out) {
  std::string_view word;
  if (answer.choice && !finished_) {
    const bool delta = answer.said == PlainAnswer::Said::delta;
    if (delta) deltas_ = true;
    if (delta || (answer.said == PlainAnswer::Said::message && !deltas_)) {
      thought(answer.reasoning, out);
      text(answer.content, out);
      refusal(answer.refusal, out);
    }
    word = reason(answer.finish_reason, complete, out);
    if (done_) return;
  }
  if (answer.usage_said) usage(answer.usage, out);
  if (!word.empty()) end(word, out);
}

void OpenAiParser::read_json(std::string_view body, EventsOut& out) {
  if (plain(body, true, out)) {
    if (!done_ && !finished_) empty(out);
    done_ = true;
    return;
  }
  // A usual answer is read without asking for memory.
  std::array<unsigned char, 8192> stack;
  json::monotonic_resource memory(stack.data(), stack.size());
  auto value = parse_json(body, &memory);
  if (!value) {
    const std::size_t end = body.find_last_not_of(" \t\r\n");
    const bool closed = end != body.npos && (body[end] == '}' || body[end] == ']');
    throw Failure{closed ? FREELLM_E_PROTOCOL : FREELLM_E_TRUNCATED};
  }
  if (json::array* list = value->if_array(); list != nullptr && list->size() == 1) {
    json::value element = std::move(list->front());
    value = std::move(element);
  }
  if (!value->is_object()) throw Failure{FREELLM_E_PROTOCOL};
  json::object& answer = value->get_object();
  provider_.edit_answer(answer);
  const bool answers = answer.contains("choices");
  if (!answers && !is_error(answer)) throw Failure{FREELLM_E_PROTOCOL};
  object(answer, body, false, true, out);
  if (!done_ && !finished_) empty(out);
  done_ = true;
}

void OpenAiParser::object(json::object& frame, std::string_view text, bool marked_error, bool complete,
                          EventsOut& out) {
  if (marked_error || is_error(frame)) return error(text, out);
  for (const std::string_view name : provider_.differences().envelopes) {
    const json::object* const envelope = object_at(frame, name);
    if (envelope == nullptr) continue;
    if (envelope->contains("error") && is_error(*envelope)) return error(json::serialize(*envelope), out);
  }
  look_at(frame, out);
  if (done_) return;
  json::object* const first = first_choice(frame);
  std::string_view reason;
  if (first != nullptr) {
    reason = choice(*first, complete, out);
    if (done_) return;
    usage(*first, out);
  }
  for (const std::string_view name : provider_.differences().envelopes)
    if (const json::object* const envelope = object_at(frame, name)) usage(*envelope, out);
  usage(frame, out);
  if (!reason.empty()) end(reason, out);
}

std::string_view OpenAiParser::choice(json::object& choice, bool complete, EventsOut& out) {
  provider_.edit_choice(choice);
  const json::object* const failure = object_at(choice, "error");
  if (failure != nullptr && !failure->empty()) {
    error(json::serialize(choice), out);
    return {};
  }
  if (finished_) return {};
  const json::object* const delta = object_at(choice, "delta");
  if (delta != nullptr) {
    deltas_ = true;
    message(*delta, out);
  } else if (const json::object* whole = object_at(choice, "message"); whole != nullptr && !deltas_) {
    message(*whole, out);
  }
  if (const json::value* logprobs = choice.if_contains("logprobs");
      logprobs != nullptr && !logprobs->is_null())
    out.extra(FREELLM_EXTRA_CHOICE, "logprobs", json::serialize(*logprobs));
  return reason(string_at(choice, "finish_reason"), complete, out);
}

std::string_view OpenAiParser::reason(std::string_view said, bool complete, EventsOut& out) {
  const std::string_view word = reason_of(said);
  if (word == "error") {
    fail(FREELLM_C_MALFORMED, false, "the provider ended the answer with an error", out);
    return {};
  }
  return word.empty() && complete ? "stop" : word;
}

void OpenAiParser::thought(std::string_view thought, EventsOut& out) {
  if (thought.empty()) return;
  answered_ = true;
  out.reasoning(thought);
}

void OpenAiParser::refusal(std::string_view refusal, EventsOut& out) {
  if (refusal.empty()) return;
  settle_text(out);
  answered_ = true;
  out.refusal(refusal);
}

void OpenAiParser::message(const json::object& message, EventsOut& out) {
  const std::string_view reasoning = string_at(message, "reasoning_content");
  thought(reasoning.empty() ? string_at(message, "reasoning") : reasoning, out);
  if (const json::value* value = message.if_contains("content")) content(*value, out);
  refusal(string_at(message, "refusal"), out);
  if (const json::value* details = message.if_contains("reasoning_details");
      details_ != nullptr && details != nullptr && details->is_array())
    details_->add(details->get_array());
  if (const json::value* calls = message.if_contains("tool_calls"); calls != nullptr && calls->is_array()) {
    for (const json::value& call : calls->get_array()) {
      if (!call.is_object()) throw Failure{FREELLM_E_PROTOCOL};
      tool_call(call.get_object(), out);
    }
  }
  if (const json::object* legacy = object_at(message, "function_call")) {
    json::object call(message.storage());
    call["index"] = 0;
    call["function"] = *legacy;
    tool_call(call, out);
  }
}

void OpenAiParser::content(const json::value& content, EventsOut& out) {
  if (content.is_string()) return text(content.get_string(), out);
  const json::array* const parts = content.if_array();
  if (parts == nullptr) return;
  for (const json::value& part : *parts) {
    if (part.is_string()) text(part.get_string(), out);
    const json::object* const object = part.if_object();
    if (object == nullptr) continue;
    if (string_at(*object, "type") != "thinking") {
      text(string_at(*object, "text"), out);
      continue;
    }
    // Thinking stands as text or as parts of its own.
    const json::value* const inner = object->if_contains("thinking");
    if (inner == nullptr) continue;
    if (inner->is_string()) {
      answered_ = true;
      out.reasoning(inner->get_string());
    } else if (const json::array* pieces = inner->if_array()) {
      for (const json::value& piece : *pieces) {
        if (!piece.is_object()) continue;
        answered_ = true;
        out.reasoning(string_at(piece.get_object(), "text"));
      }
    }
  }
}

void OpenAiParser::text(std::string_view piece, EventsOut& out) {
  if (piece.empty()) return;
  answered_ = true;
  if (!provider_.differences().split_think_tags) return out.text(piece);
  think_.feed(piece, [&](bool thinking, std::string_view s) { thinking ? out.reasoning(s) : out.text(s); });
}

void OpenAiParser::settle_text(EventsOut& out) {
  think_.finish([&](bool thinking, std::string_view s) { thinking ? out.reasoning(s) : out.text(s); });
}

void OpenAiParser::tool_call(const json::object& call, EventsOut& out) {
  settle_text(out);
  answered_ = true;
  const json::object empty_object;
  const json::object* const function =
      object_at(call, "function") != nullptr ? object_at(call, "function") : &empty_object;
  std::string_view id = string_at(call, "id");
  if (id == "null") id = {};
  const std::string_view name = string_at(*function, "name");
  const std::uint64_t said = count_at(call, "index");
  const std::int64_t index = said == not_said ? -1 : static_cast<std::int64_t>(said);

  // Which call is this a piece of? The newest with this index, else this id, else the one being written.
  auto known = tools_.end();
  for (auto at = tools_.begin(); at != tools_.end(); ++at)
    if (index >= 0 ? at->given_index == index : !id.empty() && at->id == id) known = at;
  if (index >= 0 && known != tools_.end() && !id.empty() && !known->id.empty() && known->id != id &&
      !name.empty())
    known = tools_.end();  // some number every call 0
  if (known == tools_.end() && name.empty() &&
      !tools_.empty())  // a number or an id that came late or went missing
    known = index >= 0 && static_cast<std::size_t>(index) < tools_.size() ? tools_.begin() + index
                                                                          : tools_.end() - 1;
  if (known == tools_.end()) {
    if (tools_.size() == max_tool_calls) throw Failure{FREELLM_E_LIMIT};
    tools_.push_back({});
    known = tools_.end() - 1;
    known->given_index = index;
  }
  if (known->id.empty()) known->id.assign(id.substr(0, 256));
  const auto number = static_cast<std::uint32_t>(known - tools_.begin());
  std::string arguments = arguments_of(*function);
  std::string extra;
  if (const json::object* kept = object_at(call, "extra_content"); kept != nullptr)
    extra = json::serialize(*kept);
  if (known->named) {
    if (!arguments.empty() || !extra.empty()) out.tool(number, {}, {}, arguments, extra);
    return;
  }
  if (known->held.size() + arguments.size() > SseSplitter::max_event) throw Failure{FREELLM_E_LIMIT};
  known->held += arguments;
  if (name.empty()) return;
  known->named = true;
  if (details_ != nullptr && extra.empty()) extra = details_->take();
  const std::string first = std::move(known->held);
  known->held.clear();
  out.tool(number, known->id, name, first, extra);
}

void OpenAiParser::usage(const json::object& holder, EventsOut& out) {
  const json::object* const said = object_at(holder, "usage");
  if (said == nullptr) return;
  usage(read_usage(*said), out);
}

void OpenAiParser::usage(const Usage& now, EventsOut& out) {
  if (now == usage_ || now == Usage{}) return;
  usage_ = now;
  out.usage(now);
}

void OpenAiParser::end(std::string_view reason, EventsOut& out) {
  settle_text(out);
  for (const ToolCall& call : tools_)
    if (!call.named) throw Failure{FREELLM_E_PROTOCOL};
  finished_ = true;
  out.finish(reason == "stop" && !tools_.empty() ? "tool_calls" : reason);
}

void OpenAiParser::error(std::string_view text, EventsOut& out) {
  // What goes wrong behind the end takes nothing from the answer.
  if (finished_) {
    done_ = true;
    return;
  }
  settle_text(out);
  freellm_outcome outcome = fresh_outcome();
  OutcomeOut sorted(outcome);
  provider_.classify_in_success(text, sorted);
  done_ = true;
  out.error(outcome);
}

void OpenAiParser::fail(std::uint32_t error_class, bool definite, std::string_view sentence, EventsOut& out) {
  settle_text(out);
  freellm_outcome outcome = fresh_outcome();
  OutcomeOut sorted(outcome);
  sorted.sort(error_class, definite);
  sorted.message(sentence);
  done_ = true;
  out.error(outcome);
}

void OpenAiParser::empty(EventsOut& out) {
  fail(FREELLM_C_EMPTY, true, "the provider ended the answer without one", out);
}

}  // namespace freellmapi::sdk
