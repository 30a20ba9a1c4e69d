#include <gtest/gtest.h>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

// A text and exactly what is said about it.
struct Case {
  std::string name, text, said;
  friend void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }
};

class Faults : public testing::TestWithParam<Case> {};

TEST_P(Faults, AreSaidWithTheirPlaceAndARemedy) {
  const Outcome outcome = House{}(GetParam().text);
  EXPECT_EQ(texts(outcome), GetParam().said);
  EXPECT_EQ(outcome.policy, nullptr);
}

const std::vector<Case> cases{
    {"empty_file", "",
     "p.yaml:1:1: the line 'version: 1' is missing\n"
     "p.yaml:1:1: a 'chain' is missing: the providers and models to try, best first\n"},
    {"not_a_mapping", "- groq\n", "p.yaml:1:1: expected a mapping, got a list\n"},
    {"other_version", "version: 2\nchain: [groq]\n",
     "p.yaml:1:10: version: must be between 1 and 1, got 2\n"},
    {"quoted_version", "version: \"1\"\nchain: [groq]\n",
     "p.yaml:1:10: version: expected a whole number, got the text \"1\" (leave out the quotes)\n"},
    {"unknown_key", with("rooting: {}\n"), "p.yaml:3:1: rooting: unknown key (did you mean 'routing'?)\n"},
    {"misplaced_key", with("sticky: 5m\n"), "p.yaml:3:1: sticky: unknown key (it belongs under 'routing')\n"},
    {"key_unlike_any", with("wibbelbix: 1\n"), "p.yaml:3:1: wibbelbix: unknown key\n"},
    {"duplicate", with("routing: {}\nrouting: {}\n"),
     "p.yaml:4:1: routing: defined twice (first at line 3)\n"},
    {"duplicate_name", with("providers:\n  groq:\n  groq:\n"),
     "p.yaml:5:3: providers.groq: defined twice (first at line 4)\n"},
    {"text_for_number", with("routing:\n  attempts: many\n"),
     "p.yaml:4:13: routing.attempts: expected a whole number, got \"many\"\n"},
    {"octal", with("routing: {attempts: 010}\n"),
     "p.yaml:3:21: routing.attempts: expected a whole number, got \"010\" (leave out the leading zeros)\n"},
    {"hex", with("routing: {attempts: 0x10}\n"),
     "p.yaml:3:21: routing.attempts: expected a whole number, got \"0x10\"\n"},
    {"negative", with("routing: {attempts: -1}\n"),
     "p.yaml:3:21: routing.attempts: expected a whole number, got \"-1\"\n"},
    {"too_large", with("routing: {attempts: 99999999999999999999}\n"),
     "p.yaml:3:21: routing.attempts: must be between 1 and 1000, got 99999999999999999999\n"},
    {"on_for_true", with("routing: {continue_streams: on}\n"),
     "p.yaml:3:29: routing.continue_streams: expected true or false, got \"on\"\n"},
    {"hedge_word", with("routing: {hedge: surplu}\n"),
     "p.yaml:3:18: routing.hedge: expected off or surplus, got \"surplu\" (did you mean 'surplus'?)\n"},
    {"hedge_truth", with("routing: {hedge: yes}\n"),
     "p.yaml:3:18: routing.hedge: expected off or surplus, got \"yes\"\n"},
    {"hedge_home", with("hedge: surplus\n"), "p.yaml:3:1: hedge: unknown key (it belongs under 'routing')\n"},
    {"handoff_word", with("routing: {handoff: notes}\n"),
     "p.yaml:3:20: routing.handoff: expected off or note, got \"notes\" (did you mean 'note'?)\n"},
    {"conversations_range", with("store: {conversations: 60d}\n"),
     "p.yaml:3:24: store.conversations: must be between 0s and 30d, got 60d\n"},
    {"filter_word", with("routing: {on_content_filter: nxt}\n"),
     "p.yaml:3:30: routing.on_content_filter: expected fail or next, got \"nxt\" (did you mean 'next'?)\n"},
    {"no_for_false", with("providers: {groq: {enabled: no}}\n"),
     "p.yaml:3:29: providers.groq.enabled: expected true or false, got \"no\"\n"},
    {"bare_duration", with("routing: {budget: 45}\n"),
     "p.yaml:3:19: routing.budget: expected a duration such as 450ms, 8s or 1h30m, got \"45\"\n"},
    {"duration_range", with("routing: {sticky: 2d}\n"),
     "p.yaml:3:19: routing.sticky: must be between 0s and 1d, got 2d\n"},
    {"list_for_mapping", with("server: [a]\n"), "p.yaml:3:9: server: expected a mapping, got a list\n"},
    {"mapping_for_text", with("server: {listen: {a: b}}\n"),
     "p.yaml:3:18: server.listen: expected text, got a mapping\n"},
    {"nothing_for_text", with("server:\n  listen:\n"),
     "p.yaml:5:1: server.listen: expected text, got nothing\n"},
    {"listen", with("server: {listen: here}\n"),
     "p.yaml:3:18: server.listen: expected ADDRESS:PORT such as 127.0.0.1:3001\n"},
    {"listen_port", with("server: {listen: \"127.0.0.1:70000\"}\n"),
     "p.yaml:3:18: server.listen: expected ADDRESS:PORT such as 127.0.0.1:3001\n"},
    {"host", with("server: {hosts: [\"a b\"]}\n"),
     "p.yaml:3:18: server.hosts[0]: expected a host name such as router.lan, got the text \"a b\"\n"},
    {"strategy", with("routing: {strategy: fast}\n"),
     "p.yaml:3:21: routing.strategy: expected priority, balanced, fastest, smartest, reliable or expiring, "
     "got "
     "\"fast\"\n"},
    {"strategy_near", with("routing: {strategy: fastes}\n"),
     "p.yaml:3:21: routing.strategy: expected priority, balanced, fastest, smartest, reliable or expiring, "
     "got "
     "\"fastes\" (did you mean 'fastest'?)\n"},
    {"profile_name", with("profiles: {fastest: {}}\n"),
     "p.yaml:3:12: profiles.fastest: the name is taken: it means a strategy or the default chain\n"},
    {"unknown_plugin", with("providers:\n  box: {plugin: custm}\n"),
     "p.yaml:4:17: providers.box.plugin: no plugin 'custm' is installed (did you mean 'custom'?)\n"},
    {"provider_without_plugin", with("providers:\n  my-own-endpoint: {base_url: \"http://x/v1\"}\n"),
     "p.yaml:4:3: providers.my-own-endpoint: no plugin 'my-own-endpoint' is installed; an endpoint of your "
     "own says "
     "which 'plugin' speaks to it, such as custom\n"},
    {"provider_name", with("providers:\n  My_Box: {plugin: custom, base_url: \"http://x/v1\"}\n"),
     "p.yaml:4:3: providers.My_Box: a provider's name has 1 to 64 characters a-z, 0-9 and '-'\n"},
    {"custom_without_url", with("providers:\n  box: {plugin: custom}\n"),
     "p.yaml:4:3: providers.box: the plugin 'custom' needs a 'base_url'\n"},
    {"chain_of_a_faulty_provider", "version: 1\nchain: [box]\nproviders: {box: {plugin: nope}}\n",
     "p.yaml:2:1: chain: nothing in it can be used\n"
     "p.yaml:2:9: warning: chain[0]: box is passed over: it is off (its plugin is not installed)\n"
     "p.yaml:3:27: providers.box.plugin: no plugin 'nope' is installed\n"},
    {"key_reference", with("providers: {groq: {keys: [{env: A, file: B}]}}\n"),
     "p.yaml:3:27: providers.groq.keys[0]: a key is one of {env: NAME}, {file: PATH} and {vault: LABEL}\n"},
    {"proxy", with("providers: {groq: {proxy: \"ftp://user:pw@x:1\"}}\n"),
     "p.yaml:3:27: providers.groq.proxy: expected none, http://HOST:PORT, socks5://HOST:PORT or "
     "socks5h://HOST:PORT\n"},
    {"model_key", with("providers: {groq: {models: {big: {contxt: 5}}}}\n"),
     "p.yaml:3:35: providers.groq.models.big.contxt: unknown key (did you mean 'context'?)\n"},
    {"unit", with("providers:\n  groq:\n    quota: [{limit: 1, of: request, per: day}]\n"),
     "p.yaml:5:28: providers.groq.quota[0].of: expected a unit (requests, tokens, input_tokens, "
     "output_tokens, "
     "concurrency), got \"request\" (did you mean 'requests'?)\n"},
    {"zone",
     with("providers:\n  groq:\n    quota: [{limit: 1, of: requests, per: day, resets: \"00:00 "
          "America/Los_Angles\"}]\n"),
     "p.yaml:5:56: providers.groq.quota[0].resets: unknown time zone 'America/Los_Angles' (did you mean "
     "'America/Los_Angeles'?), got \"00:00 America/Los_Angles\"\n"},
    {"unknown_provider", "version: 1\nchain:\n  - gorq\n",
     "p.yaml:3:5: chain[0]: unknown provider 'gorq' (did you mean 'groq'?)\n"},
    {"plugin_not_installed", "version: 1\nchain:\n  - groq\n  - openrouter\n",
     "p.yaml:4:5: chain[1]: unknown provider 'openrouter': no such plugin is installed and 'providers' does "
     "not "
     "define it\n"},
    {"bare_model", "version: 1\nchain: [gemini-2.5-flash]\n",
     "p.yaml:2:9: chain[0]: unknown provider 'gemini-2.5-flash' (did you mean 'google/gemini-2.5-flash'?)\n"},
    {"unknown_model", "version: 1\nchain: [groq/bih]\n",
     "p.yaml:2:9: chain[0]: unknown model 'bih' of groq (did you mean 'big'?)\n"},
    {"speech_model", "version: 1\nchain: [groq/voice]\n", "p.yaml:2:9: chain[0]: 'voice' is no chat model\n"},
    {"chain_item", "version: 1\nchain: [{wait: 8s}]\n",
     "p.yaml:2:9: chain[0]: an entry names either a 'model' or a 'provider'\n"},
    {"provider_form_with_model", "version: 1\nchain: [{provider: groq/big}]\n",
     "p.yaml:2:20: chain[0].provider: expected a provider, got the model 'groq/big'\n"},
    {"empty_chain", "version: 1\nchain: []\n", "p.yaml:2:1: chain: nothing in it can be used\n"},
    {"alias_target", with("aliases: {a: groq/bug}\n"),
     "p.yaml:3:14: aliases.a: 'groq/bug' names no model, family, profile or alias (did you mean "
     "'groq/big'?)\n"},
    {"alias_loop", with("aliases: {a: b, b: a}\n"),
     "p.yaml:3:14: aliases.a: the alias leads back to itself\n"
     "p.yaml:3:20: aliases.b: the alias leads back to itself\n"},
    {"alias_of_auto", with("aliases: {auto: groq/big}\n"),
     "p.yaml:3:11: aliases.auto: 'auto' always means the chain; choose another name\n"},
    {"anchor", with("server: &a {}\n"), "p.yaml:3:9: anchors ('&name') are not allowed\n"},
    {"alias_node", with("server: &a {}\nrouting: *a\n"),
     "p.yaml:3:9: anchors ('&name') are not allowed\np.yaml:4:10: aliases ('*name') are not allowed\n"},
    {"unknown_alias_node", with("routing: *b\n"), "p.yaml:3:10: aliases ('*name') are not allowed\n"},
    {"tag", with("routing: {attempts: !!int 5}\n"), "p.yaml:3:21: tags ('!name') are not allowed\n"},
    {"bare_tag", with("routing: {attempts: ! 5}\n"), "p.yaml:3:21: tags ('!name') are not allowed\n"},
    {"merge_key", with("server: {<<: {listen: \":1\"}}\n"), "p.yaml:3:10: server.<<: unknown key\n"},
    {"two_documents", with("---\nversion: 1\n"), "p.yaml:3:1: only one document is allowed in the file\n"},
    {"open_quote", with("server: {}\nrouting: \"x\n"), "p.yaml:4:10: the quoted text has no end\n"},
    {"tab", with("server:\n\tlisten: x\n"), "p.yaml:4:8: not YAML: illegal map value\n"},
    {"bad_indent", with("server: a\n  b: c\n"), "p.yaml:4:4: not YAML: illegal map value\n"},
};

