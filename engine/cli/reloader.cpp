#include "cli/reloader.hpp"

#include <utility>

#include "base/text.hpp"
#include "cli/files.hpp"
#include "cli/unified_key.hpp"
#include "sim/policy_tests.hpp"

namespace freellmapi::cli {

FileMark FileMark::of(const std::filesystem::path& file) {
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0) return {};
  return {s.st_dev, s.st_ino, s.st_size, s.st_mtim};
}

bool FileMark::operator==(const FileMark& other) const {
  return device == other.device && inode == other.inode && size == other.size &&
         modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec;
}

Reloader::Reloader(Places places, std::filesystem::path data, base::Secret unified_key, store::Vault& vault,
                   Remembered& remembered, host::PluginLoader& loader, quota::Ledger& ledger,
                   relay::Current& current, relay::Meter& meter, surfaces::Status& status, base::Log& log,
                   const base::Clock& clock)
    : places_(std::move(places)),
      data_(std::move(data)),
      unified_key_(std::move(unified_key)),
      vault_(vault),
      remembered_(remembered),
      loader_(loader),
      ledger_(ledger),
      current_(current),
      meter_(meter),
      status_(status),
      log_(log),
      clock_(clock) {}

base::Result<World> Reloader::start() {
  const auto file = find_policy(places_.policy);
  if (!file) return file.error();
  // From here on it is this file: one that vanishes is a fault, not a reason to take another.
  places_.policy = file->string();
  mark_ = FileMark::of(*file);
  generation_ = vault_.generation();
  auto world = read_world(places_, loader_, false, &vault_);
  if (!world) return world.error();
  if (auto taken = take(*world); !taken) return taken.error();
  return world;
}

void Reloader::reload() {
  // Marked before it is read: a change in between is seen at the next tick.
  mark_ = FileMark::of(places_.policy);
  if (const auto generation = vault_.generation()) generation_ = generation;
  take_unified_key();
  auto world = read_world(places_, loader_, false, &vault_);
  const base::Result<void> taken = world ? take(*world) : base::Result<void>(world.error());
  if (!taken) {
    const std::string& message = taken.error().message;
    status_.set_reload_error(told_to_anyone(message));
    log_.error("policy.reload_failed", {{"message", message}});
    return;
  }
  status_.set_reload_error({});
  report(*world);
  log_.info("policy.reloaded",
            {{"version", world->policy->version}, {"providers", world->policy->providers.size()}});
}

void Reloader::reload_if_changed() {
  // Somebody has changed the vault; what cannot be read now is read at the next tick.
  if (const auto generation = vault_.generation(); generation && generation != generation_) {
    reload();
    return;
  }
  const FileMark mark = FileMark::of(places_.policy);
  if (mark == mark_) {
    seen_.reset();
    return;
  }
  // An editor that truncates and then writes shows two changes: wait until the file rests for one tick.
  if (!seen_ || !(mark == *seen_)) {
    seen_ = mark;
    return;
  }
  reload();
}

void Reloader::on_policy(std::function<void(std::shared_ptr<const policy::Policy>)> told) {
  told_of_policy_ = std::move(told);
  if (in_force_) told_of_policy_(in_force_);
}

void Reloader::report(const World& world) const {
  for (const auto& d : world.diagnostics) {
    if (d.warning) log_.warn("policy.warning", {{"message", d.text()}});
  }
  for (const std::string& problem : world.problems)
    log_.warn("environment.unreadable", {{"message", problem}});
  for (const host::Refusal& r : world.plugins.refused) {
    log_.warn("plugin.refused", {{"file", r.file}, {"reason", r.reason}});
  }
}

void Reloader::take_unified_key() {
  auto key = unified_key(data_, vault_);
  if (!key) {
    log_.error("unified_key.unreadable", {{"message", key.error().text()}});
    return;
  }
  if (base::equal_constant_time(key->reveal(), unified_key_.reveal())) return;
  unified_key_ = std::move(*key);
  if (told_of_key_) told_of_key_(unified_key_);
  log_.info("unified_key.rotated", {{"last_four", unified_key_.last_four()}});
}

base::Result<void> Reloader::take(const World& world) {
  if (!world.policy) {
    std::string faults;
    for (const auto& d : world.diagnostics) {
      if (d.warning) continue;
      if (!faults.empty()) faults += '\n';
      faults += d.text();
    }
    return base::Error{base::Errc::invalid_argument, std::move(faults)};
  }
  if (const auto failing = sim::run_tests(*world.policy, clock_.wall()); !failing.empty()) {
    std::string faults;
    for (const auto& d : failing) faults += (faults.empty() ? "" : "\n") + d.text();
    return base::Error{base::Errc::invalid_argument, std::move(faults)};
  }
  const policy::Server& server = world.policy->server;
  if (in_force_ && (server.address != in_force_->server.address || server.port != in_force_->server.port ||
                    server.hosts != in_force_->server.hosts)) {
    log_.warn("policy.needs_restart",
              {{"message", "server.listen and server.hosts change with the next start"}});
  }
  const auto before = current_.get();
  auto snapshot = relay::make_snapshot(world.policy, ledger_, world.plugins.providers, &plain_environment,
                                       clock_.wall(), before.get(), meter_);
  if (!snapshot) return snapshot.error();
  // Redaction first: from the swap on, the new keys are in use.
  log_.set_redactor(world.redactor(unified_key_.reveal(), in_force_.get()));
  current_.set(std::move(*snapshot));
  remembered_.set_retention(world.policy->store);
  in_force_ = world.policy;
  if (told_of_policy_) told_of_policy_(in_force_);
  return {};
}

std::string Reloader::told_to_anyone(std::string text) const {
  const std::string folder = std::filesystem::path(places_.policy).parent_path().string() + '/';
  if (folder.size() > 1) {
    for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;)
      text.erase(at, folder.size());
  }
  return base::printable(log_.redactor()->redact(text), 2000);
}

}  // namespace freellmapi::cli
