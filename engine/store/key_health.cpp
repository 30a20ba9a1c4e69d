#include "store/key_health.hpp"

#include <algorithm>
#include <vector>

#include "store/schema.hpp"

namespace freellmapi::store {

namespace {

constexpr std::size_t entries_most = 4'096;
// A key in use works many times a second; the minute is all that is told.
constexpr std::chrono::minutes good_again{1};
constexpr std::chrono::seconds together{1};

std::optional<base::WallTime> time_of(std::optional<std::int64_t> ms) {
  if (!ms) return std::nullopt;
  return base::WallTime{std::chrono::milliseconds{*ms}};
}

std::optional<std::int64_t> ms_of(const std::optional<base::WallTime>& time) {
  if (!time) return std::nullopt;
  return time->time_since_epoch().count();
}

}  // namespace

KeyRecord::State KeyRecord::state() const noexcept {
  if (refusals >= refusals_of_a_bad_key) return State::bad;
  if (refusals > 0) return State::refused;
  return last_good ? State::good : State::unknown;
}

std::string_view name(KeyRecord::State state) noexcept {
  switch (state) {
    case KeyRecord::State::good:
      return "good";
    case KeyRecord::State::refused:
      return "refused";
    case KeyRecord::State::bad:
      return "bad";
    case KeyRecord::State::unknown:
      break;
  }
  return "unknown";
}

base::Result<std::unique_ptr<KeyHealth>> KeyHealth::open(const std::filesystem::path& file) {
  auto database = open_database(file, Database::Sync::normal);
  if (!database) return database.error();
  std::unique_ptr<KeyHealth> health(new KeyHealth(std::move(*database)));
  if (const auto loaded = health->load(); !loaded) return loaded.error();
  return health;
}

base::Result<void> KeyHealth::load() {
  Statement all(
      *database_,
      "SELECT provider, fingerprint, last_good_ms, last_refused_ms, refusals, last_probe_ms FROM key_health"
      " LIMIT 4096");
  while (all.step()) {
    Entry entry;
    entry.record.last_good = time_of(all.maybe(2));
    entry.record.last_refused = time_of(all.maybe(3));
    entry.record.refusals = static_cast<std::uint64_t>(all.integer(4));
    entry.record.last_probe = time_of(all.maybe(5));
    entries_.emplace(Name(all.text(0), static_cast<std::uint64_t>(all.integer(1))), entry);
  }
  if (database_->failed()) return database_->take_failure();
  return {};
}

KeyHealth::Entry* KeyHealth::entry(std::string_view provider, std::uint64_t fingerprint) {
  const auto found = entries_.find(NameView(provider, fingerprint));
  if (found != entries_.end()) return &found->second;
  if (entries_.size() >= entries_most) {
    // Keys come and go with the environment; the one of which nothing was heard for longest makes room.
    const auto heard = [](const auto& each) {
      const KeyRecord& r = each.second.record;
      return std::max({r.last_good.value_or(base::WallTime{}), r.last_refused.value_or(base::WallTime{}),
                       r.last_probe.value_or(base::WallTime{})});
    };
    entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                    [&](const auto& a, const auto& b) { return heard(a) < heard(b); }));
  }
  return &entries_[Name(provider, fingerprint)];
}

void KeyHealth::good(std::string_view provider, std::uint64_t fingerprint, base::WallTime now) {
  const std::lock_guard lock(mutex_);
  Entry& e = *entry(provider, fingerprint);
  KeyRecord& r = e.record;
  // A clock that went back makes the last time lie ahead: then it is taken anew.
  const bool lately = r.last_good && now >= *r.last_good && now - *r.last_good < good_again;
  if (lately && r.refusals == 0) return;
  r.last_good = now;
  r.refusals = 0;
  e.changed = true;
}

void KeyHealth::refused(std::string_view provider, std::uint64_t fingerprint, base::WallTime now) {
  const std::lock_guard lock(mutex_);
  Entry& e = *entry(provider, fingerprint);
  KeyRecord& r = e.record;
  if (r.refusals > 0 && r.last_refused && now >= *r.last_refused && now - *r.last_refused < together) return;
  r.last_refused = now;
  ++r.refusals;
  e.changed = true;
}

void KeyHealth::probed(std::string_view provider, std::uint64_t fingerprint, base::WallTime now) {
  const std::lock_guard lock(mutex_);
  Entry& e = *entry(provider, fingerprint);
  e.record.last_probe = now;
  e.changed = true;
}

KeyRecord KeyHealth::of(std::string_view provider, std::uint64_t fingerprint) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(NameView(provider, fingerprint));
  return found == entries_.end() ? KeyRecord{} : found->second.record;
}

base::Result<void> KeyHealth::save() {
  const std::lock_guard writing(writing_);
  std::vector<std::pair<Name, KeyRecord>> changed;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [name, entry] : entries_) {
      if (entry.changed) changed.emplace_back(name, entry.record);
      entry.changed = false;
    }
  }
  if (changed.empty()) return {};
  Transaction transaction(*database_);
  {
    Statement put(*database_,

                  // Another process may know something newer of the same key.
                  "INSERT INTO key_health(provider, fingerprint, last_good_ms, last_refused_ms, refusals,"
                  " last_probe_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"
                  " last_good_ms = max(ifnull(last_good_ms, ?3), ifnull(?3, last_good_ms)),"
                  " last_refused_ms = max(ifnull(last_refused_ms, ?4), ifnull(?4, last_refused_ms)),"
                  " last_probe_ms = max(ifnull(last_probe_ms, ?6), ifnull(?6, last_probe_ms)),"
                  " refusals = ?5");
    for (const auto& [name, record] : changed) {
      put.bind(1, std::string_view(name.first)).bind(2, static_cast<std::int64_t>(name.second));
      put.bind(3, ms_of(record.last_good)).bind(4, ms_of(record.last_refused));
      put.bind(5, static_cast<std::int64_t>(record.refusals)).bind(6, ms_of(record.last_probe));
      if (!put.run()) break;
    }
  }
  // Of keys that are long gone nothing needs to be known.
  database_->run(
      "DELETE FROM key_health WHERE (SELECT count(*) FROM key_health) > 4096 AND"
      " max(ifnull(last_good_ms, 0), ifnull(last_refused_ms, 0), ifnull(last_probe_ms, 0)) <"
      " (SELECT max(max(ifnull(last_good_ms, 0), ifnull(last_refused_ms, 0), ifnull(last_probe_ms, 0))) - "
      "7776000000"
      " FROM key_health)");
  auto committed = transaction.commit();
  if (committed) return {};
  const std::lock_guard lock(mutex_);
  for (const auto& [name, record] : changed) {
    if (const auto found = entries_.find(name); found != entries_.end()) found->second.changed = true;
  }
  return committed.error();
}

}  // namespace freellmapi::store
