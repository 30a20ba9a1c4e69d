#include "policy/tests.hpp"

#include "base/text.hpp"

namespace freellmapi::policy {
namespace {

constexpr std::size_t most_tests = 256, most_names = 256;
constexpr std::uint64_t most_tokens = 1'000'000'000;

std::vector<std::string> read_names(const std::optional<Value>& value, std::vector<Spot>& targets) {
  std::vector<std::string> out;
  if (!value) return out;
  for (const Value& item : value->list(most_names)) {
    auto text = item.text();
    if (!text) continue;
    targets.push_back({*text, item.path(), item.place()});
    out.push_back(std::move(*text));
  }
  return out;
}

void read_given(const Value& value, TestSettings& out) {
  Fields fields(value);
  out.test.spent = read_names(fields.get("spent"), out.targets);
  out.test.benched = read_names(fields.get("benched"), out.targets);
  out.test.without_key = read_names(fields.get("without_key"), out.targets);
  fields.close();
}

void read_request(const Value& value, Test& out) {
  const auto tokens = [](const Value& v) { return v.whole(0, most_tokens); };
  Fields fields(value);
  fields.text("model", out.model);
  fields.read("tokens", out.tokens, tokens);
  fields.read("output", out.output, tokens);
  fields.truth("tools", out.tools);
  fields.truth("vision", out.vision);
  fields.read("json", out.json, read_word<Json::object, Json::schema>);
  fields.close();
}

TestSettings read_test(const Value& value) {
  TestSettings out;
  out.test.line = value.place().line;
  out.test.column = value.place().column;
  Fields fields(value);
  fields.text("name", out.test.name);
  if (const auto given = fields.get("given")) read_given(*given, out);
  if (const auto request = fields.get("request")) read_request(*request, out.test);
  if (const auto expect = fields.get("expect")) {
    if (auto text = expect->text()) {
      if (*text != "none") out.targets.push_back({*text, expect->path(), expect->place()});
      out.test.expect = std::move(*text);
    }
  }
  out.test.never = read_names(fields.get("never"), out.targets);
  fields.close();
  if (fields.readable() && out.test.expect.empty() && out.test.never.empty())
    value.fault(
        "a test says what it expects: 'expect' names a provider, provider/model or none, 'never' "
        "those that must not be tried");
  return out;
}

std::string fault_of(const Policy& policy, const std::string& target) {
  const std::size_t slash = target.find('/');
  const ProviderIndex provider = policy.provider_named(target.substr(0, slash));
  if (provider == none) {
    std::vector<std::string> names;
    for (const Provider& each : policy.providers) names.push_back(each.id);
    return "unknown provider '" + base::printable(target.substr(0, slash), 80) + "'" +
           did_you_mean(target.substr(0, slash), names);
  }
  if (slash == std::string::npos || policy.model_of(provider, target.substr(slash + 1)) != none) return {};
  std::vector<std::string> names;
  for (const ModelIndex model : policy.providers[provider].models) names.push_back(policy.models[model].id);
  return "unknown model '" + base::printable(target, 80) + "'" +
         did_you_mean(target.substr(slash + 1), names);
}

}  // namespace

std::vector<TestSettings> read_tests(const Value& value) {
  std::vector<TestSettings> out;
  for (const Value& item : value.list(most_tests)) out.push_back(read_test(item));
  return out;
}

std::vector<Test> check_tests(const Policy& policy, const std::vector<TestSettings>& settings,
                              Source& source) {
  std::vector<Test> out;
  for (const TestSettings& each : settings) {
    for (const Spot& target : each.targets) {
      const std::string fault = fault_of(policy, target.text);
      if (!fault.empty()) source.faults.error(target.place, target.path + ": " + fault);
    }
    out.push_back(each.test);
  }
  return out;
}

}  // namespace freellmapi::policy
