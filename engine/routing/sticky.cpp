#include "routing/sticky.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/lock.hpp"

namespace freellmapi::routing {
namespace {

constexpr std::size_t most_shards = 16;

struct Entry {
  Sticky::Kept kept;
  bool changed = false;
};

/// Least recently remembered at the back, so what has changed is in front.
struct alignas(64) Shard {
  mutable base::Lock mutex;
  std::list<Entry> entries;
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_session;
};

}  // namespace

struct Sticky::State {
  explicit State(std::size_t capacity)
      : shards(std::clamp<std::size_t>(capacity, 1, most_shards)),
        share(std::max<std::size_t>(capacity / shards.size(), 1)) {}

  // A session is a hash, but nothing says that its low bits are the good ones.
  Shard& shard(std::uint64_t session) {
    return shards[static_cast<std::size_t>((session * 0x9E3779B97F4A7C15ULL) >> 40) % shards.size()];
  }

  std::vector<Shard> shards;
  const std::size_t share;
};

Sticky::Sticky(std::size_t capacity) : state_(std::make_unique<State>(capacity)) {}
Sticky::~Sticky() = default;

std::optional<Sticky::Pin> Sticky::find(std::uint64_t session, base::Instant now,
                                        std::chrono::milliseconds ttl) const {
  Shard& shard = state_->shard(session);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_session.find(session);
  if (found == shard.by_session.end() || now - found->second->kept.at >= ttl) return std::nullopt;
  return found->second->kept.pin;
}

void Sticky::remember(std::uint64_t session, Pin pin, base::Instant now) {
  Shard& shard = state_->shard(session);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.by_session.find(session); found != shard.by_session.end()) {
    shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  } else if (shard.entries.size() >= state_->share) {
    shard.by_session.erase(shard.entries.back().kept.session);
    shard.entries.splice(shard.entries.begin(), shard.entries, std::prev(shard.entries.end()));
    shard.by_session.emplace(session, shard.entries.begin());
  } else {
    shard.entries.emplace_front();
    shard.by_session.emplace(session, shard.entries.begin());
  }
  shard.entries.front() = {{session, pin, now}, true};
}

void Sticky::restore(const Kept& kept) {
  Shard& shard = state_->shard(kept.session);
  const std::lock_guard lock(shard.mutex);
  if (shard.by_session.contains(kept.session) || shard.entries.size() >= state_->share) return;
  shard.entries.push_back({kept, false});
  shard.by_session.emplace(kept.session, std::prev(shard.entries.end()));
}

void Sticky::take_changed(std::vector<Kept>& out) {
  for (Shard& shard : state_->shards) {
    const std::lock_guard lock(shard.mutex);
    for (Entry& entry : shard.entries) {
      if (!entry.changed) break;
      entry.changed = false;
      out.push_back(entry.kept);
    }
  }
}

}  // namespace freellmapi::routing
