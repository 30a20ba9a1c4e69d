#include "parser.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstring>
#include <freellmapi/json.hpp>
#include <optional>

#include "errors.hpp"
#include "request.hpp"

namespace freellmapi::google {
namespace {

namespace json = boost::json;
using sdk::Failure;

std::size_t find_char(std::string_view text, char c, std::size_t from) noexcept {
  const void* const hit = std::memchr(text.data() + from, c, text.size() - from);
  return hit == nullptr ? text.size() : static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

/// A token count; nothing for what cannot be one.
std::optional<std::uint64_t> count_at(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0 ||
      value->get_int64() > 1'000'000'000'000)
    return std::nullopt;
  return static_cast<std::uint64_t>(value->get_int64());
}

/// The same seed and index give the same id; they differ between calls, for clients that keep ids over turns.
std::string make_id(std::uint64_t seed, std::uint32_t index) {
  constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuv";
  std::uint64_t x = seed + 0x9E3779B97F4A7C15ULL * (index + 1ULL);
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  x ^= x >> 31U;
  std::string id = "call_";
  for (int i = 0; i < 12; ++i, x >>= 5U) id += letters[x & 31U];
  return id;
}

enum class Ending { stop, length, filtered, broken };
Ending ending_of(std::string_view reason) {
  constexpr std::array<std::string_view, 9> filtered{"SAFETY",
                                                     "RECITATION",
                                                     "BLOCKLIST",
                                                     "PROHIBITED_CONTENT",
                                                     "SPII",
                                                     "LANGUAGE",
                                                     "IMAGE_SAFETY",
                                                     "IMAGE_PROHIBITED_CONTENT",
                                                     "IMAGE_RECITATION"};
  if (reason == "STOP") return Ending::stop;
  if (reason == "MAX_TOKENS") return Ending::length;
  if (std::find(filtered.begin(), filtered.end(), reason) != filtered.end()) return Ending::filtered;
  // MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, TOO_MANY_TOOL_CALLS, MISSING_THOUGHT_SIGNATURE, OTHER,
  // NO_IMAGE, IMAGE_OTHER, FINISH_REASON_UNSPECIFIED and whatever is new: an answer if there was one.
  return Ending::broken;
}

}  // namespace

bool BareJson::feed(std::string_view bytes) {
  if (complete_) return true;
  while (text_.empty() && !bytes.empty() && static_cast<unsigned char>(bytes.front()) <= ' ')
    bytes.remove_prefix(1);
  if (text_.size() + bytes.size() > most) throw Failure{FREELLM_E_LIMIT};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      if (c == '\\') escaped_ = true;
      if (c == '"') in_string_ = false;
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && depth_ > 0 && --depth_ == 0) {
      text_.append(bytes.substr(0, i + 1));
      complete_ = true;
      return true;
    }
  }
  text_.append(bytes);
  return false;
}

Parser::Parser(const sdk::Call& call, const sdk::Headers& head)
    : renamed_(renamed_functions(call)), seed_(call.seed()) {
  const auto type = head.find("content-type");
  // The type decides, not the call: a stream request may be answered with one body.
  stream_ = type ? type->find("event-stream") != type->npos : call.streams();
}

void Parser::feed(std::string_view bytes, sdk::EventsOut& out) {
  if (done_ || bytes.empty()) return;
  if (stream_ && !bare_.begun()) {
    events(bytes, out);
  } else {
    bare(bytes, out);
  }
}

void Parser::events(std::string_view bytes, sdk::EventsOut& out) {
  const std::size_t at = find_bare(bytes);
  const auto on_event = [&](const sdk::SseEvent& event) { frame(event.data, false, out); };
  if (!sse_.feed(bytes.substr(0, at), on_event)) throw Failure{FREELLM_E_LIMIT};
  if (at == bytes.size() || done_) return;
  if (!sse_.finish(on_event)) throw Failure{FREELLM_E_LIMIT};
  if (!done_) bare(bytes.substr(at), out);
}

// Where a line begins with JSON: no field of an event does.
std::size_t Parser::find_bare(std::string_view bytes) noexcept {
  std::size_t at = 0, lf = find_char(bytes, '\n', 0), cr = find_char(bytes, '\r', 0);
  for (;;) {
    if (line_start_ && at < bytes.size() && (bytes[at] == '{' || bytes[at] == '[')) return at;
    if (lf < at) lf = find_char(bytes, '\n', at);
    if (cr < at) cr = find_char(bytes, '\r', at);
    const std::size_t end = std::min(lf, cr);
    if (at < bytes.size()) line_start_ = false;
    if (end == bytes.size()) return end;
    line_start_ = true;
    at = end + 1;
  }
}

