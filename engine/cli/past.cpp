#include "cli/past.hpp"

#include <algorithm>
#include <utility>

namespace freellmapi::cli {

namespace {

struct Texts {
  std::string provider, model, key;
};

}  // namespace

surfaces::PastRequest past_request(const store::RequestRow& row) {
  const auto time = [](const std::optional<std::int64_t>& us) {
    return us ? std::optional(std::chrono::microseconds{*us}) : std::nullopt;
  };
  surfaces::PastRequest out;
  relay::Record& r = out.record;
  r.request_id = row.request_id;
  r.status = row.status;
  r.code = row.code;
  r.asked = row.asked;
  const auto texts = std::make_shared<const Texts>(
      Texts{std::string(row.provider), std::string(row.model), std::string(row.key_label)});
  r.provider = texts->provider;
  r.model = texts->model;
  r.key = texts->key;
  r.kept = texts;
  r.attempts = static_cast<std::size_t>(row.attempts);
  r.trail = row.trail;
  r.streamed = row.streamed;
  r.input_tokens = row.input_tokens;
  r.output_tokens = row.output_tokens;
  r.request_bytes = row.request_bytes;
  r.response_bytes = row.response_bytes;
  r.first_token = time(row.first_token_us);
  r.decided = time(row.decided_us);
  r.decision = row.decision;
  out.surface = row.surface;
  out.ended = row.at;
  out.total = std::chrono::microseconds{row.total_us};
  return out;
}

base::Result<std::unique_ptr<Past>> Past::open(const std::filesystem::path& database,
                                               const store::RequestLog& log, const relay::Current& current) {
  auto reader = store::RequestReader::open(database);
  if (!reader) return reader.error();
  return std::unique_ptr<Past>(new Past(std::move(*reader), log, current));
}

Past::Past(std::unique_ptr<store::RequestReader> reader, const store::RequestLog& log,
           const relay::Current& current)
    : log_(log), current_(current), reader_(std::move(reader)) {}

base::Result<std::optional<surfaces::PastRequest>> Past::find(std::string_view request_id) {
  std::optional<surfaces::PastRequest> found;
  const auto see = [&found](const store::RequestRow& row) { found = past_request(row); };
  if (log_.at_hand(request_id, see)) return found;
  const std::lock_guard lock(reading_);
  const auto read = reader_->by_name(request_id, see);
  if (!read) return read.error();
  return found;
}

std::shared_ptr<const policy::Policy> Past::policy(std::string_view version) {
  const std::lock_guard lock(mutex_);
  for (const auto& policy : policies_) {
    if (policy->version == version) return policy;
  }
  return policies_.empty() ? current_.get()->policy : policies_.back();
}

void Past::remember(std::shared_ptr<const policy::Policy> policy) {
  const std::lock_guard lock(mutex_);
  std::erase_if(policies_, [&](const auto& kept) { return kept->version == policy->version; });
  if (policies_.size() >= policies_kept) policies_.erase(policies_.begin());
  policies_.push_back(std::move(policy));
}

}  // namespace freellmapi::cli
