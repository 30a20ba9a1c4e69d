#include "surfaces/openai/encode.hpp"

#include <chrono>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "surfaces/openai/error.hpp"

namespace freellmapi::surfaces::openai {

namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += '"';
  out += name;
  out += "\":";
  base::append_json_line(out, value);
}

void append_call(std::string& out, const chat::ToolCall& call) {
  append_member(out, "id", call.id);
  out += ",\"type\":\"function\",\"function\":{";
  append_member(out, "name", call.name);
  out += ',';
  append_member(out, "arguments", call.arguments);
  out += '}';
  if (!call.extra.empty()) {
    out += ",\"extra_content\":";
    out += call.extra;
  }
}

void append_usage(std::string& out, const chat::Usage& usage) {
  const std::uint64_t input = usage.input.value_or(0), output = usage.output.value_or(0);
  const auto put = [&out](std::string_view before, std::uint64_t number) {
    out += before;
    base::append_decimal(out, number);
  };
  put("\"usage\":{\"prompt_tokens\":", input);
  put(",\"completion_tokens\":", output);
  put(",\"total_tokens\":", input + output);
  if (usage.cached) {
    put(",\"prompt_tokens_details\":{\"cached_tokens\":", *usage.cached);
    out += '}';
  }
  if (usage.reasoning) {
    put(",\"completion_tokens_details\":{\"reasoning_tokens\":", *usage.reasoning);
    out += '}';
  }
  out += '}';
}

void append_opening(std::string& out, const relay::Route& route, std::string_view object) {
  out += "{\"id\":\"";
  base::append_id(out, "chatcmpl-");
  out += "\",\"object\":\"";
  out += object;
  out += "\",\"created\":";
  const auto created = std::chrono::floor<std::chrono::seconds>(route.created.time_since_epoch()).count();
  base::append_decimal(out, static_cast<std::uint64_t>(created));
  out += ",\"model\":";
  std::string name;
  name.reserve(route.provider.size() + 1 + route.model.size());
  name += route.provider;
  name += '/';
  name += route.model;
  base::append_json_line(out, name);
  out += ",\"choices\":[";
}

// `,"name":json`, as it goes on an object.
std::string extra_member(const chat::Extra& extra) {
  std::string out = ",";
  base::append_json_string(out, extra.name);
  out += ':';
  out += extra.json;
  return out;
}

void append_message(std::string& out, const chat::Answer& answer) {
  out += "{\"role\":\"assistant\",\"content\":";
  // OpenAI says null where there are only calls or a refusal.
  if (answer.text.empty() && !(answer.calls.empty() && answer.refusal.empty())) {
    out += "null";
  } else {
    base::append_json_line(out, answer.text);
  }
  out += ",\"refusal\":";
  if (answer.refusal.empty()) {
    out += "null";
  } else {
    base::append_json_line(out, answer.refusal);
  }
  if (!answer.reasoning.empty()) {
    out += ',';
    append_member(out, "reasoning_content", answer.reasoning);
  }
  for (std::size_t i = 0; i < answer.calls.size(); ++i) {
    out += i == 0 ? ",\"tool_calls\":[{" : ",{";
    append_call(out, answer.calls[i]);
    out += '}';
  }
  out += answer.calls.empty() ? "}" : "]}";
}

}  // namespace

relay::Reply ChatEncoder::whole(const relay::Route& route, const chat::Answer& answer) {
  relay::Reply reply;
  reply.fields.add("content-type", "application/json");
  std::string& out = reply.body;
  constexpr std::size_t around_text = 512;
  out.reserve(answer.text.size() + answer.text.size() / 8 + answer.reasoning.size() + around_text);
  append_opening(out, route, "chat.completion");
  out += "{\"index\":0,\"message\":";
  append_message(out, answer);
  bool logprobs = false;
  for (const chat::Extra& extra : answer.extras) {
    if (!extra.in_choice) continue;
    logprobs |= extra.name == "logprobs";
    out += extra_member(extra);
  }
  if (!logprobs) out += ",\"logprobs\":null";
  out += ",\"finish_reason\":\"";
  out += chat::name(answer.finish.value_or(chat::Finish::stop));
  out += "\"}],";
  append_usage(out, answer.usage);
  for (const chat::Extra& extra : answer.extras)
    if (!extra.in_choice) out += extra_member(extra);
  out += '}';
  return reply;
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
  append_opening(head_, route, "chat.completion.chunk");
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
    append_usage(out, usage);
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
