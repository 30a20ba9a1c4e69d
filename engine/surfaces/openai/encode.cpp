#include "surfaces/openai/encode.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <type_traits>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "surfaces/openai/error.hpp"

namespace freellmapi::surfaces::openai {

namespace {

/// Collects short pieces, which are appended together: at the latest with flush().
class Pieces {
 public:
  explicit Pieces(std::string& out) : out_(out) {}
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  /// Literals and numbers.
  template <class... Parts>
  void put(const Parts&... parts) {
    constexpr std::size_t most = (most_of<Parts> + ...);
    static_assert(most <= room);
    make_room(most);
    (write(parts), ...);
  }
  void text(std::string_view text) {
    make_room(text.size());
    if (text.size() > room) {
      out_ += text;
    } else {
      at_ = base::write_text(at_, text);
    }
  }
  /// As the inside of a JSON string.
  void escaped(std::string_view said) {
    constexpr std::size_t name_most = 64;
    if (said.size() <= name_most && base::stands_in_json(said)) {
      text(said);
    } else {
      flush();
      base::append_json_line_escaped(out_, said);
    }
  }
  void made_id() {
    flush();
    base::append_id(out_, "");
  }
  [[gnu::noinline]] void flush() {
    out_.append(collected_.data(), static_cast<std::size_t>(at_ - collected_.data()));
    at_ = collected_.data();
  }

 private:
  static constexpr std::size_t room = 512;
  template <class Part>
  static constexpr std::size_t most_of = std::is_array_v<Part> ? std::extent_v<Part> : base::decimal_most;

  template <std::size_t size>
  void write(const char (&text)[size]) noexcept {
    std::memcpy(at_, text, size - 1);
    at_ += size - 1;
  }
  void write(std::uint64_t number) noexcept { at_ = base::write_decimal(at_, number); }
  void make_room(std::size_t size) {
    if (static_cast<std::size_t>(collected_.data() + room - at_) < size) flush();
  }

