#include "relay/lines.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/ids.hpp"

namespace freellmapi::relay {
namespace {

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t x = a ^ (b * 0x9E3779B97F4A7C15ULL);
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  return x ^ (x >> 27U);
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept {
  return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max()
                                                           : a + b;
}

}  // namespace

WindowName window_name(const policy::Policy& policy, const policy::Rule& rule,
                       policy::KeyIndex key) noexcept {
  // A pool is one window wherever it is named; else each rule of the policy has a window, or one for each
  // key.
  if (rule.scope == policy::Scope::pool) return base::fnv1a(rule.pool, base::fnv1a(rule.label));
  const auto place = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&rule));
  const bool own = rule.scope == policy::Scope::key && key != policy::none;
  return mixed(place, own ? policy.keys[key].fingerprint : 0);
}

Lines::Place::Place(Place&& other) noexcept
    : lines_(std::exchange(other.lines_, nullptr)), window_(other.window_), ticket_(other.ticket_) {}

Lines::Place& Lines::Place::operator=(Place&& other) noexcept {
  if (this == &other) return *this;
  leave();
  lines_ = std::exchange(other.lines_, nullptr);
  window_ = other.window_;
  ticket_ = other.ticket_;
  return *this;
}

bool Lines::Place::first() const {
  const Shard& shard = lines_->shard(window_);
  const std::lock_guard lock(shard.mutex);
  const auto line = shard.lines.find(window_);
  return line != shard.lines.end() && line->second.front().ticket == ticket_;
}

void Lines::Place::leave() noexcept {
  if (lines_ == nullptr) return;
  Lines& lines = *std::exchange(lines_, nullptr);
  Shard& shard = lines.shard(window_);
  const std::lock_guard lock(shard.mutex);
  const auto line = shard.lines.find(window_);
  std::erase_if(line->second, [this](const Waiting& w) { return w.ticket == ticket_; });
  if (line->second.empty()) shard.lines.erase(line);
  lines.waiting_.fetch_sub(1, std::memory_order_relaxed);
}

quota::Need Lines::wanted(WindowName window) const {
  quota::Need all;
  all.requests = 0;
  const Shard& at = shard(window);
  const std::lock_guard lock(at.mutex);
  const auto line = at.lines.find(window);
  if (line == at.lines.end()) return all;
  for (const Waiting& w : line->second) {
    all.requests += w.need.requests;
    all.input_tokens = plus(all.input_tokens, w.need.input_tokens);
    all.output_tokens = plus(all.output_tokens, w.need.output_tokens);
    all.own_units = plus(all.own_units, w.need.own_units);
  }
  return all;
}

Lines::Place Lines::join(WindowName window, const quota::Need& need) {
  Place place;
  Shard& at = shard(window);
  const std::lock_guard lock(at.mutex);
  std::deque<Waiting>& line = at.lines[window];
  if (line.size() >= longest) return place;
  place.ticket_ = tickets_.fetch_add(1, std::memory_order_relaxed);
  line.push_back({place.ticket_, need});
  waiting_.fetch_add(1, std::memory_order_relaxed);
  place.lines_ = this;
  place.window_ = window;
  return place;
}

}  // namespace freellmapi::relay
