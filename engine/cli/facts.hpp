// What a scrape of /metrics shows of the process and its plugins.
#pragma once

#include <vector>

#include "base/clock.hpp"
#include "relay/snapshot.hpp"
#include "surfaces/ops/metrics.hpp"

namespace freellmapi::cli {

/// Read from the system now. What it does not tell is 0.
surfaces::Facts::Process process_facts(base::WallTime started);
/// The plugins of the snapshot's providers, in the policy's order.
std::vector<surfaces::Facts::Plugin> plugin_facts(const relay::Snapshot& snapshot);

}  // namespace freellmapi::cli
