#include "routing/ordering.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace freellmapi::routing {
namespace {

constexpr std::uint64_t explore_one_in = 16;
constexpr std::uint32_t tried = 1'000;  // thousandths of a request, from which on draws are made
constexpr double half_first_token = 1'000'000, half_rate = 60'000;  // microseconds, tokens per 1000 s
constexpr double half_rank = 20, half_speed = 8;                    // places in the catalogue's lists
constexpr unsigned unranked = 1'000;
constexpr double scarce = 0.2, least_headroom = 0.1;
constexpr std::uint64_t grain = 65'536;
constexpr int rounds = 32;  // of a draw that is rejected one time in twenty

/// SplitMix64: every seed gives its own row of numbers.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() noexcept {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  /// In (0, 1).
  double uniform() noexcept { return (static_cast<double>(bits() >> 12U) + 0.5) * 0x1p-52; }
  /// Of mean 0 and deviation 1 (Marsaglia's polar method, which makes two at a time).
  double normal() noexcept {
    if (spare_) return *std::exchange(spare_, std::nullopt);
    for (int i = 0; i < rounds; ++i) {
      const double x = 2 * uniform() - 1, y = 2 * uniform() - 1;
      const double s = x * x + y * y;
      if (s <= 0 || s >= 1) continue;
      const double scale = std::sqrt(-2 * std::log(s) / s);
      spare_ = y * scale;
      return x * scale;
    }
    return 0;
  }
  /// Marsaglia and Tsang; `shape` is at least 1.
  double gamma(double shape) noexcept {
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (int i = 0; i < rounds; ++i) {
      const double x = normal();
      const double t = 1 + c * x;
      if (t <= 0) continue;
      const double v = t * t * t;
      const double u = uniform();
      if (u < 1 - 0.0331 * x * x * x * x) return d * v;
      if (std::log(u) < 0.5 * x * x + d * (1 - v + std::log(v))) return d * v;
    }
    return d;
  }

 private:
  std::uint64_t state_;
  std::optional<double> spare_;
};

/// So coarse that the last digit of a logarithm on another machine makes no difference.
double coarse(double share) noexcept {
  return std::floor(share * static_cast<double>(grain) + 0.5) / static_cast<double>(grain);
}

double success_of(const Measured& m, const Candidate& candidate, std::uint64_t seed) noexcept {
  const double good = m.successes / 1e3, bad = m.failures / 1e3;
  if (seed == 0 || m.tries < tried) return good + bad > 0 ? good / (good + bad) : 0;
  Draws draws(seed ^ ((std::uint64_t{candidate.model} << 32U | candidate.key) * 0xD6E8FEB86659FD93ULL));
  const double a = draws.gamma(std::max(good, 1.0)), b = draws.gamma(std::max(bad, 1.0));
  return coarse(a / (a + b));
}

/// Half of it how soon, half of it how fast. What is not known of them is guessed from the catalogue.
double speed_of(const Measured& m, const policy::Model& model) noexcept {
  const double guess = model.speed >= unranked ? 0.5 : half_speed / (half_speed + model.speed);
  const double soon = m.first_token > 0 ? half_first_token / (half_first_token + m.first_token) : guess;
  const double fast = m.token_rate > 0 ? m.token_rate / (half_rate + m.token_rate) : guess;
  return (soon + fast) / 2;
}

/// Ranks are not comparable across tiers: the tier comes first.
double quality_of(const policy::Model& model) noexcept {
  constexpr std::array<std::string_view, 4> tiers{"small", "medium", "large", "frontier"};
  const auto found = std::find(tiers.begin(), tiers.end(), model.tier);
  const double tier = found == tiers.end() ? 1 : static_cast<double>(found - tiers.begin());
  return (tier + half_rank / (half_rank + model.rank)) / 4;
}

double headroom_weight(const Measured& m) noexcept {
  const double share = m.headroom / 1e6;
  return share >= scarce ? 1 : least_headroom + (1 - least_headroom) * share / scarce;
}

