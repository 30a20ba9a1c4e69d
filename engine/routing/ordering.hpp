// The order of the strategies that learn: one score for each candidate, from terms that a table can show.
#pragma once

#include <string_view>

#include "routing/decide.hpp"

namespace freellmapi::routing {

/// What a term counts for. Each row's weights come to one.
struct Weights {
  double success, speed, quality;
};

/// Nothing for strategies that keep the chain's order: priority and expiring.
std::optional<Weights> weights_of(policy::Strategy strategy) noexcept;

/// The terms of one candidate. Pure, and the same on every machine for the same numbers. A seed of zero
/// draws nothing: means stand.
Terms terms_of(const policy::Model& model, const Candidate& candidate, const Measured& measured,
               const Weights& weights, std::uint64_t seed) noexcept;

/// Puts those that passed into the order of their scores and writes their terms down; those that are waited
/// for keep their places. One request in sixteen begins with another candidate that would be the best if it
/// were as fast as any, and as sure where nobody has tried it: nobody is forgotten, and who has recovered is
/// found out. Allocates nothing once warm.
void order_by_score(const Inputs& inputs, const Weights& weights, Decision& out);

}  // namespace freellmapi::routing
