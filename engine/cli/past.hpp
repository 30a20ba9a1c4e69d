// What is remembered of requests, for whoever asks why: the newest at hand, the rest in the store.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "relay/snapshot.hpp"
#include "store/request_log.hpp"
#include "store/request_reader.hpp"
#include "surfaces/ops/history.hpp"

namespace freellmapi::cli {

surfaces::PastRequest past_request(const store::RequestRow& row);

/// Asks the log first, which writes behind: a request may be asked about before it is written. Keeps the last
/// `policies_kept` policies.
class Past final : public surfaces::History {
 public:
  static constexpr std::size_t policies_kept = 4;

  /// `database` must be there. All must outlive this.
  static base::Result<std::unique_ptr<Past>> open(const std::filesystem::path& database,
                                                  const store::RequestLog& log,
                                                  const relay::Current& current);

  base::Result<std::optional<surfaces::PastRequest>> find(std::string_view request_id) override;
  std::shared_ptr<const policy::Policy> policy(std::string_view version) override;

  /// To be told of every policy that comes into force.
  void remember(std::shared_ptr<const policy::Policy> policy);

 private:
  Past(std::unique_ptr<store::RequestReader> reader, const store::RequestLog& log,
       const relay::Current& current);

  const store::RequestLog& log_;
  const relay::Current& current_;
  std::mutex mutex_;  // guards the policies
  std::vector<std::shared_ptr<const policy::Policy>> policies_;
  std::mutex reading_;  // guards the reader
  std::unique_ptr<store::RequestReader> reader_;
};

}  // namespace freellmapi::cli
