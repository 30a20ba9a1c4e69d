// What answers have shown: how often a candidate answers, how soon, how fast. Old news fades.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "policy/policy.hpp"

namespace freellmapi::routing {

/// What is known of a candidate, in whole numbers, so that a record of it gives the same order again. The
/// default stands for a candidate that nobody has tried.
struct Measured {
  // Of requests in thousandths. Both hold what was thought before anything was measured.
  std::uint32_t successes = 3'000, failures = 1'000;
  std::uint32_t tries = 0;             ///< of this very candidate, in thousandths; what is old counts less
  std::uint32_t first_token = 0;       ///< in microseconds; 0: not known
  std::uint32_t token_rate = 0;        ///< tokens per second in thousandths; 0: not known
  std::uint32_t headroom = 1'000'000;  ///< the share of its scarcest window that is left, in millionths
  bool operator==(const Measured&) const = default;
};

/// Measured success, first-token time and token rate by (model, key), and how first-token times spread by
/// model. All of it halves every `half_life`. Made for one policy; what both policies know by name, model and
/// key fingerprint is shared with the one before. Bounded by the policy. Thread safety: any thread; one lock
/// of a few instructions for each model and key. Instants are all of one clock, which should count the time
/// in which the machine sleeps (base::Clock::since_boot). Nothing is allocated once made.
class Statistics {
 public:
  static constexpr std::chrono::minutes half_life{30};
  /// No quantile is told of fewer answers.
  static constexpr double quantile_needs = 10;

  /// `before` is what was learnt under the policy before this one, or null.
  explicit Statistics(const policy::Policy& policy, const Statistics* before = nullptr);
  ~Statistics();
  Statistics(const Statistics&) = delete;
  Statistics& operator=(const Statistics&) = delete;

  struct Answer {
    bool streamed = false;
    std::chrono::microseconds first_token{0};  ///< from sending; of what is not streamed it means nothing
    std::chrono::microseconds took{0};         ///< from sending to the answer's end
    std::uint64_t output_tokens = 0;           ///< 0: not known
  };
  /// `key` is policy::none for a keyless provider, here and below.
  void answered(policy::ModelIndex model, policy::KeyIndex key, const Answer& answer,
                base::Instant now) noexcept;
  /// A fault of the provider's: not a refusal for quota, not a bad request, not a client that left.
  void failed(policy::ModelIndex model, policy::KeyIndex key, base::Instant now) noexcept;
  /// It has said nothing for so long: a failure that is slow as well. `streamed` as in Answer.
  void silent(policy::ModelIndex model, policy::KeyIndex key, std::chrono::microseconds waited, bool streamed,
              base::Instant now) noexcept;

  /// A stream that was given up for another one's answer while it was silent for so long: slower than that,
  /// and neither a success nor a failure.
  void overtaken(policy::ModelIndex model, policy::KeyIndex key, std::chrono::microseconds waited,
                 base::Instant now) noexcept;

  /// Without the headroom, which the ledger knows. A key that was not tried is thought to be like the model's
  /// other keys.
  Measured of(policy::ModelIndex model, policy::KeyIndex key, base::Instant now) const noexcept;

  /// Within what time `share` (0 to 1) of the model's streams have brought their first token, over all keys,
  /// rounded up by at most a quarter. Streams that were given up count as slower than the time they were
  /// given, so that a deadline made of this does not grow tighter by its own doing. Nothing: `quantile_needs`
  /// has not been reached. About 100 ns.
  std::optional<std::chrono::milliseconds> first_token_quantile(policy::ModelIndex model, double share,
                                                                base::Instant now) const noexcept;

  /// What one of its parts has learned, for whoever writes it down.
  struct Learned {
    std::uint64_t name = 0;  ///< of a model, or of a model and a key
    bool spread = false;     ///< of the model's first-token times
    base::Instant at{};      ///< as of when the figures are
    std::vector<float> figures;
  };
  /// After so long nothing is left of it.
  static constexpr std::chrono::minutes forgotten_after = 40 * half_life;
  /// Every part that has learned something since `after`.
  std::vector<Learned> learned(base::Instant after) const;
  /// As it was written down, before the first request. What this policy does not know, or no part can have
  /// learned, is passed over.
  void restore(const Learned& before);

 private:
  struct Sample;
  struct Meter;
  struct Spread;

  Meter* pair(policy::ModelIndex model, policy::KeyIndex key) const noexcept;
  void add(policy::ModelIndex model, policy::KeyIndex key, const Sample& sample, base::Instant now) noexcept;
  void add_first_token(policy::ModelIndex model, std::chrono::microseconds took, base::Instant now) noexcept;

  std::vector<std::uint64_t> names_;              // of each meter
  std::vector<std::shared_ptr<Meter>> meters_;    // by first_[model]: the model's own, then one for each key
  std::vector<std::shared_ptr<Spread>> spreads_;  // by model
  std::vector<std::uint32_t> first_;              // by model
  std::vector<std::uint32_t> place_;              // by key: its place at its provider
};

}  // namespace freellmapi::routing
