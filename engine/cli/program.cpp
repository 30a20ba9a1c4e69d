#include "cli/program.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "cli/plugins_check.hpp"
#include "cli/serve.hpp"
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
  conformance->add_option("--fixtures", checking.fixtures, "folder of its fixtures; else the one beside the file");
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
  key_show->callback([&] { code = unified_key_show(places); });

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
    return app.exit(e) == 0 ? 0 : 2;
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
