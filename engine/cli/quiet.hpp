// What the verbs that print something and end have in common.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "cli/world.hpp"
#include "host/plugins.hpp"

namespace freellmapi::cli {

/// Says why on standard error, with control characters made harmless; the exit code of wrong usage or a bad
/// file.
int refuse(const std::string& sentence);
/// The same of what went wrong, line by line: 2 when what was typed or its file is at fault
/// (Errc::invalid_argument), 1 when the thing failed.
int refuse(const base::Error& error);
/// Lines of text for a terminal: only their ends are left of what steers one.
std::string harmless_lines(std::string_view text);

/// Every fault and warning on standard error.
void print_faults(const World& world);

/// Verbs log nothing of their own; plugins may, at warning and above.
struct Quiet {
  base::SystemClock clock;
  base::Log log{clock, base::LogFormat::text, base::Level::warn};
  host::PluginLoader loader{log};
};

/// The world with a policy in it, or the faults on standard error and nothing.
base::Result<World> usable_world(const Places& places, Quiet& quiet);

}  // namespace freellmapi::cli
