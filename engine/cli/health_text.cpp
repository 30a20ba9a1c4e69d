#include "cli/health_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace freellmapi::cli {

namespace {

std::string ago(base::WallTime then, base::WallTime now) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now - then).count();
  if (minutes < 1) return "just now";
  if (minutes < 120) return fmt::format("{} min ago", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h ago", minutes / 60);
  return fmt::format("{} days ago", minutes / (24 * 60));
}

}  // namespace

std::string health_text(const store::KeyRecord& record, base::WallTime now) {
  switch (record.state()) {
    case store::KeyRecord::State::good:
      return "good " + ago(*record.last_good, now);
    case store::KeyRecord::State::refused:
    case store::KeyRecord::State::bad:
      return fmt::format("{}refused {}, last {}",
                         record.state() == store::KeyRecord::State::bad ? "bad: " : "",
                         record.refusals == 1 ? "once" : fmt::format("{} times", record.refusals),
                         record.last_refused ? ago(*record.last_refused, now) : "");
    case store::KeyRecord::State::unknown:
      break;
  }
  return "not known";
}

std::string time_text(const std::optional<base::WallTime>& time) {
  if (!time) return {};
  return fmt::format("{:%FT%TZ}", std::chrono::time_point_cast<std::chrono::seconds>(*time));
}

}  // namespace freellmapi::cli