void Parser::bare(std::string_view bytes, sdk::EventsOut& out) {
  if (bare_.complete() || !bare_.feed(bytes)) return;
  frame(bare_.text(), false, out);
}

void Parser::frame(std::string_view data, bool last, sdk::EventsOut& out) {
  if (done_ || data.empty()) return;
  std::array<unsigned char, 8192> stack;
  json::monotonic_resource memory(stack.data(), stack.size());
  const auto value = sdk::parse_json(data, &memory);
  if (!value) {
    if (last) return;  // cut by the end of the stream
    throw Failure{FREELLM_E_PROTOCOL};
  }
  answer(*value, Raw(data), out);
}

void Parser::answer(const json::value& value, const Raw& text, sdk::EventsOut& out) {
  if (value.is_object()) return object(value.get_object(), text, out);
  if (!value.is_array()) throw Failure{FREELLM_E_PROTOCOL};
  std::size_t i =
      0;  // without alt=sse the chunks are the items of one array; an error may be an array of one
  text.each([&](Raw item) {
    const json::value& one = value.get_array().at(i++);
    if (!one.is_object()) throw Failure{FREELLM_E_PROTOCOL};
    if (!done_) object(one.get_object(), item, out);
  });
}

void Parser::object(const json::object& chunk, const Raw& text, sdk::EventsOut& out) {
  if (const json::value* const error = chunk.if_contains("error"); error != nullptr && !error->is_null()) {
    freellm_outcome outcome = sdk::fresh_outcome();
    sdk::OutcomeOut sorted(outcome);
    sort_error_in_success(text.text(), sorted);
    done_ = true;
    return out.error(outcome);
  }
  const json::value* const list = chunk.if_contains("candidates");
  const json::array* const candidates = list == nullptr ? nullptr : list->if_array();
  const json::object* first = nullptr;
  Raw first_text;
  if (candidates != nullptr) {
    std::size_t i = 0;
    text.at("candidates").each([&](Raw item) {
      const json::object* const one = candidates->at(i++).if_object();
      if (one == nullptr) throw Failure{FREELLM_E_PROTOCOL};
      const json::value* const index = one->if_contains("index");
      if (first != nullptr || (index != nullptr && (!index->is_int64() || index->get_int64() != 0))) return;
      first = one;
      first_text = item;
    });
  }
  if (first != nullptr && !finished_) {
    const json::object* const content = sdk::object_at(*first, "content");
    const json::value* const parts = content == nullptr ? nullptr : content->if_contains("parts");
    if (parts != nullptr && parts->is_array()) {
      std::size_t i = 0;
      first_text.at("content").at("parts").each([&](Raw item) {
        const json::value& one = parts->get_array().at(i++);
        if (!one.is_object()) throw Failure{FREELLM_E_PROTOCOL};
        part(one.get_object(), item, out);
      });
    }
  }
  usage(chunk, out);
  if (first != nullptr) {
    if (const std::string_view reason = sdk::string_at(*first, "finishReason"); !reason.empty() && !finished_)
      end(reason, sdk::string_at(*first, "finishMessage"), out);
    return;
  }
  if (const json::object* const feedback = sdk::object_at(chunk, "promptFeedback");
      feedback != nullptr && !finished_)
    if (const std::string_view reason = sdk::string_at(*feedback, "blockReason"); !reason.empty())
      fail(FREELLM_C_CONTENT_FILTERED, reason, "the provider's filter refused the prompt", out);
}

void Parser::part(const json::object& part, const Raw& text, sdk::EventsOut& out) {
  if (sdk::object_at(part, "functionCall") != nullptr) return function_call(part, text, out);
  const std::string_view piece = sdk::string_at(part, "text");
  if (piece.empty()) return;  // a signature alone: it belongs to a text and need not come back
  const json::value* const thought = part.if_contains("thought");
  if (thought != nullptr && thought->is_bool() && thought->get_bool()) {
    thought_ = true;
    out.reasoning(piece);
  } else {
    text_ = true;
    out.text(piece);
  }
}

