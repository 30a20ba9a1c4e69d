#include "relay/thoughts.hpp"

#include <iterator>
#include <utility>

namespace freellmapi::relay {

namespace {

constexpr std::size_t overhead = 256;  // of one: its lists and maps

std::size_t weight(const Thoughts::Kept& kept) noexcept {
  return kept.thought.extra.size() + kept.thought.reasoning.size() + overhead;
}

std::uint64_t bit_of(std::uint64_t name) noexcept {
  return name == 0 ? 0 : std::uint64_t{1} << (name * 0x9E3779B97F4A7C15ULL >> 58U);
}

void append_number(std::string& out, std::uint64_t number) {
  for (unsigned i = 0; i < 8; ++i) out += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
}

std::optional<std::uint64_t> take_number(std::string_view& bytes) {
  if (bytes.size() < 8) return std::nullopt;
  std::uint64_t number = 0;
  for (unsigned i = 0; i < 8; ++i) number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  bytes.remove_prefix(8);
  return number;
}

}  // namespace

void Thoughts::erase(Entries::iterator at) {
  const Kept& kept = **at;
  bytes_ -= weight(kept);
  if (const auto id = by_id_.find(kept.name.by_id); id != by_id_.end() && id->second == at) by_id_.erase(id);
  if (const auto place = by_place_.find(kept.name.by_place); place != by_place_.end() && place->second == at)
    by_place_.erase(place);
  entries_.erase(at);
}

void Thoughts::insert(Kept kept, bool newest) {
  const std::size_t heavy = weight(kept);
  const std::uint64_t bits = bit_of(kept.maker.model) | bit_of(kept.maker.family);
  const chat::CallName name = kept.name;
  auto shared = std::make_shared<const Kept>(std::move(kept));
  const std::lock_guard lock(mutex_);
  if (const auto known = by_id_.find(name.by_id); known != by_id_.end()) {
    if (!newest) return;
    erase(known->second);
  }
  if (!newest && (entries_.size() >= most || bytes_ + heavy > most_bytes)) return;
  while (!entries_.empty() && (entries_.size() >= most || bytes_ + heavy > most_bytes))
    erase(std::prev(entries_.end()));
  const auto at = entries_.insert(newest ? entries_.begin() : entries_.end(), shared);
  bytes_ += heavy;
  by_id_[name.by_id] = at;
  if (newest || !by_place_.contains(name.by_place)) by_place_[name.by_place] = at;
  // A disk that stands still must not fill the memory.
  if (newest && changed_.size() < most && changed_bytes_ + heavy <= most_bytes) {
    changed_bytes_ += heavy;
    changed_.push_back(std::move(shared));
  }
  makers_.fetch_or(bits, std::memory_order_relaxed);
}

void Thoughts::keep(Kept kept) {
  const std::size_t said = kept.thought.extra.size() + kept.thought.reasoning.size();
  if (said == 0 || said > longest || age_ms_.load(std::memory_order_relaxed) == 0) return;
  insert(std::move(kept), true);
}

void Thoughts::restore(Kept kept) { insert(std::move(kept), false); }

std::shared_ptr<const Thoughts::Kept> Thoughts::find(const chat::CallName& name, base::WallTime now) {
  const std::chrono::milliseconds age{age_ms_.load(std::memory_order_relaxed)};
  const std::lock_guard lock(mutex_);
  auto found = by_id_.find(name.by_id);
  if (found == by_id_.end()) {
    found = by_place_.find(name.by_place);
    if (found == by_place_.end()) return nullptr;
  }
  const Entries::iterator at = found->second;
  if (now - (*at)->at >= age) {
    erase(at);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, at);
  return *at;
}

bool Thoughts::may_know(const Maker& maker) const noexcept {
  return (makers_.load(std::memory_order_relaxed) & (bit_of(maker.model) | bit_of(maker.family))) != 0;
}

void Thoughts::set_age(std::chrono::milliseconds age) {
  age_ms_.store(age.count(), std::memory_order_relaxed);
  if (age.count() != 0) return;
  const std::lock_guard lock(mutex_);
  entries_.clear();
  by_id_.clear();
  by_place_.clear();
  changed_.clear();
  bytes_ = changed_bytes_ = 0;
  makers_.store(0, std::memory_order_relaxed);
}

std::vector<std::shared_ptr<const Thoughts::Kept>> Thoughts::take_changed() {
  const std::lock_guard lock(mutex_);
  changed_bytes_ = 0;
  return std::exchange(changed_, {});
}

std::string bytes_of(const Thoughts::Kept& kept) {
  std::string out;
  append_number(out, kept.maker.model);
  append_number(out, kept.maker.family);
  append_number(out, kept.thought.extra.size());
  out += kept.thought.extra;
  out += kept.thought.reasoning;
  return out;
}

std::optional<Thoughts::Kept> kept_of(std::string_view bytes) {
  Thoughts::Kept kept;
  const auto model = take_number(bytes), family = take_number(bytes), extra = take_number(bytes);
  if (!extra || *extra > bytes.size() || bytes.size() > Thoughts::longest) return std::nullopt;
  kept.maker = {*model, *family};
  kept.thought.extra = bytes.substr(0, static_cast<std::size_t>(*extra));
  kept.thought.reasoning = bytes.substr(static_cast<std::size_t>(*extra));
  return kept;
}

}  // namespace freellmapi::relay
