#include "cli/remembered.hpp"

#include <utility>

namespace freellmapi::cli {

namespace {

constexpr std::chrono::seconds between_saves{10};

store::Retention retention_of(const policy::Store& store) {
  return {std::chrono::hours{24} * store.days, store.rows};
}

std::optional<std::int64_t> count_of(const std::optional<std::chrono::microseconds>& time) {
  if (!time) return std::nullopt;
  return time->count();
}

}  // namespace

base::Result<std::unique_ptr<Remembered>> Remembered::open(const std::filesystem::path& database,
                                                           const base::Clock& clock, const base::Log& log) {
  auto requests = store::RequestLog::open(database, retention_of({}), clock, log);
  if (!requests) return requests.error();
  auto health = store::KeyHealth::open(database);
  if (!health) return health.error();
  return std::unique_ptr<Remembered>(new Remembered(std::move(*requests), std::move(*health), clock, log));
}

Remembered::Remembered(std::unique_ptr<store::RequestLog> requests, std::unique_ptr<store::KeyHealth> health,
                       const base::Clock& clock, const base::Log& log)
    : requests_(std::move(requests)),
      health_(std::move(health)),
      clock_(clock),
      log_(log),
      saved_(clock.steady()) {}

Remembered::~Remembered() { save_health(); }

void Remembered::keep(const relay::Record& record, base::WallTime at,
                      std::chrono::microseconds total) noexcept {
  store::RequestRow row;
  row.at = at;
  row.request_id = record.request_id;
  row.surface = record.surface;
  row.status = record.status;
  row.code = record.code;
  row.asked = record.asked;
  row.provider = record.provider;
  row.model = record.model;
  row.key_label = record.key;
  row.attempts = record.attempts;
  row.trail = record.trail;
  row.streamed = record.streamed;
  row.input_tokens = record.input_tokens;
  row.output_tokens = record.output_tokens;
  row.request_bytes = record.request_bytes;
  row.response_bytes = record.response_bytes;
  row.first_token_us = count_of(record.first_token);
  row.decided_us = count_of(record.decided);
  row.total_us = total.count();
  row.decision = record.decision;
  requests_->add(row);
}

void Remembered::worked(const policy::Provider& provider, const policy::Key& key,
                        base::WallTime now) noexcept {
  try {
    health_->good(provider.id, key.fingerprint, now);
  } catch (...) {
    log_.warn("store.no_memory", {{"provider", provider.id}});
  }
}

void Remembered::refused(const policy::Provider& provider, const policy::Key& key,
                         base::WallTime now) noexcept {
  try {
    health_->refused(provider.id, key.fingerprint, now);
    if (health_->of(provider.id, key.fingerprint).refusals == store::refusals_of_a_bad_key)
      log_.warn("key.bad", {{"provider", provider.id}, {"key", key.label}, {"source", key.source}});
  } catch (...) {
    log_.warn("store.no_memory", {{"provider", provider.id}});
  }
}

void Remembered::tick() {
  const base::Instant now = clock_.steady();
  if (now - saved_ < between_saves) return;
  saved_ = now;
  save_health();
}

void Remembered::set_retention(const policy::Store& store) { requests_->set_retention(retention_of(store)); }

void Remembered::save_health() {
  const auto saved = health_->save();
  if (!saved && !failing_) log_.error("store.write_failed", {{"message", saved.error().message}});
  failing_ = !saved;
}

}  // namespace freellmapi::cli
