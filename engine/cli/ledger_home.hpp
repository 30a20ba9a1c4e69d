// The ledger in the data directory: alone there, mapped, and written to the disk now and then.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "cli/mapped_bytes.hpp"
#include "quota/bytes.hpp"
#include "quota/ledger.hpp"
#include "store/instance_lock.hpp"
#include "store/ledger_file.hpp"

namespace freellmapi::cli {

/// Owns the directory's lock, the file `ledger` in it, and a thread that flushes. The end of the process,
/// even kill -9, loses nothing; a loss of power loses at most what was counted in the last `flush_interval`.
class LedgerHome {
 public:
  static constexpr std::chrono::seconds flush_interval{5};

  /// The error is one sentence that names the file and what to do. `clock` and `log` must outlive it.
  static base::Result<std::unique_ptr<LedgerHome>> open(const std::filesystem::path& data,
                                                        const base::Clock& clock, const base::Log& log);
  ~LedgerHome();
  LedgerHome(const LedgerHome&) = delete;
  LedgerHome& operator=(const LedgerHome&) = delete;

  quota::Ledger& ledger() noexcept { return *ledger_; }

 private:
  LedgerHome(store::InstanceLock lock, store::LedgerFile file, const base::Clock& clock,
             const base::Log& log);
  void flush_now_and_then(const std::stop_token& stop);
  void flush();

  store::InstanceLock lock_;
  MappedBytes bytes_;
  const base::Clock& clock_;
  const base::Log& log_;
  std::unique_ptr<quota::Ledger> ledger_;
  bool failed_ = false;  // the last flush did; told once
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread flusher_;
};

/// What the ledger of a data directory holds, to look at while nobody serves from it. Takes no lock and
/// changes nothing: any number may look, and a router may start meanwhile.
class LedgerCopy {
 public:
  /// An empty one where there is no ledger. The error is one sentence that names the file.
  static base::Result<std::unique_ptr<LedgerCopy>> read(const std::filesystem::path& data,
                                                        const base::Clock& clock);
  quota::Ledger& ledger() noexcept { return *ledger_; }

 private:
  LedgerCopy() = default;
  quota::HeapBytes bytes_;
  std::unique_ptr<quota::Ledger> ledger_;
};

}  // namespace freellmapi::cli
