#include "kit/fixture.hpp"

#include <freellmapi/ext/endpoints.h>

#include <algorithm>
#include <freellmapi/durations.hpp>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace freellmapi::kit {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_file(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  if (!in) throw std::runtime_error(path.string() + " cannot be read");
  return out.str();
}

std::optional<json::value> read_json(const fs::path& path) {
  const auto body = read_file(path);
  if (!body) return std::nullopt;
  json::error_code error;
  json::value value = json::parse(*body, error);
  if (error) throw std::runtime_error(path.string() + ": " + error.message());
  return value;
}

Answer read_answer(const std::string& file, const fs::path& path) {
  Answer answer;
  std::size_t at = 0;
  bool first = true;
  while (true) {
    const std::size_t end = file.find('\n', at);
    if (end == file.npos)
      throw std::runtime_error(path.string() + ": the empty line after the head is missing");
    std::string line = file.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) break;
    if (first) {
      if (line.size() < 12 || !line.starts_with("HTTP/1.1 "))
        throw std::runtime_error(path.string() + ": the first line is no status line");
      answer.status = std::stoi(line.substr(9, 3));
      first = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) throw std::runtime_error(path.string() + ": no header field: " + line);
    std::string value = line.substr(colon + 1);
    value.erase(0, value.find_first_not_of(' '));
    answer.headers.emplace_back(lower(line.substr(0, colon)), value);
  }
  answer.body = file.substr(at);
  return answer;
}

std::uint32_t model_flag(const std::string& word, const fs::path& folder) {
  if (word == "tools") return FREELLM_MODEL_TOOLS;
  if (word == "vision") return FREELLM_MODEL_VISION;
  if (word == "json_object") return FREELLM_MODEL_JSON_OBJECT;
  if (word == "json_schema") return FREELLM_MODEL_JSON_SCHEMA;
  if (word == "reasoning") return FREELLM_MODEL_REASONING;
  throw std::runtime_error(folder.string() + ": model_can: " + word + "?");
}

std::uint32_t endpoint_named(const std::string& word, const fs::path& folder) {
  if (word.empty()) return 0;
  if (word == "embeddings") return FREELLM_ENDPOINT_EMBEDDINGS;
  if (word == "images") return FREELLM_ENDPOINT_IMAGES;
  if (word == "speech") return FREELLM_ENDPOINT_SPEECH;
  throw std::runtime_error(folder.string() + ": endpoint: " + word + "?");
}

std::uint64_t number_at(const json::object& object, std::string_view name, std::uint64_t otherwise) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>() : otherwise;
}

std::string string_at(const json::object& object, std::string_view name, std::string otherwise) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : otherwise;
}

bool there(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && !value->is_null();
}

/// What the host finds in the messages.
std::uint32_t message_flags(const json::array& messages) {
  constexpr std::string_view known[] = {"role",       "content",      "name",
                                        "tool_calls", "tool_call_id", "reasoning_content"};
  std::uint32_t flags = 0;
  bool other_seen = false;
  for (const json::value& value : messages) {
    const json::object& m = value.as_object();
    const std::string role = string_at(m, "role", "");
    const bool system = role == "system" || role == "developer";
    if (role == "developer") flags |= FREELLM_CALL_DEVELOPER;
    if (system && other_seen) flags |= FREELLM_CALL_LATE_SYSTEM;
    other_seen = other_seen || !system;
    if (there(m, "name")) flags |= FREELLM_CALL_NAMES;
    if (there(m, "tool_calls") || role == "tool") flags |= FREELLM_CALL_TOOL_HISTORY;
    if (there(m, "reasoning_content") || there(m, "reasoning")) flags |= FREELLM_CALL_REASONING_HISTORY;
    for (const auto& [name, member] : m)
      if (std::find(std::begin(known), std::end(known), std::string_view(name)) == std::end(known))
        flags |= FREELLM_CALL_EXTRAS;
    if (there(m, "tool_calls"))
      for (const json::value& call : m.at("tool_calls").as_array())
        for (const auto& [name, member] : call.as_object())
          if (name != "id" && name != "type" && name != "function") flags |= FREELLM_CALL_EXTRAS;
    if (!there(m, "content") || !m.at("content").is_array()) continue;
    flags |= FREELLM_CALL_PARTS;
    for (const json::value& part : m.at("content").as_array())
      if (string_at(part.as_object(), "type", "") == "image_url") flags |= FREELLM_CALL_IMAGES;
  }
  return flags;
}

std::uint32_t call_flags(const json::object& body) {
  std::uint32_t flags = 0;
  if (there(body, "stream") && body.at("stream").is_bool() && body.at("stream").get_bool())
    flags |= FREELLM_CALL_STREAM;
  if (there(body, "tools") && !body.at("tools").as_array().empty()) flags |= FREELLM_CALL_TOOLS;
  if (there(body, "response_format")) {
    const std::string type = string_at(body.at("response_format").as_object(), "type", "");
    if (type == "json_object") flags |= FREELLM_CALL_JSON_OBJECT;
    if (type == "json_schema") flags |= FREELLM_CALL_JSON_SCHEMA;
  }
  if (!there(body, "messages")) return flags;  // after a repair they may have another name
  return flags | message_flags(body.at("messages").as_array());
}

}  // namespace

