#include "relay/health.hpp"

namespace freellmapi::relay {

namespace {
constexpr std::size_t names_per_shard = 4096;
}  // namespace

unsigned Health::failed(std::uint64_t name, base::Instant now, std::chrono::seconds memory) {
  Shard& s = shard(name);
  const std::lock_guard lock(s.mutex);
  if (s.runs.size() >= names_per_shard && !s.runs.contains(name)) s.runs.clear();
  Run& run = s.runs[name];
  if (run.failures > 0 && now - run.last > memory) run.failures = 0;
  run.last = now;
  return ++run.failures;
}

void Health::succeeded(std::uint64_t name) {
  Shard& s = shard(name);
  const std::lock_guard lock(s.mutex);
  s.runs.erase(name);
}

}  // namespace freellmapi::relay
