#include "embeddings.hpp"

#include <freellmapi/json.hpp>
#include <optional>
#include <string>

namespace freellmapi::huggingface {
namespace json = boost::json;
namespace {

bool stands_in_a_path(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

std::string path_of(std::string_view model) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string path = "/hf-inference/models/";
  for (const char c : model) {
    if (stands_in_a_path(c)) {
      path += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    path += '%';
    path += digits[byte >> 4U];
    path += digits[byte & 15U];
  }
  return path + "/pipeline/feature-extraction";
}

/// How many texts the call asks for; nothing when its input is neither a text nor a list of them.
std::optional<std::size_t> count_texts(std::string_view input) {
  const auto value = sdk::parse_json(input);
  if (value && value->is_string()) return 1;
  const json::array* const list = value ? value->if_array() : nullptr;
  if (list == nullptr || list->empty()) return std::nullopt;
  for (const json::value& text : *list)
    if (!text.is_string()) return std::nullopt;
  return list->size();
}

bool is_vector(const json::value& value) {
  const json::array* const list = value.if_array();
  if (list == nullptr || list->empty()) return false;
  for (const json::value& number : *list)
    if (!number.is_number()) return false;
  return true;
}

}  // namespace

void ask_for_features(const sdk::Call& call, sdk::RequestOut& out) {
  const auto input = call.find("input");
  if (!input || !count_texts(*input)) throw sdk::Failure{FREELLM_E_INVALID};
  out.target("POST", path_of(call.model()));
  const bool list = input->starts_with('[');
  out.body(list ? R"({"inputs":)" : R"({"inputs":[)");
  out.body(*input);
  out.body(list ? "}" : "]}");
}

bool read_features(const sdk::Call& call, std::string_view body, sdk::AnswerOut& out) {
  const auto parsed = sdk::parse_json(body);
  if (!parsed || !parsed->is_array()) return false;
  const std::size_t texts = count_texts(call.find("input").value_or("")).value_or(0);
  // One text may be answered with its vector alone.
  const bool bare = texts == 1 && is_vector(*parsed);
  const json::array& vectors = parsed->get_array();
  if (!bare && vectors.size() != texts) return false;
  const auto asked = call.find("dimensions");
  json::array data;
  for (std::size_t i = 0; i < texts; ++i) {
    const json::value& vector = bare ? *parsed : vectors[i];
    if (!is_vector(vector)) return false;
    // These vectors have one length; a shorter one is not to be had.
    if (asked && *asked != std::to_string(vector.get_array().size())) throw sdk::Failure{FREELLM_E_INVALID};
    data.push_back(json::object{{"object", "embedding"}, {"index", i}, {"embedding", vector}});
  }
  out.content_type("application/json");
  out.body(json::serialize(json::object{{"object", "list"}, {"data", std::move(data)}}));
  return true;
}

}  // namespace freellmapi::huggingface
