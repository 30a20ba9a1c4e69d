#include "cli/carried.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "store/measured.hpp"
#include "store/pins.hpp"
#include "store/schema.hpp"
#include "store/thoughts.hpp"
#include "store/token_costs.hpp"

namespace freellmapi::cli {

namespace {

using relay::Thoughts;
using routing::Statistics;
using routing::Sticky;
using std::chrono::milliseconds;

constexpr std::string_view vault_name = "conversations";
constexpr std::chrono::seconds between_writes{10};
constexpr std::chrono::seconds between_retentions{60};
constexpr std::chrono::seconds between_reports{60};
constexpr std::size_t costs_most = chat::Calibration::most_families * chat::input_cells;
constexpr std::size_t measured_most = 16'384;

}  // namespace

base::Result<store::MasterKey> conversation_key(store::Vault& vault, const base::Clock& clock) {
  const auto fresh = store::MasterKey::random();
  if (!fresh) return fresh.error();
  const auto kept = vault.own_or(vault_name, fresh->hex(), clock.wall());
  if (!kept) return kept.error();
  return store::MasterKey::from_hex(kept->reveal());
}

base::KeyedHash::Key names_key(const store::MasterKey& key) {
  const auto bytes = store::derived(key, "freellmapi names of conversations");
  base::KeyedHash::Key out{};
  std::copy_n(bytes.begin(), out.size(), out.begin());
  return out;
}

Carried::Carried(const std::filesystem::path& database, store::RequestLog& requests, store::MasterKey key,
                 relay::Conversations& conversations, chat::Calibration& calibration,
                 const relay::Current& current, const base::Clock& clock, const base::Log& log)
    : requests_(requests),
      key_(std::move(key)),
      conversations_(conversations),
      calibration_(calibration),
      current_(current),
      clock_(clock),
      log_(log) {
  if (const auto opened = store::open_database(database, store::Database::Sync::normal)) {
    load(**opened);
  } else {
    report(opened.error());
  }
  requests_.also([this](store::Database& behind) { write(behind); });
}

Carried::~Carried() {
  last_ = true;
  requests_.flush();
  requests_.also(nullptr);
}

void Carried::apply(const policy::Policy& policy) {
  sticky_ms_ = policy.routing.sticky.count();
  const bool less = policy.store.conversations.count() < conversations_ms_;
  conversations_ms_ = policy.store.conversations.count();
  conversations_.thoughts.set_age(policy.store.conversations);
  if (less) hurry_ = true;
}

void Carried::load(store::Database& database) {
  // What is too old for the policy is not found, and goes with the first retention.
  const base::WallTime now = clock_.wall();
  const base::Instant steady = clock_.since_boot();
  const base::WallTime since = now - longest;
  if (const auto pins = store::read_pins(database, since, Sticky::usual_capacity)) {
    for (const store::PinRow& row : *pins) {
      const milliseconds age = std::max(now - row.at, milliseconds{0});  // the clock may have gone back
      conversations_.pins.restore({row.session, {row.model, row.key, row.conversation}, steady - age});
    }
  } else {
    report(pins.error());
  }
  std::size_t damaged = 0;
  if (const auto thoughts = store::read_thoughts(database, key_, since, Thoughts::most, damaged)) {
    for (const store::ThoughtRow& row : *thoughts) {
      auto kept = relay::kept_of(row.bytes);
      if (!kept) continue;
      kept->name = {row.by_id, row.by_place};
      kept->at = row.at;
      conversations_.thoughts.restore(std::move(*kept));
    }
  } else {
    report(thoughts.error());
  }
  if (damaged > 0) log_.warn("conversations.unreadable", {{"rows", damaged}});
  if (const auto costs = store::read_token_costs(database, costs_most)) {
    for (const store::TokenCostRow& row : *costs) calibration_.restore({row.family, row.cell, row.learned});
  } else {
    report(costs.error());
  }
  written_costs_ = calibration_.learned();
  const auto measured = store::read_measured(database, now - Statistics::forgotten_after, measured_most);
  if (!measured) return report(measured.error());
  Statistics& statistics = *current_.get()->statistics;
  for (const store::MeasuredRow& row : *measured) {
    const milliseconds age = std::max(now - row.at, milliseconds{0});
    statistics.restore({row.name, row.spread, steady - age, row.figures});
  }
}

void Carried::write(store::Database& database) {
  try {
    for (const auto step : {&Carried::write_pins, &Carried::write_thoughts, &Carried::write_costs,
                            &Carried::write_measured, &Carried::retain}) {
      if (const auto done = (this->*step)(database); !done) report(done.error());
    }
  } catch (const std::exception&) {
    report({base::Errc::limit, "no memory"});
  }
}

base::WallTime Carried::wall_of(base::Instant at) const {
  return clock_.wall() - std::chrono::duration_cast<milliseconds>(clock_.since_boot() - at);
}

base::Result<void> Carried::write_pins(store::Database& database) {
  pins_.clear();
  conversations_.pins.take_changed(pins_);
  if (pins_.empty()) return {};
  std::vector<store::PinRow> rows;
  rows.reserve(pins_.size());
  for (const Sticky::Kept& kept : pins_) {
    rows.push_back({kept.session, kept.pin.model_name, kept.pin.key_fingerprint, kept.pin.conversation,
                    wall_of(kept.at)});
  }
  return store::write_pins(database, rows);
}

base::Result<void> Carried::write_thoughts(store::Database& database) {
  std::vector<store::ThoughtRow> rows;
  for (const auto& kept : conversations_.thoughts.take_changed())
    rows.push_back({kept->name.by_id, kept->name.by_place, kept->at, relay::bytes_of(*kept)});
  return store::write_thoughts(database, key_, rows);
}

// Once in a while, and from now on not before it is time again.
bool Carried::due(std::optional<base::Instant>& last, std::chrono::seconds between) const {
  const base::Instant now = clock_.steady();
  if (last && now - *last < between) return false;
  last = now;
  return true;
}

base::Result<void> Carried::write_costs(store::Database& database) {
  if (!due(costs_at_, between_writes) && !last_) return {};
  auto learned = calibration_.learned();
  if (learned == written_costs_) return {};
  std::vector<store::TokenCostRow> rows;
  rows.reserve(learned.size());
  for (const auto& each : learned) rows.push_back({each.family, each.cell, each.word});
  if (auto written = store::write_token_costs(database, rows); !written) return written;
  written_costs_ = std::move(learned);
  return {};
}

base::Result<void> Carried::write_measured(store::Database& database) {
  if (!due(measured_at_, between_writes) && !last_) return {};
  const base::Instant present = clock_.since_boot();
  std::vector<store::MeasuredRow> rows;
  for (auto& each : current_.get()->statistics->learned(measured_since_))
    rows.push_back({each.name, each.spread, wall_of(each.at), std::move(each.figures)});
  if (auto written = store::write_measured(database, rows); !written) return written;
  measured_since_ = present;
  return {};
}

base::Result<void> Carried::retain(store::Database& database) {
  const bool hurry = hurry_.exchange(false);
  if (!due(retained_, between_retentions) && !hurry) return {};
  const base::WallTime wall = clock_.wall();
  if (auto done = store::retain_pins(database, wall - milliseconds{sticky_ms_}, Sticky::usual_capacity);
      !done)
    return done;
  if (auto done = store::retain_measured(database, wall - Statistics::forgotten_after, measured_most); !done)
    return done;
  return store::retain_thoughts(database, wall - milliseconds{conversations_ms_}, Thoughts::most,
                                Thoughts::most_bytes);
}

void Carried::report(const base::Error& error) {
  if (due(reported_, between_reports)) log_.error("store.conversations_failed", {{"message", error.message}});
}

}  // namespace freellmapi::cli
