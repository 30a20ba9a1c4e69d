#include "policy/manifest.hpp"

#include <algorithm>

#include "policy/address.hpp"

namespace freellmapi::policy {
namespace {

bool is_variable(std::string_view name) {
  return !name.empty() && name.size() <= 64 && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::optional<std::string> read_variable(const Value& value) {
  auto name = value.text(64);
  if (name && !is_variable(*name)) {
    value.wrong("the name of an environment variable");
    return std::nullopt;
  }
  return name;
}

// A name, or {name: ..., before: ..., host: ...}.
std::optional<KeyVariable> read_key_variable(const Value& value) {
  KeyVariable out;
  if (!value.is(Element::Kind::mapping)) {
    auto name = read_variable(value);
    if (!name) return std::nullopt;
    out.name = std::move(*name);
    return out;
  }
  Fields fields(value);
  fields.read("name", out.name, read_variable);
  fields.read("before", out.before, read_variable);
  fields.read("host", out.host, [](const Value& v) { return v.name(); });
  fields.close();
  if (!out.name.empty()) return out;
  value.fault("the entry needs 'name': the variable that holds the key");
  return std::nullopt;
}

std::optional<KeyFacts> read_keys(const Value& value) {
  Fields fields(value);
  if (!fields.readable()) return std::nullopt;
  KeyFacts out;
  out.required = true;
  if (const auto env = fields.get("env")) {
    for (const Value& item : env->list(16)) {
      if (auto variable = read_key_variable(item)) out.env.push_back(std::move(*variable));
    }
  }
  fields.text("prefix", out.prefix);
  fields.read("min_length", out.min_length, [](const Value& v) { return v.whole(0, 4096); });
  fields.truth("required", out.required);
  fields.close();
  return out;
}

void read_facts(Fields& fields, Manifest& out) {
  fields.text("name", out.name);
  fields.text("version", out.version);
  fields.read("wire", out.local, [](const Value& v) -> std::optional<bool> {
    const auto wire = v.text(32);
    if (!wire) return std::nullopt;
    return *wire == "local";
  });
  fields.read("base_url", out.base_url, read_base_url);
  fields.read("probe_url", out.probe_url, read_base_url);
  if (const auto hosts = fields.get("hosts")) {
    out.hosts = read_hosts(*hosts);
    if (out.base_url.empty()) hosts->fault("further hosts need a 'base_url' to stand beside");
  }
  for (const std::string_view link : {"docs", "console_url"}) {
    std::optional<std::string> text;
    fields.text(link, text);
  }
  if (const auto notes = fields.get("notes")) {
    for (const Value& note : notes->list(64)) note.text(4096);
  }
  fields.read("keys", out.keys, read_keys);
  for (const KeyVariable& variable : out.keys.env) {
    const bool known =
        variable.host.empty() || std::any_of(out.hosts.begin(), out.hosts.end(),
                                             [&](const auto& h) { return h.name == variable.host; });
    if (!known) fields.value().fault("keys.env: 'hosts' does not name '" + variable.host + "'");
  }
  fields.read("timeouts", out.timeouts, read_timeouts);
  fields.read("billing", out.billing, read_billing);
  fields.truth("enabled", out.enabled);
  fields.text("why_off", out.why_off);
  fields.read("since", out.since, read_date);
  fields.read("source", out.source, read_source);
  fields.read("as_of", out.as_of, read_date);
  if (out.enabled) out.since.clear();
  if (!out.enabled) out.why_off = why_off_text(out.why_off, out.since);
}

void read_limits(Fields& fields, Manifest& out) {
  fields.read("counters", out.rules.counters, read_counters);
  out.rules.any_own_unit = true;
  out.rules.source = out.source;
  out.rules.as_of = out.as_of;
  out.rules.liftable = true;
  if (const auto quota = fields.get("quota")) {
    if (const auto rules = read_quota(*quota, out.rules)) apply(*rules, out.quota);
  }
  if (const auto models = fields.get("models")) out.models = read_models(*models, out.rules);
  for (ModelSettings& model : out.models) {
    if (!model.source && !out.source.empty()) model.source = out.source;
    if (!model.as_of && !out.as_of.empty()) model.as_of = out.as_of;
  }
  out.rules.any_own_unit = false;
  out.rules.source = "policy";  // from here on it is the policy's rules that are read with them
  out.rules.as_of.clear();
  out.rules.liftable = false;
  const auto note_units = [&](const std::vector<Rule>& rules) {
    for (const Rule& rule : rules) {
      if (rule.of == Unit::own) out.rules.own_units.push_back(rule.own_unit);
    }
  };
  note_units(out.quota);
  for (const ModelSettings& model : out.models) {
    if (model.quota) note_units(model.quota->rules);
  }
}

void read_root(const Element& root, Source& source, const std::string& provider, Manifest& out) {
  Fields fields(Value(root, source));
  if (!fields.readable()) return;
  if (const auto format = fields.get("manifest")) {
    format->whole(1, 1);
  } else {
    fields.value().fault("the line 'manifest: 1' is missing");
  }
  std::string id;
  fields.read("id", id, [](const Value& v) { return v.name(); });
  if (id != provider && !source.faults.any_errors()) {
    fields.value().fault("its id is '" + id + "', but the plugin calls the provider '" + provider + "'");
  }
  read_facts(fields, out);
  read_limits(fields, out);
  fields.close();
}

}  // namespace

Manifest read_manifest(const ManifestText& text, std::vector<Diagnostic>& diagnostics,
                       std::set<std::string>* known) {
  Manifest out;
  out.id = text.provider;
  out.name = text.provider;
  out.file = text.file;
  Source source(text.file);
  if (!is_name(text.provider)) {
    source.faults.error({}, "the provider's id is not 1 to 64 characters a-z, 0-9 and '-'");
  } else if (const auto root = read_document(text.yaml, source.faults)) {
    read_root(*root, source, text.provider, out);
  }
  if (known != nullptr) *known = source.known;
  if (source.faults.any_errors()) {
    Manifest off;
    off.id = off.name = text.provider;
    off.file = text.file;
    off.enabled = false;
    off.faulty = true;
    off.why_off = "its manifest has faults";
    out = std::move(off);
  } else {
    out.found = std::move(source.found);
  }
  for (Diagnostic& diagnostic : source.faults.sorted()) {
    if (diagnostics.size() >= max_diagnostics) break;
    if (!diagnostic.warning) diagnostic.message += "; the provider '" + text.provider + "' is off";
    diagnostic.warning = true;
    diagnostics.push_back(std::move(diagnostic));
  }
  return out;
}

}  // namespace freellmapi::policy