void Parser::function_call(const json::object& part, const Raw& text, sdk::EventsOut& out) {
  if (tool_calls_ >= most_tool_calls) throw Failure{FREELLM_E_LIMIT};
  const json::object& call = *sdk::object_at(part, "functionCall");
  std::string_view name = sdk::string_at(call, "name");
  for (const auto& [sent, given] : renamed_)
    if (sent == name) name = given;
  std::string id(sdk::string_at(call, "id"));
  if (id.empty()) id = make_id(seed_, tool_calls_);
  // As it was written: a tree would turn 0.7 into 7E-1 and round long numbers.
  const Raw args = text.at("functionCall").at("args");
  const std::string arguments = args.is_object() ? compact(sdk::repair_json(args.text())) : "{}";
  std::string extra;
  if (const std::string_view signature = sdk::string_at(part, "thoughtSignature"); !signature.empty()) {
    extra = "{\"google\":{\"thought_signature\":";
    sdk::append_json_string(extra, signature);
    extra += "}}";
  }
  out.tool(tool_calls_++, id, name, arguments, extra);
}

void Parser::usage(const json::object& chunk, sdk::EventsOut& out) {
  const json::object* const said = sdk::object_at(chunk, "usageMetadata");
  if (said == nullptr) return;
  const auto prompt = count_at(*said, "promptTokenCount"),
             tool_use = count_at(*said, "toolUsePromptTokenCount");
  const auto spoken = count_at(*said, "candidatesTokenCount"),
             thoughts = count_at(*said, "thoughtsTokenCount");
  const auto total = count_at(*said, "totalTokenCount");
  sdk::Usage u;
  if (prompt) u.input = *prompt + tool_use.value_or(0);
  if (spoken || thoughts) {
    u.output =
        spoken.value_or(0) + thoughts.value_or(0);  // the count is left out when all went into thoughts
  } else if (prompt && total && *total >= u.input) {
    u.output = *total - u.input;
  }
  u.cached = count_at(*said, "cachedContentTokenCount").value_or(sdk::not_said);
  u.reasoning = thoughts.value_or(sdk::not_said);
  if (u == usage_) return;  // each chunk repeats it
  usage_ = u;
  out.usage(u);
}

void Parser::end(std::string_view reason, std::string_view message, sdk::EventsOut& out) {
  const bool answered = text_ || tool_calls_ > 0;
  const std::string_view stop = tool_calls_ > 0 ? "tool_calls" : "stop";
  std::string_view word = stop;
  switch (ending_of(reason)) {
    case Ending::stop:
      if (!answered && !thought_)
        return fail(FREELLM_C_EMPTY, reason, "the provider ended the answer without one", out);
      break;
    case Ending::length:
      word = "length";
      break;
    case Ending::filtered:
      if (!answered) {
        return fail(FREELLM_C_CONTENT_FILTERED, reason,
                    message.empty() ? "the provider's filter refused the answer" : message, out);
      }
      word = "content_filter";
      break;
    case Ending::broken:
      if (!answered)
        return fail(FREELLM_C_MALFORMED, reason,
                    message.empty() ? "the model gave no usable answer" : message, out);
      break;
  }
  finished_ = true;
  out.finish(word);
}

void Parser::fail(std::uint32_t error_class, std::string_view code, std::string_view message,
                  sdk::EventsOut& out) {
  freellm_outcome outcome = sdk::fresh_outcome();
  sdk::OutcomeOut sorted(outcome);
  sorted.sort(error_class, true, FREELLM_SCOPE_REQUEST);
  sorted.code(code);
  sorted.message(message);
  done_ = true;
  out.error(outcome);
}

void Parser::finish(sdk::EventsOut& out) {
  if (done_) return;
  if (stream_ && !bare_.begun()) {
    if (!sse_.finish([&](const sdk::SseEvent& event) { frame(event.data, true, out); }))
      throw Failure{FREELLM_E_LIMIT};
  } else if (bare_.hopeless()) {
    throw Failure{FREELLM_E_PROTOCOL};
  } else if (bare_.complete() && !stream_ && !finished_ && !done_ && !text_ && !thought_ &&
             tool_calls_ == 0) {
    return fail(FREELLM_C_EMPTY, "", "the provider's answer holds none",
                out);  // a whole answer without candidates
  }
  if (!finished_ && !done_) throw Failure{FREELLM_E_TRUNCATED};
}

}  // namespace freellmapi::google
