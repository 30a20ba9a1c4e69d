// Nobody could serve the request: what the client is told. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/redact.hpp"
#include "relay/attempts.hpp"
#include "relay/encoder.hpp"
#include "relay/outcomes.hpp"
#include "routing/decide.hpp"

namespace freellmapi::relay {

/// The bad end of one attempt.
struct Ending {
  routing::Candidate candidate;
  freellm_outcome outcome;
  std::optional<base::WallTime> back = std::nullopt;  ///< when the bench that it led to ends

  bool of(const Lane& lane) const noexcept {
    return candidate.model == lane.model && candidate.key == lane.key;
  }
};

/// What is known when a request ends without an answer.
struct Exhaustion {
  const policy::Policy* policy = nullptr;
  const routing::Decision* decision = nullptr;
  const std::vector<Ending>* endings = nullptr;  ///< in the order of the attempts
  bool out_of_budget = false;
  bool capped = false;  ///< the attempt limit was reached
  std::string asked_model;
  std::uint64_t input_tokens = 0;
  base::WallTime now{};
};

/// All auth: 502; all context: 413; all not found: 404; none that works and some that are spent: 429 with
/// Retry-After; a lone bad request: that 400; no capable model: 422; nothing configured: 503; deadline: 504;
/// else 502 (by its own name when every answer broke the request's schemas; with Retry-After where somebody
/// is overloaded, or not asked because it failed). A candidate that is benched counts as it did when it was
/// tried. details[] has every candidate.
Failure explain_exhaustion(const Exhaustion& facts, const base::Redactor& redactor);

}  // namespace freellmapi::relay
