// Runs the tests that a policy carries.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "policy/compile.hpp"
#include "policy/policy.hpp"

namespace freellmapi::sim {

/// A fault for every test whose route is another one, at the test's place. What the environment happens to
/// hold is left out of it: every provider has a key, no quota is spent and nobody is benched, unless the test
/// says so.
std::vector<policy::Diagnostic> run_tests(const policy::Policy& policy, base::WallTime now);

}  // namespace freellmapi::sim
