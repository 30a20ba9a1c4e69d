#include "cli/client_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/text.hpp"

namespace freellmapi::cli {

namespace json = boost::json;

namespace {

base::Error bad(std::string reason) { return {base::Errc::invalid_argument, std::move(reason)}; }

/// The member as a string, or nullptr.
const json::string* text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value ? value->if_string() : nullptr;
}

base::Result<std::size_t> check_chain(const json::object& file) {
  const json::value* value = file.if_contains("fallback_chain");
  const json::array* chain = value ? value->if_array() : nullptr;
  if (!chain) return bad("fallback_chain must be a list of provider names");
  if (chain->size() < 2) return bad("fallback_chain needs at least two providers");
  std::set<std::string_view> seen;
  for (const json::value& entry : *chain) {
    const json::string* name = entry.if_string();
    if (!name || name->empty()) return bad("fallback_chain holds an entry that is not a name");
    if (!seen.insert(*name).second)
      return bad(fmt::format("fallback_chain names '{}' twice", base::printable(*name)));
  }
  return chain->size();
}

base::Result<void> check_request(const json::object& file) {
  const json::value* value = file.if_contains("request");
  const json::object* request = value ? value->if_object() : nullptr;
  if (!request) return bad("request must be an object");
  const json::string* model = text_member(*request, "model");
  if (!model || model->empty()) return bad("request.model is not set");
  const json::value* list = request->if_contains("messages");
  const json::array* messages = list ? list->if_array() : nullptr;
  if (!messages || messages->empty()) return bad("request.messages must be a list that is not empty");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const json::object* message = (*messages)[i].if_object();
    if (!message) return bad(fmt::format("request.messages[{}] must be an object", i));
    const json::string* role = text_member(*message, "role");
    if (!role || role->empty()) return bad(fmt::format("request.messages[{}] has no role", i));
    if (!text_member(*message, "content"))
      return bad(fmt::format("request.messages[{}] has no text content", i));
  }
  return {};
}

}  // namespace

std::string client_config(const policy::Policy& policy, std::string_view unified_key) {
  std::vector<std::string> chain;
  for (const policy::Step& step : policy.chains.front().steps) {
    const std::string& id = policy.providers[policy.models[step.model].provider].id;
    if (std::find(chain.begin(), chain.end(), id) == chain.end()) chain.push_back(id);
  }
  std::string names;
  for (const std::string& id : chain) {
    names += (names.empty() ? "" : ", ") + base::json_string(id);
  }
  return fmt::format(
      "{{\n"
      "  \"endpoint\": \"http://localhost:{}/v1\",\n"
      "  \"unified_key\": {},\n"
      "  \"fallback_chain\": [{}],\n"
      "  \"request\": {{ \"model\": \"auto\", \"messages\": [{{ \"role\": \"user\", \"content\": \"hi\" }}] "
      "}}\n"
      "}}\n",
      policy.server.port, base::json_string(unified_key), names);
}

base::Result<std::string> check_client_config(std::string_view text, std::uint16_t port) {
  if (text.size() > 1024 * 1024) return bad("the file is larger than 1 MiB");
  boost::system::error_code ec;
  const json::value document = json::parse(json::string_view(text.data(), text.size()), ec);
  if (ec) return bad("the file is not valid JSON: " + ec.message());
  const json::object* file = document.if_object();
  if (!file) return bad("the file must hold a JSON object");

  const std::string suffix = fmt::format(":{}/v1", port);
  const json::string* endpoint = text_member(*file, "endpoint");
  if (!endpoint) return bad("endpoint is not set");
  if (std::string_view(*endpoint).find(suffix) == std::string_view::npos) {
    return bad(fmt::format("endpoint must contain {}, it is '{}'", suffix, base::printable(*endpoint)));
  }
  const json::string* key = text_member(*file, "unified_key");
  if (!key || !std::string_view(*key).starts_with("freellmapi-"))
    return bad("unified_key must begin with freellmapi-");

  const auto providers = check_chain(*file);
  if (!providers) return providers.error();
  if (const auto request = check_request(*file); !request) return request.error();
  return fmt::format(
      "config OK: FreeLLMAPI at {}, unified key prefix ok, fallback chain of {} provider(s), request "
      "well-formed",
      suffix, *providers);
}

}  // namespace freellmapi::cli
