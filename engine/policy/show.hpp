// The effective policy as text.
#pragma once

#include <string>

#include "policy/policy.hpp"

namespace freellmapi::policy {

/// The effective policy as a policy.yaml that would give it again, each value with a comment that says where
/// it came from. No secret is in it.
std::string show(const Policy& policy);

/// The same content without comments, with the keys' fingerprints: equal texts mean equal policies.
std::string canonical(const Policy& policy);

}  // namespace freellmapi::policy
