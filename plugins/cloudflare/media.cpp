#include "media.hpp"

#include <freellmapi/base64.hpp>
#include <freellmapi/json.hpp>
#include <optional>
#include <string>

namespace freellmapi::cloudflare {
namespace json = boost::json;
namespace {

[[noreturn]] void refuse() { throw sdk::Failure{FREELLM_E_INVALID}; }

void target(const sdk::Call& call, sdk::RequestOut& out) {
  for (const char c : call.model()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("@/-._").find(c) != std::string_view::npos;
    if (!plain) refuse();
  }
  out.target("POST", "/accounts/{key:1}/ai/run/" + std::string(call.model()));
}

std::string_view text_in(const sdk::Call& call, std::string_view name) {
  const std::string_view text = call.find(name).value_or("");
  if (text.size() < 3 || !text.starts_with('"')) refuse();
  return text;
}

bool is_kind(const sdk::Headers& head, std::string_view kind) {
  return head.find("content-type").value_or("").starts_with(kind);
}

/// {"result": {name: base64}}; nothing when that is not there.
std::optional<std::string> result_of(std::string_view body, std::string_view name) {
  const auto parsed = sdk::parse_json(body);
  const json::object* const answer = parsed ? parsed->if_object() : nullptr;
  const json::object* const result = answer == nullptr ? nullptr : sdk::object_at(*answer, "result");
  if (result == nullptr) return std::nullopt;
  const std::string_view text = sdk::string_at(*result, name);
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

void ask_for_image(const sdk::Call& call, sdk::RequestOut& out) {
  // Some want a form of several parts, and none paints two at once.
  const std::string_view n = call.find("n").value_or("1");
  if (call.model().find("flux-2") != std::string_view::npos || (n != "1" && n != "null")) refuse();
  const std::string_view prompt = text_in(call, "prompt");
  target(call, out);
  out.body(R"({"prompt":)");
  out.body(prompt);
  out.body("}");
}

void ask_for_speech(const sdk::Call& call, sdk::RequestOut& out) {
  const std::string_view input = text_in(call, "input");
  // There are languages and no voices: a voice of two letters is taken for one.
  const std::string_view voice = call.find("voice").value_or("");
  target(call, out);
  out.body(R"({"prompt":)");
  out.body(input);
  out.body(R"(,"lang":)");
  out.body(voice.size() == 4 && voice.starts_with('"') ? voice : std::string_view(R"("en")"));
  out.body("}");
}

bool read_image(const sdk::Headers& head, std::string_view body, sdk::AnswerOut& out) {
  if (body.empty()) return false;
  const std::optional<std::string> image =
      is_kind(head, "image/") ? std::optional(sdk::to_base64(body)) : result_of(body, "image");
  if (!image) return false;
  out.content_type("application/json");
  out.body(json::serialize(json::object{{"data", json::array{json::object{{"b64_json", *image}}}}}));
  return true;
}

bool read_speech(const sdk::Headers& head, std::string_view body, sdk::AnswerOut& out) {
  if (body.empty()) return false;
  if (is_kind(head, "audio/")) {
    out.content_type(head.find("content-type").value_or(""));
    out.body(body);
    return true;
  }
  const auto text = result_of(body, "audio");
  const auto sound = text ? sdk::from_base64(*text) : std::nullopt;
  if (!sound || sound->empty()) return false;
  out.content_type(sound->starts_with("RIFF") ? "audio/wav" : "audio/mpeg");
  out.body(*sound);
  return true;
}

}  // namespace freellmapi::cloudflare