std::string Answer::header(std::string_view name) const {
  for (const auto& [n, v] : headers)
    if (n == name) return v;
  return {};
}

bool Fixture::runs(std::string_view variant) const {
  return std::find(skipped.begin(), skipped.end(), variant) == skipped.end();
}

Fixture::Fixture(const fs::path& folder) : name(folder.filename().string()) {
  const auto file = read_file(folder / "response.http");
  if (file) answer = read_answer(*file, folder / "response.http");
  request = read_json(folder / "request.json");
  events = read_json(folder / "events.json");
  outcome = read_json(folder / "outcome.json");
  limits = read_json(folder / "limits.json");
  probe = read_json(folder / "probe.json");
  keys = read_json(folder / "keys.json");
  written = read_json(folder / "answer.json");
  written_bytes = read_file(folder / "answer.bin");

  const bool stream = answer && answer->is_event_stream();
  body = read_file(folder / "call.json")
             .value_or(stream ? R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})"
                              : R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
  const json::object call = json::parse(body).as_object();
  const json::value settings = read_json(folder / "case.json").value_or(json::object{});
  const json::object& s = settings.as_object();
  provider = string_at(s, "provider", "");
  model = string_at(s, "model", string_at(call, "model", "m"));
  if (const json::value* can = s.if_contains("model_can")) {
    model_flags = 0;
    for (const json::value& word : can->as_array())
      model_flags |= model_flag(std::string(word.as_string()), folder);
  }
  max_output_tokens = number_at(s, "max_output_tokens",
                                number_at(call, "max_completion_tokens", number_at(call, "max_tokens", 0)));
  context_tokens = number_at(s, "context_tokens", 0);
  seed = number_at(s, "seed", 7);
  endpoint = endpoint_named(string_at(s, "endpoint", ""), folder);
  const auto now = freellmapi::sdk::parse_iso8601(string_at(s, "now", "2026-11-22T18:00:00Z"));
  if (!now) throw std::runtime_error(folder.string() + ": now is no time");
  now_unix_ms = *now;
  if (const json::value* skip = s.if_contains("skip"))
    for (const json::value& word : skip->as_array()) skipped.emplace_back(word.as_string());
}

std::vector<fs::path> folders_in(const fs::path& directory) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::vector<freellm_member> top_members(std::string_view object) {
  std::vector<freellm_member> out;
  std::size_t at = 0;
  const auto blanks = [&] {
    while (at < object.size() &&
           (object[at] == ' ' || object[at] == '\n' || object[at] == '\r' || object[at] == '\t'))
      ++at;
  };
  const auto string_end = [&](std::size_t from) {
    for (++from; from < object.size() && object[from] != '"'; ++from)
      if (object[from] == '\\') ++from;
    return from + 1;
  };
  blanks();
  if (at >= object.size() || object[at] != '{') throw std::runtime_error("no JSON object");
  ++at;
  for (blanks(); at < object.size() && object[at] != '}'; blanks()) {
    if (object[at] == ',') {
      ++at;
      continue;
    }
    const std::size_t name_end = string_end(at);
    const std::string_view name = object.substr(at + 1, name_end - at - 2);
    at = name_end;
    blanks();
    ++at;  // the colon
    blanks();
    const std::size_t from = at;
    for (int depth = 0; at < object.size(); ++at) {
      const char c = object[at];
      if (c == '"') {
        at = string_end(at) - 1;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']') {
        if (depth-- == 0) break;
      } else if (c == ',' && depth == 0) {
        break;
      }
    }
    std::string_view value = object.substr(from, at - from);
    while (!value.empty() &&
           (value.back() == ' ' || value.back() == '\n' || value.back() == '\r' || value.back() == '\t'))
      value.remove_suffix(1);
    out.push_back({text(name), text(value)});
  }
  return out;
}

HostCall::HostCall(const ClientCall& client) : members_(top_members(client.body)) {
  call_.size = sizeof call_;
  if (client.endpoint == 0) call_.flags = call_flags(json::parse(client.body).as_object());
  call_.model = text(client.model);
  call_.body = text(client.body);
  call_.members = members_.data();
  call_.member_count = members_.size();
  call_.max_output_tokens = client.max_output_tokens;
  call_.seed = client.seed;
  call_.model_flags = client.model_flags;
  call_.context_tokens = client.context_tokens;
}

HostHead::HostHead(const Answer& answer) {
  for (const auto& [name, value] : answer.headers) headers_.push_back({text(name), text(value)});
  head_.size = sizeof head_;
  head_.http_status = answer.status;
  head_.headers = headers_.data();
  head_.header_count = headers_.size();
}

}  // namespace freellmapi::kit
