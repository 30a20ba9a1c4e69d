// What a model must be able to do, before anybody asks about quota.
#pragma once

#include "routing/decide.hpp"

namespace freellmapi::routing {

/// Gate::passed, or the first of the gates that do not depend on a key which keeps the model out.
Gate capability_gate(const policy::Policy& policy, const policy::Model& model, const Target& target,
                     const Features& features) noexcept;

}  // namespace freellmapi::routing
