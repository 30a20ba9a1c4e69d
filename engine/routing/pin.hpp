// Between a sticky pin, which outlives reloads, and a candidate of the policy in force.
#pragma once

#include "routing/decide.hpp"
#include "routing/names.hpp"
#include "routing/sticky.hpp"

namespace freellmapi::routing {

/// `names` are the policy's.
Sticky::Pin pin_of(const policy::Policy& policy, const Names& names, policy::ModelIndex model,
                   policy::KeyIndex key) noexcept;

/// The candidate that `pin` names; model == none when the policy has it no more. `names` are the policy's.
Candidate pinned_candidate(const policy::Policy& policy, const Names& names, Sticky::Pin pin) noexcept;

}  // namespace freellmapi::routing
