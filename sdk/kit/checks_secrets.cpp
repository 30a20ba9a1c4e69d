// A plugin never sees a key, and what passes through it is not written down.
#include <yaml-cpp/yaml.h>

#include <cstdlib>

#include "kit/answers.hpp"
#include "kit/calls.hpp"
#include "kit/checks.hpp"
#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/seeds.hpp"
#include "kit/streams.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::string_view canary = "kitCANRY-5ecret-9d2f41";

/// Everything that the provider writes for the canonical calls and makes of error answers.
std::string everything_written(Subject& subject) {
  std::string all;
  for (const Facts& facts : subject.facts()) {
    const freellm_provider& p = *facts.provider;
    for (const CanonicalCall& call : canonical_calls())
      if (!facts.local && call.body.size() < 64 * 1'024)
        all += write_request(p, *HostCall(client_call(call, facts.chat_models().front())).get()).everything();
    if (p.build_probe != nullptr) all += write_probe(p).everything();
    for (const Answer& answer : bad_answers(subject)) {
      const freellm_outcome outcome = classify_raw(p, answer, kit_now);
      all += std::string(outcome.message) + outcome.code + outcome.repair_field;
    }
  }
  return all;
}

std::string log_of(Subject& subject) {
  std::string all;
  for (const LoggingHost::Line& line : subject.plugin().host().lines()) all += line.text + "\n";
  return all;
}

/// The names of variables in the manifest, before the plugin has been started.
std::vector<std::string> variables(const std::string& file) {
  std::vector<std::string> names{"API_KEY", "OPENAI_API_KEY", "FREELLMAPI_KEY", "FREELLMAPI_ENCRYPTION_KEY"};
  std::string why;
  const freellm_plugin* const table = Plugin::load(file, why);
  if (table == nullptr || table->provider_count == nullptr || table->provider == nullptr) return names;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(table->provider_count(), 64); ++i) {
    try {
      const YAML::Node env = YAML::Load(std::string(view(table->provider(i)->manifest)))["keys"]["env"];
      for (const auto& name : env)
        names.push_back(name.IsMap() ? name["name"].as<std::string>() : name.as<std::string>());
    } catch (const YAML::Exception&) {
      continue;
    }
  }
  return names;
}

void judge_environment(Subject& subject, Judge& judge) {
  for (const std::string& name : variables(subject.file()))
    setenv(name.c_str(), std::string(canary).c_str(), 1);
  const std::string all = everything_written(subject);
  judge.expect(all.find(canary) == all.npos, "a key out of the environment stands in what it writes");
  judge.expect(log_of(subject).find(canary) == std::string::npos,
               "a key out of the environment stands in the log");
}

void judge_first_eight(Subject& subject, Judge& judge) {
  const std::string first(canary.substr(0, 8));
  for (const Facts& facts : subject.facts()) {
    if (facts.provider->check_key_shape == nullptr) judge.skip("it takes keys of any shape");
    inside("check_key_shape",
           [&] { return facts.provider->check_key_shape(facts.provider, text(first), canary.size()); });
  }
  judge.expect(everything_written(subject).find(first) == std::string::npos,
               "the first characters of a key stand in what it writes later");
  judge.expect(log_of(subject).find(first) == std::string::npos,
               "the first characters of a key stand in the log");
}

void judge_own_keys(const Facts& facts, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
  const Written written = write_request(*facts.provider, *HostCall(plain_call(facts)).get());
  for (const auto& [name, value] : written.headers) {
    const std::string lower_name = lower(name);
    const bool secret = lower_name == "authorization" || lower_name.find("api-key") != lower_name.npos ||
                        lower_name.find("token") != lower_name.npos;
    if (secret) judge.fail("it writes the header " + name + " itself; credential() marks the key's place");
  }
  judge.expect(
      written.path.find("key=") == std::string::npos || written.path.find("{key") != std::string::npos,
      [&] { return "the path holds a key: " + printable(written.path, 80); });
}

void judge_prompts(Subject& subject, Judge& judge) {
  for (const Facts& facts : subject.facts()) {
    if (facts.local) continue;
    ClientCall client = plain_call(facts, true);
    client.body = replaced(client.body, "\"hi\"", "\"" + std::string(canary) + "\"");
    write_request(*facts.provider, *HostCall(client).get());
    for (const std::string& body : {delta(R"("content":")" + std::string(canary) + "\""), std::string(canary),
                                    "data: {" + std::string(canary) + "\n\n"})
      parse(*facts.provider, client, event_stream(body), {body});
    for (const int status : {400, 429, 500})
      classify_raw(*facts.provider, {status, {}, R"({"error":{"message":")" + std::string(canary) + "\"}}"},
                   kit_now);
  }
  judge.expect(log_of(subject).find(canary) == std::string::npos,
               "what a user or a model wrote stands in the log");
}

void judge_log(Subject& subject, Judge& judge) {
  constexpr std::size_t lines_most = 200, line_most = 4'096;
  everything_written(subject);
  const LoggingHost& host = subject.plugin().host();
  judge.expect(host.line_count() <= lines_most,
               [&] { return std::to_string(host.line_count()) + " lines; the host drops most of them"; });
  for (const LoggingHost::Line& line : host.lines()) {
    judge.expect(line.level >= 0 && line.level <= 3, [&] { return "level " + std::to_string(line.level); });
    judge.expect(line.text.size() < line_most, "a line of 4 KiB or more");
  }
}

}  // namespace

void add_secret_checks(std::vector<Check>& checks) {
  Group group(checks, "secrets");
  group.add("environment", "keys in the environment do not come out of it", judge_environment);
  group.add("first-eight", "what it is shown of a key does not come out of it", judge_first_eight);
  group.each("own-keys", "it writes no key of its own", judge_own_keys);
  group.add("texts", "prompts and answers are not logged", judge_prompts);
  group.add("log", "it logs little", judge_log);
}

}  // namespace freellmapi::kit
