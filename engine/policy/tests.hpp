// `tests:` of policy.yaml: what the policy's author expects of it.
#pragma once

#include <string>
#include <vector>

#include "policy/file.hpp"
#include "policy/policy.hpp"

namespace freellmapi::policy {

std::vector<TestSettings> read_tests(const Value& value);

/// The tests; a name that the policy does not have is a fault.
std::vector<Test> check_tests(const Policy& policy, const std::vector<TestSettings>& settings,
                              Source& source);

}  // namespace freellmapi::policy
