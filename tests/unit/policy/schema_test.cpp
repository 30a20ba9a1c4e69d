#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <set>
#include <sstream>

#include "fixture.hpp"
#include "policy/file.hpp"

namespace freellmapi::policy::test {
namespace {

// The paths of every property of a JSON Schema, with '*' for names the user chooses and [] for items.
class SchemaPaths {
 public:
  explicit SchemaPaths(const std::string& text) : root_(parser_.parse(text)) { walk(root_, ""); }
  const std::set<std::string>& paths() const { return paths_; }
  bool strict() const { return strict_; }

 private:
  void walk(simdjson::dom::element node, const std::string& path) {
    simdjson::dom::element part;
    std::string_view reference;
    if (node["$ref"].get(reference) == simdjson::SUCCESS) {
      walk(root_.at_pointer(reference.substr(1)), path);
    }
    for (const char* choice : {"anyOf", "oneOf"}) {
      simdjson::dom::array choices;
      if (node[choice].get(choices) != simdjson::SUCCESS) continue;
      for (const auto each : choices) walk(each, path);
    }
    simdjson::dom::object properties;
    if (node["properties"].get(properties) == simdjson::SUCCESS) {
      bool open = true;
      strict_ = node["additionalProperties"].get(open) == simdjson::SUCCESS && !open && strict_;
      for (const auto& [key, value] : properties) {
        const std::string below = path.empty() ? std::string(key) : path + "." + std::string(key);
        paths_.insert(below);
        walk(value, below);
      }
    }
    if (node["items"].get(part) == simdjson::SUCCESS) walk(part, path + "[]");
    if (node["additionalProperties"].get(part) == simdjson::SUCCESS && part.is_object())
      walk(part, path + ".*");
  }

  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  std::set<std::string> paths_;
  bool strict_ = true;
};

// Every mapping of the format, so that its reader asks for all its keys.
const std::string every_mapping = R"(version: 1
server: {}
chain: [{model: groq/big}]
profiles: {a: {chain: [{model: groq/big}]}}
routing: {}
store: {requests: {}}
tests: [{given: {spent: [groq]}, request: {}, expect: none}]
aliases: {b: auto}
providers:
  google:
    quota: {}
    models: {m: {quota: {}}}
  groq:
    keys: [{env: X}]
    timeouts: {}
    billing: {}
    counters: {}
    quota: [{limit: 1, of: concurrency}]
    models: {m: {cost: {}, quota: [{limit: 1, of: concurrency}]}}
)";

TEST(Schema, KnowsExactlyTheKeysThatTheReaderKnows) {
  Source source("p.yaml");
  const auto root = read_document(every_mapping, source.faults);
  ASSERT_TRUE(root.has_value());
  const std::vector<Manifest> manifests;
  read_file(*root, source, manifests);
  const SchemaPaths of_schema(schema());
  EXPECT_EQ(of_schema.paths(), source.known);
}

TEST(Schema, IsShippedAsAFileForEditors) {
  std::ifstream file(SHIPPED_SCHEMA);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), schema());
}

TEST(Schema, AllowsNoKeyItDoesNotName) { EXPECT_TRUE(SchemaPaths(schema()).strict()); }

}  // namespace
}  // namespace freellmapi::policy::test
