#include "relay/health.hpp"

namespace freellmapi::relay {

namespace {
constexpr std::size_t names_per_shard = 4096;
// A long answer may be on its way: then the next request finds out for itself.
constexpr std::chrono::seconds probe_has_the_word{5};
}  // namespace

void Health::forget(Shard& shard, Runs::iterator run) {
  if (run->second.open) --open_;
  shard.runs.erase(run);
  shard.size.store(shard.runs.size(), std::memory_order_relaxed);
  --names_;
}

unsigned Health::failed(std::uint64_t name, base::Instant now, std::chrono::seconds memory, bool probe) {
  Shard& s = shard(name);
  const std::lock_guard lock(s.mutex);
  if (s.runs.size() >= names_per_shard && !s.runs.contains(name)) {
    while (!s.runs.empty()) forget(s, s.runs.begin());
  }
  const auto [at, fresh] = s.runs.try_emplace(name);
  if (fresh) ++names_;
  s.size.store(s.runs.size(), std::memory_order_relaxed);
  Run& run = at->second;
  if (run.failures > 0 && now - run.last > memory) {
    if (run.open) --open_;
    run = Run();
  }
  if (run.open && !probe) return 0;
  run.last = now;
  run.memory = memory;
  return ++run.failures;
}

void Health::succeeded(std::uint64_t name) {
  Shard& s = shard(name);
  if (s.size.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(s.mutex);
  const auto run = s.runs.find(name);
  if (run != s.runs.end()) forget(s, run);
}

void Health::open(std::uint64_t name) {
  Shard& s = shard(name);
  const std::lock_guard lock(s.mutex);
  const auto run = s.runs.find(name);
  if (run == s.runs.end()) return;
  if (!std::exchange(run->second.open, true)) ++open_;
}

bool Health::enter(std::uint64_t name, base::Instant now, bool insists, std::uint64_t& probe) {
  Shard& s = shard(name);
  const std::lock_guard lock(s.mutex);
  const auto found = s.runs.find(name);
  if (found == s.runs.end() || !found->second.open) return true;
  Run& run = found->second;
  if (now - run.last > run.memory) {
    forget(s, found);
    return true;
  }
  if (run.probe != 0 && now - run.probed < probe_has_the_word) return insists;
  probe = run.probe = ++probes_;
  run.probed = now;
  return true;
}

bool Health::enter(std::uint64_t model, std::uint64_t provider, base::Instant now, bool insists, Visit& out) {
  if (quiet()) return true;
  Visit visit;
  visit.health_ = this;
  visit.seen_[0].name = model;
  visit.seen_[1].name = provider;
  for (Visit::Seen& seen : visit.seen_) {
    if (!enter(seen.name, now, insists, seen.probe)) return false;
  }
  out.leave(false);
  out.seen_ = visit.seen_;
  out.health_ = std::exchange(visit.health_, nullptr);
  return true;
}

void Health::leave(std::uint64_t name, std::uint64_t probe, bool answered) {
  Shard& s = shard(name);
  const std::lock_guard lock(s.mutex);
  const auto found = s.runs.find(name);
  if (found == s.runs.end()) return;
  Run& run = found->second;
  if (answered || run.probe == probe) run.probe = 0;
  if (answered && std::exchange(run.open, false)) --open_;
}

bool Health::Visit::probes(std::uint64_t name) const noexcept {
  if (health_ == nullptr) return false;
  for (const Seen& seen : seen_) {
    if (seen.name == name && seen.probe != 0) return true;
  }
  return false;
}

void Health::Visit::leave(bool answered) {
  Health* const health = std::exchange(health_, nullptr);
  if (health == nullptr) return;
  for (const Seen& seen : seen_) {
    if (seen.probe != 0) health->leave(seen.name, seen.probe, answered);
  }
}

}  // namespace freellmapi::relay