INSTANTIATE_TEST_SUITE_P(Policy, Faults, testing::ValuesIn(cases),
                         [](const auto& each) { return each.param.name; });

TEST(FaultList, HoldsEveryFaultOfTheFileInTheFilesOrder) {
  EXPECT_EQ(
      faults(
          "version: 1\nchian: [groq]\nrouting:\n  attempts: x\n  budgt: 1s\nproviders:\n  groq: {url: x}\n"),
      "p.yaml:1:1: a 'chain' is missing: the providers and models to try, best first\n"
      "p.yaml:2:1: chian: unknown key (did you mean 'chain'?)\n"
      "p.yaml:4:13: routing.attempts: expected a whole number, got \"x\"\n"
      "p.yaml:5:3: routing.budgt: unknown key (did you mean 'budget'?)\n"
      "p.yaml:7:10: providers.groq.url: unknown key\n");
}

TEST(FaultList, EndsAtAHundred) {
  std::string text = with("server:\n");
  for (int i = 0; i < 300; ++i) text += "  k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(House{}(text).diagnostics.size(), 100U);
}

TEST(FaultList, KeepsErrorsWhenThereAreManyWarnings) {
  std::string text = "version: 1\nchain:\n  - groq\n";
  for (int i = 0; i < 200; ++i) text += "  - groq\n";
  text += "sever: {}\n";
  const Outcome outcome = House{}(text);
  EXPECT_EQ(outcome.policy, nullptr);
  ASSERT_EQ(outcome.diagnostics.size(), 100U);
  EXPECT_EQ(outcome.diagnostics.back().text(), "p.yaml:204:1: sever: unknown key (did you mean 'server'?)");
}

TEST(FaultList, ShowsForeignTextWithoutItsControlCharacters) {
  EXPECT_EQ(faults(with("\"a\\u001b[31m\": 1\n")), "p.yaml:3:1: a\\u001b[31m: unknown key\n");
}

}  // namespace
}  // namespace freellmapi::policy::test
