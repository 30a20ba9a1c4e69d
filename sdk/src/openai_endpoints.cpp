// Embeddings, images and speech of providers that serve them in OpenAI's shape.
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>

#include "splicer.hpp"

namespace freellmapi::sdk {
namespace json = boost::json;
namespace {

constexpr std::string_view embeddings_members[] = {"input", "encoding_format", "dimensions", "user"};
constexpr std::string_view images_members[] = {
    "prompt", "n", "size", "quality", "style", "response_format", "user", "background", "output_format"};
constexpr std::string_view speech_members[] = {"input", "voice", "response_format", "speed", "instructions"};

std::string_view path_of(const OpenAiDialect& dialect, Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::embeddings:
      return dialect.embeddings_path;
    case Endpoint::images:
      return dialect.images_path;
    case Endpoint::speech:
      return dialect.speech_path;
  }
  return {};
}

std::span<const std::string_view> members_of(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::embeddings:
      return embeddings_members;
    case Endpoint::images:
      return images_members;
    case Endpoint::speech:
      return speech_members;
  }
  return {};
}

bool is_sound(const Headers& head) noexcept {
  const std::string_view type = head.find("content-type").value_or("");
  return type.starts_with("audio/") || type.starts_with("application/octet-stream");
}

}  // namespace

void OpenAiProvider::build_endpoint(Endpoint endpoint, const Call& call, RequestOut& out) const {
  const std::string_view path = path_of(dialect_, endpoint);
  if (path.empty()) throw Failure{FREELLM_E_UNSUPPORTED};
  out.target("POST", path);
  out.credential("authorization", "Bearer ", dialect_.credential_part);
  out.header("content-type", "application/json");
  out.header("accept", endpoint == Endpoint::speech ? "*/*" : "application/json");
  add_headers(call, out);

  Splicer splicer(call.body(), out);
  splicer.own_string("model", call.model());
  for (const freellm_member& member : call.members()) {
    const std::string_view name = view(member.name), value = view(member.value);
    if (name == "model" || value == "null") continue;
    const MemberRule& rule = rule_for(dialect_.endpoint_members, members_of(endpoint), name);
    const bool clamps = rule.action == MemberRule::Action::clamp;
    const auto text = clamps ? clamped(rule, value) : std::nullopt;
    if (rule.action == MemberRule::Action::drop || (text && text->empty())) continue;
    if (text) {
      splicer.own(name, *text);
    } else if (rule.action == MemberRule::Action::rename) {
      splicer.renamed(rule.to, value);
    } else {
      splicer.kept(member);
    }
  }
  std::string more;
  MemberWriter writer(more);
  add_endpoint_members(endpoint, call, writer);
  splicer.tail(more);
  splicer.close();
}

bool OpenAiProvider::read_endpoint(Endpoint endpoint, const Call&, const Headers& head, std::string_view body,
                                   AnswerOut& out, OutcomeOut& failure) const {
  if (endpoint == Endpoint::speech && is_sound(head)) {
    if (body.empty()) throw Failure{FREELLM_E_PROTOCOL};
    out.content_type(head.find("content-type").value_or("application/octet-stream"));
    out.body(body);
    return true;
  }
  const auto answer = parse_json(body);
  const json::object* const object = answer ? answer->if_object() : nullptr;
  if (object == nullptr) throw Failure{FREELLM_E_PROTOCOL};
  const json::value* const data = object->if_contains("data");
  if (endpoint == Endpoint::speech || data == nullptr || !data->is_array() || data->get_array().empty()) {
    classify_in_success(body, failure);
    return false;
  }
  out.content_type("application/json");
  out.body(body);
  const json::object* const usage = object_at(*object, "usage");
  const json::value* const tokens = usage == nullptr ? nullptr : usage->if_contains("prompt_tokens");
  if (tokens != nullptr && tokens->is_int64() && tokens->get_int64() >= 0)
    out.input_tokens(static_cast<std::uint64_t>(tokens->get_int64()));
  return true;
}

}  // namespace freellmapi::sdk
