#include "surfaces/openai/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace freellmapi::surfaces::openai {

namespace {

// One entry, of a model or of a chain of them.
struct Entry {
  std::string id, owner, name;
  std::uint64_t context = 0, max_output = 0;  // 0: unknown
  bool tools = false, vision = false, reasoning = false;
  policy::Json json = policy::Json::text;
  bool available = false;
  std::string reason;
};

Entry entry_of(const policy::Policy& policy, std::size_t index, const Usability& usability) {
  const policy::Model& model = policy.models[index];
  const std::string& provider = policy.providers[model.provider].id;
  return {provider + "/" + model.id,
          provider,
          model.name,
          model.context,
          model.max_output,
          model.tools,
          model.vision,
          model.reasoning,
          model.json,
          usability.available,
          usability.reason};
}

// A chain can do what one of its usable models can: the router looks for that one.
Entry entry_of(const policy::Policy& policy, std::span<const policy::ModelIndex> models, std::string id,
               std::span<const Usability> usability) {
  Entry entry;
  entry.id = std::move(id);
  entry.owner = "freellmapi";
  entry.name = "Fallback chain";
  for (const policy::ModelIndex index : models) {
    if (index >= policy.models.size() || !usability[index].available) continue;
    const policy::Model& model = policy.models[index];
    entry.available = true;
    entry.context = std::max(entry.context, model.context);
    entry.max_output = std::max(entry.max_output, model.max_output);
    entry.tools |= model.tools;
    entry.vision |= model.vision;
    entry.reasoning |= model.reasoning;
    entry.json = std::max(entry.json, model.json);
  }
  if (!entry.available)
    entry.reason = models.empty() ? "the chain is empty" : "no model of the chain is usable";
  return entry;
}

void append_string(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  base::append_json_string(out, value);
}

void append_entry(std::string& out, const Entry& entry, base::WallTime created) {
  out += "{\"id\":";
  base::append_json_string(out, entry.id);
  fmt::format_to(std::back_inserter(out), ",\"object\":\"model\",\"created\":{}",
                 std::chrono::floor<std::chrono::seconds>(created.time_since_epoch()).count());
  append_string(out, "owned_by", entry.owner);
  if (!entry.name.empty()) append_string(out, "name", entry.name);
  if (entry.context > 0)
    fmt::format_to(std::back_inserter(out), ",\"context_length\":{0},\"context_window\":{0}", entry.context);
  if (entry.max_output > 0)
    fmt::format_to(std::back_inserter(out), ",\"max_output_tokens\":{}", entry.max_output);
  out += ",\"supported_parameters\":[\"max_tokens\",\"temperature\",\"top_p\",\"stop\"";
  if (entry.tools) out += ",\"tools\",\"tool_choice\"";
  if (entry.json != policy::Json::text) out += ",\"response_format\"";
  if (entry.json == policy::Json::schema) out += ",\"structured_outputs\"";
  if (entry.reasoning) out += ",\"reasoning_effort\"";
  out += "],\"architecture\":{\"input_modalities\":[\"text\"";
  if (entry.vision) out += ",\"image\"";
  out += "],\"output_modalities\":[\"text\"]},\"available\":";
  out += entry.available ? "true" : "false";
  if (!entry.available)
    append_string(out, "unavailable_reason", entry.reason.empty() ? "unknown" : entry.reason);
  out += '}';
}

template <class Visitor>
void each_entry(const policy::Policy& policy, std::span<const Usability> usability, Visitor visit) {
  for (const policy::Chain& chain : policy.chains) {
    const bool first = &chain == &policy.chains.front();
    visit(entry_of(policy, models_of(chain), first ? "auto" : "auto:" + chain.name, usability));
  }
  for (std::size_t i = 0; i < policy.models.size(); ++i) {
    // The nameless one stands for any name at an endpoint that takes them all: there is nothing to list.
    const policy::Model& model = policy.models[i];
    if (model.kind == policy::Kind::chat && !model.id.empty()) visit(entry_of(policy, i, usability[i]));
  }
}

}  // namespace

std::string models_body(const policy::Policy& policy, std::span<const Usability> usability,
                        base::WallTime created, bool only_available) {
  std::string out = "{\"object\":\"list\",\"data\":[";
  bool first = true;
  each_entry(policy, usability, [&](const Entry& entry) {
    if (only_available && !entry.available) return;
    if (!first) out += ',';
    first = false;
    append_entry(out, entry, created);
  });
  out += "]}";
  return out;
}

std::vector<policy::ModelIndex> models_of(const policy::Chain& chain) {
  std::vector<policy::ModelIndex> models;
  for (const policy::Step& step : chain.steps) models.push_back(step.model);
  return models;
}

std::string model_body(const policy::Policy& policy, std::span<const Usability> usability,
                       base::WallTime created, std::string_view id,
                       std::span<const policy::ModelIndex> models, bool is_chain) {
  std::string out;
  if (is_chain || models.size() != 1) {
    append_entry(out, entry_of(policy, models, std::string{id}, usability), created);
    return out;
  }
  Entry entry = entry_of(policy, models.front(), usability[models.front()]);
  entry.id = id;
  append_entry(out, entry, created);
  return out;
}

}  // namespace freellmapi::surfaces::openai
