// A decision as JSON: every candidate, what removed it, who won, what happened then. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "routing/record.hpp"
#include "surfaces/ops/history.hpp"

namespace freellmapi::surfaces {

/// Of a past request. `policy` is the one the request ran under, or another, or null: without the right one
/// candidates stay numbers and nothing can be replayed, which is said.
std::string explanation_of(const PastRequest& past, std::shared_ptr<const policy::Policy> policy);

/// What a hypothetical request asks.
struct Question {
  std::string model = "auto";
  routing::Features features;
  std::optional<base::WallTime> at;  ///< not before now; nothing: now
};

/// Reads "model=auto&tokens=2000&output=500&tools=1&vision=1&json=object&at=2026-11-22T18:00:00Z". Errors:
/// invalid_argument, naming the parameter.
base::Result<Question> read_question(std::string_view query);
/// The same, written.
std::string query_of(const Question& question);
/// "2026-11-22", "2026-11-22T18:00" and "2026-11-22T18:00:00.000Z": UTC.
std::optional<base::WallTime> read_time(std::string_view text);

/// Of a request that nobody has made, against the present state of `ledger`, or what it will come to by
/// `question.at` when nothing is sent until then. `statistics` may be null: nothing has been measured.
/// Errors: not_found (the model), limit (no memory for a look ahead).
base::Result<std::string> answer(const Question& question, const quota::Plan& plan,
                                 const quota::Ledger& ledger, const routing::Statistics* statistics,
                                 quota::Now now);

}  // namespace freellmapi::surfaces
