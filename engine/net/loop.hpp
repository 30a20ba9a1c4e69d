// A core without a server: for the verbs that call a provider and exit.
#pragma once

#include <functional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "net/server.hpp"

namespace freellmapi::net {

/// Runs `body` to its end on the calling thread, with a core of its own that is gone afterwards. An exception
/// that escapes from it becomes an error.
base::Result<void> run_on_core(const base::Clock& clock, const base::Log& log, const UpstreamOptions& options,
                               const std::function<Task<void>(Core&)>& body);

}  // namespace freellmapi::net
