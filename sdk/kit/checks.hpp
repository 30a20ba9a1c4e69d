// The groups. Each function adds its checks to the list.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kit/suite.hpp"

namespace freellmapi::kit {

/// Adds checks of one group.
class Group {
 public:
  Group(std::vector<Check>& checks, std::string name) : checks_(checks), name_(std::move(name)) {}
  void add(std::string name, std::string title, std::function<void(Subject&, Judge&)> body) {
    checks_.push_back({name_, std::move(name), std::move(title), std::move(body)});
  }
  /// The same for each provider of the plugin by itself.
  void each(std::string name, std::string title, std::function<void(const Facts&, Judge&)> body) {
    add(std::move(name), std::move(title), [body = std::move(body)](Subject& subject, Judge& judge) {
      for (const Facts& facts : subject.facts()) {
        judge.about(subject.facts().size() > 1 ? facts.id : "");
        body(facts, judge);
      }
    });
  }

 private:
  std::vector<Check>& checks_;
  std::string name_;
};

void add_abi_checks(std::vector<Check>& checks);
void add_minor_checks(std::vector<Check>& checks);
void add_manifest_checks(std::vector<Check>& checks);
void add_quota_checks(std::vector<Check>& checks);
void add_key_checks(std::vector<Check>& checks);
void add_request_checks(std::vector<Check>& checks);
void add_stream_checks(std::vector<Check>& checks);
void add_fixture_checks(std::vector<Check>& checks);
void add_error_checks(std::vector<Check>& checks);
void add_limit_checks(std::vector<Check>& checks);
void add_garbage_checks(std::vector<Check>& checks);
void add_memory_checks(std::vector<Check>& checks);
void add_state_checks(std::vector<Check>& checks);
void add_local_checks(std::vector<Check>& checks);
void add_endpoint_checks(std::vector<Check>& checks);
void add_secret_checks(std::vector<Check>& checks);

}  // namespace freellmapi::kit