  std::string& out_;
  std::array<char, room> collected_;
  char* at_ = collected_.data();
};

void put_call(Pieces& out, const chat::ToolCall& call) {
  out.put("\"id\":\"");
  out.escaped(call.id);
  out.put("\",\"type\":\"function\",\"function\":{\"name\":\"");
  out.escaped(call.name);
  out.put("\",\"arguments\":\"");
  out.escaped(call.arguments);
  out.put("\"}");
  if (!call.extra.empty()) {
    out.put(",\"extra_content\":");
    out.text(call.extra);
  }
}

void append_call(std::string& out, const chat::ToolCall& call) {
  Pieces pieces(out);
  put_call(pieces, call);
  pieces.flush();
}

void put_usage(Pieces& out, const chat::Usage& usage) {
  const std::uint64_t input = usage.input.value_or(0), output = usage.output.value_or(0);
  out.put("\"usage\":{\"prompt_tokens\":", input, ",\"completion_tokens\":", output,
          ",\"total_tokens\":", input + output);
  if (usage.cached) out.put(",\"prompt_tokens_details\":{\"cached_tokens\":", *usage.cached, "}");
  if (usage.reasoning)
    out.put(",\"completion_tokens_details\":{\"reasoning_tokens\":", *usage.reasoning, "}");
  out.put("}");
}

template <std::size_t size>
void put_opening(Pieces& out, const relay::Route& route, const char (&object)[size]) {
  const auto created = std::chrono::floor<std::chrono::seconds>(route.created.time_since_epoch()).count();
  out.put("{\"id\":\"chatcmpl-");
  // A client may give many requests one id; clients put together what has one completion's.
  if (route.id_is_ours) {
    out.text(route.request_id);
  } else {
    out.made_id();
  }
  out.put("\",\"object\":\"", object, "\",\"created\":", static_cast<std::uint64_t>(created),
          ",\"model\":\"");
  out.escaped(route.provider);
  out.put("/");
  out.escaped(route.model);
  out.put("\",\"choices\":[");
}

// `,"name":json`, as it goes on an object.
std::string extra_member(const chat::Extra& extra) {
  std::string out = ",";
  base::append_json_string(out, extra.name);
  out += ':';
  out += extra.json;
  return out;
}

void put_message(Pieces& out, const chat::Answer& answer) {
  out.put("{\"role\":\"assistant\",\"content\":");
  // OpenAI says null where there are only calls or a refusal.
  if (answer.text.empty() && !(answer.calls.empty() && answer.refusal.empty())) {
    out.put("null");
  } else {
    out.put("\"");
    out.escaped(answer.text);
    out.put("\"");
  }
  if (answer.refusal.empty()) {
    out.put(",\"refusal\":null");
  } else {
    out.put(",\"refusal\":\"");
    out.escaped(answer.refusal);
    out.put("\"");
  }
  if (!answer.reasoning.empty()) {
    out.put(",\"reasoning_content\":\"");
    out.escaped(answer.reasoning);
    out.put("\"");
  }
  for (std::size_t i = 0; i < answer.calls.size(); ++i) {
    if (i == 0) {
      out.put(",\"tool_calls\":[{");
    } else {
      out.put(",{");
    }
    put_call(out, answer.calls[i]);
    out.put("}");
  }
  if (!answer.calls.empty()) out.put("]");
  out.put("}");
}

void put_answer(Pieces& out, const relay::Route& route, const chat::Answer& answer) {
  put_opening(out, route, "chat.completion");
  out.put("{\"index\":0,\"message\":");
  put_message(out, answer);
  bool logprobs = false;
  for (const chat::Extra& extra : answer.extras) {
    if (!extra.in_choice) continue;
    logprobs |= extra.name == "logprobs";
    out.text(extra_member(extra));
  }
  if (!logprobs) out.put(",\"logprobs\":null");
  out.put(",\"finish_reason\":\"");
  out.text(chat::name(answer.finish.value_or(chat::Finish::stop)));
  out.put("\"}],");
  put_usage(out, answer.usage);
  for (const chat::Extra& extra : answer.extras)
    if (!extra.in_choice) out.text(extra_member(extra));
  out.put("}");
}

}  // namespace

void ChatEncoder::whole(const relay::Route& route, const chat::Answer& answer, std::string& out) {
  constexpr std::size_t around_text = 512;
  out.reserve(answer.text.size() + answer.text.size() / 8 + answer.reasoning.size() + around_text);
  Pieces pieces(out);
  put_answer(pieces, route, answer);
  pieces.flush();
}

relay::Reply ChatEncoder::failure(const std::string& request_id, const relay::Failure& failure) {
  return error_reply(request_id, failure);
}

void ChatEncoder::open_delta(std::string& out) const {
  out += head_;
  out += "{\"index\":0,\"delta\":{";
}

void ChatEncoder::close_delta(std::string& out, std::string_view choice_rest,
                              std::string_view answer_rest) const {
  out += '}';
  out += choice_rest;
  out += ",\"finish_reason\":null}]";
  out += answer_rest;
  out += include_usage_ ? ",\"usage\":null}\n\n" : "}\n\n";
}

// The piece of which nearly all of a stream consists.
void ChatEncoder::text_delta(std::string& out, std::string_view member_open, std::string_view text) const {
  constexpr std::size_t around_text = 128;
  out.reserve(out.size() + head_.size() + text.size() + text.size() / 8 + around_text);
  open_delta(out);
  out += member_open;
  base::append_json_line(out, text);
  out += include_usage_ ? R"(},"finish_reason":null}],"usage":null})"
                          "\n\n"
                        : R"(},"finish_reason":null}]})"
                          "\n\n";
}

void ChatEncoder::begin(const relay::Route& route, std::string& out) {
  head_ = "data: ";
  Pieces head(head_);
  put_opening(head, route, "chat.completion.chunk");
  head.flush();
  open_delta(out);
  out += "\"role\":\"assistant\",\"content\":\"\"";
  close_delta(out);
}

void ChatEncoder::event(const chat::Event& event, std::string& out) {
  if (ended_) return;
  switch (event.kind) {
    case chat::Event::Kind::text:
      text_delta(out, R"("content":)", event.text);
      return;
    case chat::Event::Kind::reasoning:
      text_delta(out, R"("reasoning_content":)", event.text);
      return;
    case chat::Event::Kind::refusal:
      text_delta(out, R"("refusal":)", event.text);
      return;
    case chat::Event::Kind::tool_call:
      open_delta(out);
      out += "\"tool_calls\":[{\"index\":";
      base::append_decimal(out, event.call_index);
      out += ',';
      append_call(out, *event.call);
      out += "}]";
      close_delta(out);
      return;
    case chat::Event::Kind::extra:
      open_delta(out);
      if (event.extra->in_choice) {
        close_delta(out, extra_member(*event.extra));
      } else {
        close_delta(out, {}, extra_member(*event.extra));
      }
      return;
  }
}

// A comment, and on a line of its own: names are made safe like those in a header.
void ChatEncoder::continued(const relay::Route& route, std::string& out) {
  if (ended_) return;
  out +=
      ": continued by " + base::header_safe(route.provider) + '/' + base::header_safe(route.model) + "\n\n";
}

void ChatEncoder::finish(chat::Finish finish, const chat::Usage& usage, std::string& out) {
  if (ended_) return;
  ended_ = true;
  open_delta(out);
  out += "},\"finish_reason\":\"";
  out += chat::name(finish);
  out += include_usage_ ? "\"}],\"usage\":null}\n\n" : "\"}]}\n\n";
  if (include_usage_) {
    out += head_;
    out += "],";
    Pieces figures(out);
    put_usage(figures, usage);
    figures.flush();
    out += "}\n\n";
  }
  out += "data: [DONE]\n\n";
}

void ChatEncoder::failed(const std::string& request_id, const relay::Failure& failure, std::string& out) {
  if (ended_) return;
  ended_ = true;
  out += "data: ";
  out += error_body(request_id, failure);
  out += "\n\n";
}

}  // namespace freellmapi::surfaces::openai