double score_of(const Terms& t, double success, double speed, const Weights& weights) noexcept {
  return (weights.success * success + weights.speed * speed + weights.quality * t.quality) * t.headroom;
}

class Ordering {
 public:
  Ordering(const Inputs& in, const Weights& weights, Decision& out) : in_(in), weights_(weights), out_(out) {}

  void score() {
    out_.terms.assign(out_.considered.size(), {});
    out_.equals.clear();
    for (const std::uint32_t i : out_.order) {
      const Considered& c = out_.considered[i];
      if (c.gate != Gate::passed) continue;
      const policy::Model& model = in_.plan->policy().models[c.candidate.model];
      out_.terms[i] = terms_of(model, c.candidate, measured(c.candidate), weights_, in_.seed);
      out_.equals.push_back(i);
    }
  }

  void sort() {
    std::ranges::sort(out_.equals, [this](std::uint32_t a, std::uint32_t b) {
      const double sa = out_.terms[a].score, sb = out_.terms[b].score;
      return sa != sb ? sa > sb : a < b;
    });
  }

  void explore() {
    Draws draws(in_.seed ^ 0xA0761D6478BD642FULL);
    if (in_.seed == 0 || out_.equals.size() < 2 || draws.bits() % explore_one_in != 0) return;
    const double best = out_.terms[out_.equals.front()].score;
    const auto may_be_best = [&](std::uint32_t i) {
      const Terms& t = out_.terms[i];
      return score_of(t, t.measured.tries < tried ? 1 : t.success, 1, weights_) >= best;
    };
    const auto others = out_.equals.begin() + 1;
    const auto count = static_cast<std::uint64_t>(std::count_if(others, out_.equals.end(), may_be_best));
    if (count == 0) return;
    std::uint64_t chosen = draws.bits() % count;
    const auto found = std::find_if(others, out_.equals.end(),
                                    [&](std::uint32_t i) { return may_be_best(i) && chosen-- == 0; });
    out_.terms[*found].explored = true;
    std::rotate(out_.equals.begin(), found, found + 1);
  }

  void place() {
    auto next = out_.equals.begin();
    for (std::uint32_t& i : out_.order) {
      if (out_.considered[i].gate == Gate::passed) i = *next++;
    }
  }

 private:
  Measured measured(const Candidate& c) const {
    if (in_.verdicts != nullptr) return in_.verdicts->measured(c);
    Measured out;
    if (in_.statistics != nullptr) out = in_.statistics->of(c.model, c.key, in_.now.steady);
    out.headroom = static_cast<std::uint32_t>(in_.ledger->headroom(*in_.plan, c.key, c.model, in_.now));
    return out;
  }

  const Inputs& in_;
  const Weights weights_;
  Decision& out_;
};

}  // namespace

std::optional<Weights> weights_of(policy::Strategy strategy) noexcept {
  switch (strategy) {
    case policy::Strategy::priority:
    case policy::Strategy::expiring:
      return std::nullopt;
    case policy::Strategy::balanced:
      return Weights{0.50, 0.25, 0.25};
    case policy::Strategy::fastest:
      return Weights{0.35, 0.55, 0.10};
    case policy::Strategy::smartest:
      return Weights{0.35, 0.10, 0.55};
    case policy::Strategy::reliable:
      return Weights{0.70, 0.15, 0.15};
  }
  return std::nullopt;
}

Terms terms_of(const policy::Model& model, const Candidate& candidate, const Measured& measured,
               const Weights& weights, std::uint64_t seed) noexcept {
  Terms out;
  out.measured = measured;
  out.success = success_of(measured, candidate, seed);
  out.speed = speed_of(measured, model);
  out.quality = quality_of(model);
  out.headroom = headroom_weight(measured);
  out.score = score_of(out, out.success, out.speed, weights);
  return out;
}

void order_by_score(const Inputs& inputs, const Weights& weights, Decision& out) {
  Ordering ordering(inputs, weights, out);
  ordering.score();
  ordering.sort();
  ordering.explore();
  ordering.place();
}

}  // namespace freellmapi::routing
