// What is remembered of requests, for whoever asks why: the newest in memory, the rest in the store.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "relay/record.hpp"
#include "relay/snapshot.hpp"
#include "store/request_reader.hpp"
#include "surfaces/ops/history.hpp"

namespace freellmapi::cli {

surfaces::PastRequest past_request(const store::RequestRow& row);

/// Stands between the front door and the log: the log writes behind, and a request may be asked about before
/// it is written. Keeps the last `newest` requests and the last `policies_kept` policies.
class Past final : public relay::RecordSink, public surfaces::History {
 public:
  static constexpr std::size_t newest = 1'024;
  static constexpr std::size_t policies_kept = 4;

  /// `log` gets every record, too. `database` must be there. All must outlive this.
  static base::Result<std::unique_ptr<Past>> open(const std::filesystem::path& database,
                                                  relay::RecordSink& log, const relay::Current& current);

  void keep(const relay::Record& record, base::WallTime at,
            std::chrono::microseconds total) noexcept override;
  base::Result<std::optional<surfaces::PastRequest>> find(std::string_view request_id) override;
  std::shared_ptr<const policy::Policy> policy(std::string_view version) override;

  /// To be told of every policy that comes into force.
  void remember(std::shared_ptr<const policy::Policy> policy);

 private:
  Past(std::unique_ptr<store::RequestReader> reader, relay::RecordSink& log, const relay::Current& current);

  relay::RecordSink& log_;
  const relay::Current& current_;
  std::mutex mutex_;  // guards the ring and the policies
  std::vector<surfaces::PastRequest> ring_;
  std::size_t next_ = 0;
  std::vector<std::shared_ptr<const policy::Policy>> policies_;
  std::mutex reading_;  // guards the reader
  std::unique_ptr<store::RequestReader> reader_;
};

}  // namespace freellmapi::cli
