// What a simulation came to, as JSON.
#pragma once

#include <string>

#include "sim/simulation.hpp"

namespace freellmapi::sim {

std::string report_json(const policy::Policy& policy, const Outcome& outcome);

/// Both reports, and what the new policy does otherwise. Both must have kept their routes and seen the same
/// requests.
std::string difference_json(const policy::Policy& policy, const Outcome& outcome,
                            const policy::Policy& old_policy, const Outcome& old_outcome);

}  // namespace freellmapi::sim
