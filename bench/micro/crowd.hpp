// The policy the benches run on: 16 providers x 5 keys x 120 models x 4 windows, each model at several
// providers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "policy/policy.hpp"

namespace freellmapi::bench {

inline constexpr std::size_t providers = 16, keys_each = 5, families = 120, providers_per_family = 7;

/// `limit` requests a minute (thirty times as many a day) for each key and model; token limits follow from
/// it. The default chain holds the models of one family, as an explicit family name would: 35 candidates.
std::shared_ptr<const policy::Policy> crowd(std::uint64_t limit);

}  // namespace freellmapi::bench
