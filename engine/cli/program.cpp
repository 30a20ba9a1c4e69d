#include "cli/program.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "cli/inspect.hpp"
#include "cli/keys.hpp"
#include "cli/plugins_check.hpp"
#include "cli/quiet.hpp"
#include "cli/serve.hpp"
#include "cli/simulate.hpp"
#include "cli/verbs.hpp"
#include "surfaces/ops/ops.hpp"

namespace freellmapi::cli {

namespace {

void add_places(CLI::App& verb, Places& places) {
  verb.add_option("--policy", places.policy, "policy.yaml to use");
  verb.add_option("--data", places.data, "folder for keys and state");
  verb.add_option("--plugins", places.plugins,
                  "folders with provider plugins, separated by ':', before the installed one");
}

/// One verb under `keys`. What else stands on its line is gathered, so that nothing repeats it: it may be a
/// key.
CLI::App* add_keys_verb(CLI::App& above, const char* name, const char* about, KeysOptions& options) {
  CLI::App* verb = above.add_subcommand(name, about);
  add_places(*verb, options.places);
  verb->add_flag("--json", options.as_json, "as JSON");
  verb->allow_extras();
  return verb;
}

void add_keys(CLI::App& app, KeysOptions& options, int& code) {
  CLI::App* keys = app.add_subcommand("keys", "the providers' keys: the vault and what else was found");
  keys->require_subcommand(1);
  const auto on = [&options, &code](CLI::App* verb, auto run) {
    verb->callback([verb, run, &options, &code] {
      options.rest = verb->remaining();
      code = run(options);
    });
  };
  CLI::App* add = add_keys_verb(
      *keys, "add", "take a key from standard input, or from a prompt that does not show it", options);
  CLI::App* list = add_keys_verb(
      *keys, "list", "every key with its source, last four characters, state and health", options);
  CLI::App* test = add_keys_verb(*keys, "test",
                                 "ask the providers whether they know their keys; spends no quota", options);
  CLI::App* remove = add_keys_verb(*keys, "remove", "take a key out of the vault", options);
  CLI::App* disable = add_keys_verb(*keys, "disable", "keep a key and do not use it", options);
  CLI::App* enable = add_keys_verb(*keys, "enable", "use it again", options);
  CLI::App* import = add_keys_verb(*keys, "import", "take the keys of a .env file into the vault", options);
  CLI::App* save =
      add_keys_verb(*keys, "export", "write the vault's keys into a new .env file (0600)", options);
  for (CLI::App* verb : {add, remove, disable, enable})
    verb->add_option("provider", options.provider, "the provider's name in the policy")->required();
  for (CLI::App* verb : {list, test}) verb->add_option("provider", options.provider, "this one alone");
  for (CLI::App* verb : {test, remove, disable, enable})
    verb->add_option("label", options.label, "which key, as `keys list` calls it");
  add->add_option("--label", options.label, "what to call it; else key1, key2 ...");
  add->add_flag("--anyway", options.anyway, "also when it does not look like a key of that provider");
  test->add_flag("--spend", options.spend,
                 "where no free test tells, send the shortest chat: it spends quota that no counter sees");
  for (CLI::App* verb : {import, save}) verb->add_option("file", options.file, "the file")->required();
  save->add_flag("--yes-show-secrets", options.show_secrets,
                 "whoever can read the file has the keys: agreed");
  on(add, keys_add);
  on(list, keys_list);
  on(test, keys_test);
  on(remove, keys_remove);
  on(disable, [](const KeysOptions& o) { return keys_enable(o, false); });
  on(enable, [](const KeysOptions& o) { return keys_enable(o, true); });
  on(import, keys_import);
  on(save, keys_export);
}

void add_explain(CLI::App& app, ExplainOptions& options, int& code) {
  CLI::App* verb = app.add_subcommand(
      "explain", "the candidates of a past request, or of one that nobody has made, and who won");
  add_places(*verb, options.places);
  verb->add_option("request-id", options.request_id, "X-Request-Id of a reply");
  routing::Features& features = options.question.features;
  verb->add_option("--model", options.question.model, "the model asked for; else auto");
  verb->add_option("--tokens", features.input_tokens, "how many tokens go in");
  verb->add_option("--output", features.output_tokens, "how many may come out; else not said");
  verb->add_flag("--tools", features.tools, "it brings tools");
  verb->add_flag("--vision", features.images, "it brings images");
  verb->add_option("--json-mode", options.json_mode, "it wants JSON")
      ->check(CLI::IsMember({"object", "schema"}));
  verb->add_option("--at", options.at, "when, if nothing is sent until then: 2026-11-22T18:00Z");
  verb->add_flag("--json", options.as_json, "as JSON");
  verb->callback([&options, &code] { code = explain(options); });
}

void add_simulate(CLI::App& app, SimulateOptions& options, int& code) {
  CLI::App* verb = app.add_subcommand(
      "simulate", "runs a policy on a clock of its own: who serves, waits, is refused, hour by hour");
  add_places(*verb, options.places);
  verb->add_option("--trace", options.trace, "requests that were made, a line of JSON each");
  verb->add_option("--load", options.load,
                   "requests that are made up: 10000/day,tokens=2000+500,profile=office,days=30,tools=40%");
  verb->add_option("--diff", options.diff, "another policy to compare with, the old one");
  verb->add_option("--export", options.export_to, "write the request log as a trace to this file, or - ");
  verb->add_option("--days", options.days, "how many days of the log")->check(CLI::Range(1, 3650));
  verb->add_flag("--assume-keys", options.assume_keys, "as if every provider had a key");
  verb->add_flag("--json", options.as_json, "as JSON");
  verb->callback([&options, &code] { code = simulate(options); });
}

int run_verbs(int argc, char** argv) {
  CLI::App app{"One OpenAI-compatible endpoint over the free tiers of many providers."};
  app.name("freellmapi");
  app.set_version_flag("--version", std::string(surfaces::program_version()));
  app.require_subcommand(1);
  int code = 0;

  ServeOptions serving;
  CLI::App* serve_verb = app.add_subcommand("serve", "run the router");
  add_places(*serve_verb, serving.places);
  serve_verb->add_option("--listen", serving.places.listen, "HOST:PORT to listen on");
  const std::map<std::string, base::LogFormat> formats{{"text", base::LogFormat::text},
                                                       {"json", base::LogFormat::json}};
  serve_verb->add_option("--log-format", serving.format, "text or json")
      ->transform(CLI::CheckedTransformer(formats));
  const std::map<std::string, base::Level> levels{{"debug", base::Level::debug},
                                                  {"info", base::Level::info},
                                                  {"warn", base::Level::warn},
                                                  {"error", base::Level::error}};
  serve_verb->add_option("--log-level", serving.level, "debug, info, warn or error")
      ->transform(CLI::CheckedTransformer(levels));
  serve_verb->callback([&] { code = serve(serving); });

  Places places;
  CLI::App* policy = app.add_subcommand("policy", "check and show policy.yaml")->require_subcommand(1);
  CLI::App* check = policy->add_subcommand(
      "check", "print every fault as FILE:LINE:COL: message; exit 2 when there is one");
  CLI::App* show =
      policy->add_subcommand("show", "print the effective policy and where each value came from");
  for (CLI::App* verb : {check, show}) {
    add_places(*verb, places);
    verb->add_option("file", places.policy, "the policy file");
  }
  bool check_as_json = false;
  check->add_flag("--json", check_as_json, "as JSON");
  check->callback([&] { code = policy_check(places, check_as_json); });
  show->callback([&] { code = policy_show(places); });
  policy->add_subcommand("schema", "print the JSON Schema of policy.yaml")->callback([&] {
    code = policy_schema();
  });

  bool as_json = false;
  CLI::App* plugins = app.add_subcommand("plugins", "provider plugins")->require_subcommand(1);
  CLI::App* list = plugins->add_subcommand("list", "what is loaded, and what was refused and why");
  add_places(*list, places);
  list->add_flag("--json", as_json, "as JSON");
  list->callback([&] { code = plugins_list(places, as_json); });
  PluginsCheckOptions checking;
  CLI::App* conformance = plugins->add_subcommand("check", "run the conformance kit on a plugin");
  conformance->add_option("file", checking.file, "the plugin, FILE.so")->required();
  conformance->add_option("--fixtures", checking.fixtures,
                          "folder of its fixtures; else the one beside the file");
  conformance->add_option("--group", checking.group, "run one group of checks");
  conformance->add_option("--only", checking.only, "run one check, by its id");
  conformance->add_flag("--json", checking.as_json, "as JSON");
  conformance->callback([&] { code = plugins_check(checking); });

  CLI::App* models =
      app.add_subcommand("models", "models as the router sees them, with why-not for the unusable");
  add_places(*models, places);
  models->add_flag("--json", as_json, "as JSON");
  models->callback([&] { code = models_list(places, as_json); });

  CLI::App* key = app.add_subcommand("unified-key", "the one key that clients use")->require_subcommand(1);
  CLI::App* key_show = key->add_subcommand("show", "print it");
  add_places(*key_show, places);
  CLI::App* key_rotate = key->add_subcommand("rotate", "make a new one; the old one stops working");
  add_places(*key_rotate, places);
  for (CLI::App* verb : {key_show, key_rotate}) verb->add_flag("--json", as_json, "as JSON");
  key_show->callback([&] { code = unified_key_show(places, as_json); });
  key_rotate->callback([&] { code = unified_key_rotate(places, as_json); });

  KeysOptions keys;
  add_keys(app, keys, code);
  ExplainOptions explaining;
  add_explain(app, explaining, code);
  SimulateOptions simulating;
  add_simulate(app, simulating, code);
  CLI::App* outlook =
      app.add_subcommand("forecast", "until when the chain lasts at the present pace, window by window");
  add_places(*outlook, places);
  outlook->add_flag("--json", as_json, "as JSON");
  outlook->callback([&] { code = forecast(places, as_json); });
  CLI::App* counters = app.add_subcommand(
      "quota", "every counter: used, reserved, limit, when it resets; and the month's budget");
  add_places(*counters, places);
  counters->add_flag("--json", as_json, "as JSON");
  counters->callback([&] { code = quota_show(places, as_json); });

  std::string out, file;
  CLI::App* config = app.add_subcommand("client-config", "write or check the file that other tools read");
  add_places(*config, places);
  CLI::Option* check_flag = config->add_option("--check", file, "check this file");
  config->add_option("--out", out, "write here instead of standard output")->excludes(check_flag);
  config->callback(
      [&] { code = file.empty() ? client_config_write(places, out) : client_config_check(places, file); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // What it quotes was typed, or pasted.
    std::ostringstream wrong;
    const int good = app.exit(e, std::cout, wrong);
    fmt::print(stderr, "{}", harmless_lines(wrong.str()));
    return good == 0 ? 0 : 2;
  }
  return code;
}

}  // namespace

int run(int argc, char** argv) {
  try {
    return run_verbs(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "freellmapi: internal error: {}\n", e.what());
    return 1;
  }
}

}  // namespace freellmapi::cli
