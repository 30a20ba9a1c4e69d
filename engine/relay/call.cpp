#include "relay/call.hpp"

#include <algorithm>

namespace freellmapi::relay {

namespace {

freellm_str str(std::string_view text) noexcept { return {text.data(), text.size()}; }

std::uint32_t flags_of(const chat::Request& request) noexcept {
  const chat::Facts& f = request.facts;
  std::uint32_t flags = 0;
  const auto set = [&flags](bool fact, std::uint32_t bit) { flags |= fact ? bit : 0u; };
  set(request.stream, FREELLM_CALL_STREAM);
  set(f.tools, FREELLM_CALL_TOOLS);
  set(f.tool_history, FREELLM_CALL_TOOL_HISTORY);
  set(f.images, FREELLM_CALL_IMAGES);
  set(f.json_object, FREELLM_CALL_JSON_OBJECT);
  set(f.json_schema, FREELLM_CALL_JSON_SCHEMA);
  set(f.reasoning_history, FREELLM_CALL_REASONING_HISTORY);
  set(f.parts, FREELLM_CALL_PARTS);
  set(f.developer, FREELLM_CALL_DEVELOPER);
  set(f.late_system, FREELLM_CALL_LATE_SYSTEM);
  set(f.names, FREELLM_CALL_NAMES);
  set(f.extras, FREELLM_CALL_EXTRAS);
  return flags;
}

std::uint32_t flags_of(const policy::Model& model) noexcept {
  std::uint32_t flags = 0;
  if (model.tools) flags |= FREELLM_MODEL_TOOLS;
  if (model.vision) flags |= FREELLM_MODEL_VISION;
  if (model.json != policy::Json::text) flags |= FREELLM_MODEL_JSON_OBJECT;
  if (model.json == policy::Json::schema) flags |= FREELLM_MODEL_JSON_SCHEMA;
  if (model.reasoning) flags |= FREELLM_MODEL_REASONING;
  return flags;
}

/// Both names of one knob: the plugin writes whichever its provider has.
bool is_output_limit(std::string_view name) noexcept {
  return name == "max_tokens" || name == "max_completion_tokens";
}

}  // namespace

PluginCall::PluginCall(const chat::Request& request, const policy::Model& model,
                       std::string_view upstream_name, std::uint64_t max_output, std::uint64_t seed)
    : members_(request.members.size(), boost::container::default_init) {
  auto member = members_.begin();
  for (const chat::Member& m : request.members) *member++ = {str(m.name), str(m.value)};
  call_.size = sizeof call_;
  call_.flags = flags_of(request);
  call_.model = str(upstream_name);
  call_.body = str(*request.body);
  call_.members = members_.data();
  call_.member_count = members_.size();
  call_.max_output_tokens = max_output;
  call_.seed = seed;
  call_.model_flags = flags_of(model);
  call_.context_tokens = model.context;
}

bool PluginCall::repair(std::string_view field, std::string_view rename) {
  const bool limit = is_output_limit(field);
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const freellm_member& m) {
    const std::string_view name{m.name.data, m.name.size};
    return name == field || (limit && is_output_limit(name));
  });
  if (found == members_.end()) return false;
  if (rename.empty()) {
    members_.erase(found);
    if (limit) call_.max_output_tokens = 0;
  } else {
    renamed_ = rename;
    found->name = str(renamed_);
  }
  call_.members = members_.data();
  call_.member_count = members_.size();
  return true;
}

}  // namespace freellmapi::relay
