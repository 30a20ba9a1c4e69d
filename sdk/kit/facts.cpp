#include "kit/facts.hpp"

#include <freellmapi/ext/local.h>
#include <yaml-cpp/yaml.h>

#include "kit/fixture.hpp"
#include "kit/text.hpp"

namespace freellmapi::kit {
namespace {

template <class T>
T value_or(const YAML::Node& node, T otherwise) {
  if (!node.IsDefined() || !node.IsScalar()) return otherwise;
  try {
    return node.as<T>();
  } catch (const YAML::Exception&) {
    return otherwise;
  }
}

ModelFacts read_model(const std::string& id, const YAML::Node& node) {
  ModelFacts model;
  model.id = id;
  if (!node.IsMap()) return model;
  model.kind = value_or<std::string>(node["kind"], "chat");
  model.context = value_or<std::uint64_t>(node["context"], 0);
  model.max_output = value_or<std::uint64_t>(node["max_output"], 0);
  const auto flag = [&](const char* name, std::uint32_t bit) {
    if (value_or(node[name], false)) model.flags |= bit;
  };
  flag("tools", FREELLM_MODEL_TOOLS);
  flag("vision", FREELLM_MODEL_VISION);
  flag("reasoning", FREELLM_MODEL_REASONING);
  const std::string json = value_or<std::string>(node["json"], "none");
  if (json == "object") model.flags |= FREELLM_MODEL_JSON_OBJECT;
  if (json == "schema") model.flags |= FREELLM_MODEL_JSON_OBJECT | FREELLM_MODEL_JSON_SCHEMA;
  return model;
}

}  // namespace

std::vector<ModelFacts> Facts::chat_models() const {
  constexpr std::size_t most = 24;
  std::vector<ModelFacts> out;
  for (const ModelFacts& model : models)
    if (model.kind == "chat" && out.size() < most) out.push_back(model);
  if (out.empty()) out.push_back({"some-model", "chat", ordinary_model, 131'072, 8'192});
  return out;
}

Facts read_facts(const freellm_provider& provider) {
  Facts facts;
  facts.provider = &provider;
  facts.id = view(provider.id);
  facts.local = provider.get_extension != nullptr &&
                provider.get_extension(&provider, text(FREELLM_EXT_LOCAL)) != nullptr;
  try {
    const YAML::Node root = YAML::Load(std::string(view(provider.manifest)));
    if (!root.IsMap()) return facts;
    facts.wire = value_or<std::string>(root["wire"], "openai");
    const YAML::Node keys = root["keys"];
    if (keys.IsDefined() && keys.IsMap()) {
      facts.keys_possible = true;
      facts.keys_required = value_or(keys["required"], true);
      facts.key_prefix = value_or<std::string>(keys["prefix"], "");
      facts.key_min_length = value_or<std::uint64_t>(keys["min_length"], 0);
    }
    const YAML::Node models = root["models"];
    if (models.IsDefined() && models.IsMap())
      for (const auto& entry : models)
        if (entry.first.IsScalar()) facts.models.push_back(read_model(entry.first.Scalar(), entry.second));
  } catch (const YAML::Exception&) {
    return facts;
  }
  return facts;
}

}  // namespace freellmapi::kit
