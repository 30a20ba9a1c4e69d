#include "routing/decide.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "routing/gates.hpp"
#include "routing/ordering.hpp"

namespace freellmapi::routing {
namespace {

using policy::KeyIndex;
using policy::ModelIndex;

class Deciding {
 public:
  Deciding(const Inputs& in, Decision& out)
      : in_(in), policy_(in.plan->policy()), out_(out), pinned_seen_(in.pinned.model == policy::none) {}

  /// All candidates of the target from `from` on, or until `enough` of them have passed.
  void consider_all(Decision::Rest from, unsigned enough) {
    const policy::Policy& policy = policy_;
    if (in_.target->automatic()) {
      if (in_.target->chain >= policy.chains.size()) return;
      const std::vector<policy::Step>& steps = policy.chains[in_.target->chain].steps;
      for (std::size_t i = from.step; i < steps.size(); ++i)
        if (!consider(steps[i].model, steps[i].wait, i, from, enough)) return;
    } else {
      const std::vector<ModelIndex>& models = in_.target->models;
      for (std::size_t i = from.step; i < models.size(); ++i)
        if (!consider(models[i], std::chrono::milliseconds{0}, i, from, enough)) return;
    }
  }

  /// The candidates of one step, `at.key` and those behind it. False: there are enough, and `rest` says where
  /// to go on; else `at` is the beginning of the next step.
  bool consider(ModelIndex index, std::chrono::milliseconds wait, std::size_t step, Decision::Rest& at,
                unsigned enough) {
    if (index >= policy_.models.size()) return true;
    const policy::Model& model = policy_.models[index];
    if (model.provider >= policy_.providers.size()) return true;
    const std::vector<KeyIndex>& keys = policy_.providers[model.provider].keys;
    const Gate capability = capability_gate(policy_, model, *in_.target, in_.features);
    const quota::Need need = need_of(in_.features, model, policy_.providers[model.provider], in_.calibration);
    out_.needed_by = index;
    out_.need = need;
    if (at.key == 0) at.first = at.placed = static_cast<std::uint32_t>(out_.considered.size());
    // Conversations (or, without one, requests) spread over a provider's keys, each staying with its own.
    const std::uint64_t spread = in_.features.session != 0 ? in_.features.session : in_.seed;
    const std::size_t candidates = std::max<std::size_t>(keys.size(), 1);
    // A division costs as much as a look at a window.
    std::size_t next = at.key + (candidates > 1 ? static_cast<std::size_t>(spread % candidates) : 0);
    if (next >= candidates) next -= candidates;
    for (std::size_t i = at.key; i < candidates; ++i) {
      const KeyIndex key = keys.empty() ? policy::none : keys[next];
      next = next + 1 < candidates ? next + 1 : 0;
      judge({index, key, wait}, capability, need);
      const Considered& c = out_.considered.back();
      passed_ += c.gate == Gate::passed ? 1 : 0;
      const bool is_pinned = c.candidate.model == in_.pinned.model && c.candidate.key == in_.pinned.key;
      pinned_seen_ = pinned_seen_ || is_pinned;
      if (enough == 0 || passed_ < enough || !pinned_seen_) continue;
      place_passed(at.placed);
      out_.rest = {static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(i + 1), at.first,
                   static_cast<std::uint32_t>(out_.considered.size())};
      return false;
    }
    place_passed(at.placed);
    place_waiting(at.first);
    at.key = 0;
    return true;
  }

  /// Among candidates of one tier, what would expire unused goes first; each tier keeps its places.
  void spend_what_expires() {
    constexpr std::array<std::string_view, 5> tiers{"frontier", "large", "medium", "small", ""};
    for (const std::string_view tier : tiers) {
      const auto is_one = [&](std::uint32_t i) {
        const Considered& c = out_.considered[i];
        return c.gate == Gate::passed && policy_.models[c.candidate.model].tier == tier;
      };
      out_.equals.clear();
      std::ranges::copy_if(out_.order, std::back_inserter(out_.equals), is_one);
      std::ranges::sort(out_.equals, [this](std::uint32_t a, std::uint32_t b) {
        const std::uint64_t pa = out_.considered[a].pressure, pb = out_.considered[b].pressure;
        return pa != pb ? pa > pb : a < b;
      });
      auto next = out_.equals.begin();
      for (std::uint32_t& i : out_.order) {
        if (is_one(i)) i = *next++;
      }
    }
  }

  /// A conversation stays where it was, if it can.
  void prefer_pinned() {
    if (in_.pinned.model == policy::none) return;
    const auto pinned = std::ranges::find_if(out_.order, [this](std::uint32_t i) {
      const Considered& c = out_.considered[i];
      return c.gate == Gate::passed && c.candidate.model == in_.pinned.model &&
             c.candidate.key == in_.pinned.key;
    });
    if (pinned != out_.order.end()) std::rotate(out_.order.begin(), pinned, pinned + 1);
  }

 private:
  void judge(Candidate candidate, Gate capability, quota::Need need) {
    Considered& c = out_.considered.emplace_back();
    c.candidate = candidate;
    c.gate = capability;
    if (capability != Gate::passed) return;
    if (in_.verdicts != nullptr) return take_verdict(in_.verdicts->of(candidate, need), c);
    take_verdict(asked(candidate, need), c);
    if (in_.features.output_tokens == 0) c.output_tokens = need.output_tokens;
    if (in_.target->strategy == policy::Strategy::expiring && c.gate == Gate::passed)
      c.pressure = in_.ledger->pressure(*in_.plan, candidate.key, candidate.model, in_.now);
  }

  /// Where the client sets no bound, an answer takes what is left of a window rather than wait for all of it.
  quota::Verdict asked(const Candidate& candidate, quota::Need& need) const {
    const auto ask = [&](const quota::Need& wanted) {
      return in_.ledger->check(*in_.plan, candidate.key, candidate.model, wanted, in_.now);
    };
    const quota::Verdict verdict = ask(need);
    if (in_.features.output_tokens > 0) return verdict;
    const auto output = output_that_fits(need, verdict);
    if (!output) return verdict;
    quota::Need less = need;
    less.output_tokens = *output;
    const quota::Verdict again = ask(less);
    if (again.state != quota::Verdict::State::free) return verdict;
    need = less;
    return again;
  }

  /// Puts a step's keys into the order: those that are free ...
  void place_passed(std::uint32_t from) {
    const auto end = static_cast<std::uint32_t>(out_.considered.size());
    for (std::uint32_t i = from; i < end; ++i) {
      if (out_.considered[i].gate == Gate::passed) out_.order.push_back(i);
    }
  }

  /// ... then those worth waiting for, the soonest first.
  void place_waiting(std::uint32_t first) {
    const auto end = static_cast<std::uint32_t>(out_.considered.size());
    const auto waiting = static_cast<std::ptrdiff_t>(out_.order.size());
    for (std::uint32_t i = first; i < end; ++i) {
      const Considered& c = out_.considered[i];
      if (c.gate == Gate::quota_full && c.free_at - in_.now.wall <= c.candidate.wait) out_.order.push_back(i);
    }
    std::sort(out_.order.begin() + waiting, out_.order.end(), [this](std::uint32_t a, std::uint32_t b) {
      const base::WallTime at_a = out_.considered[a].free_at, at_b = out_.considered[b].free_at;
      return at_a != at_b ? at_a < at_b : a < b;
    });
  }

  const Inputs& in_;
  const policy::Policy& policy_;
  Decision& out_;
  unsigned passed_ = 0;
  bool pinned_seen_ = false;
};

}  // namespace

void take_verdict(const quota::Verdict& verdict, Considered& candidate) noexcept {
  candidate.rule = verdict.rule;
  candidate.free_at = verdict.free_at;
  candidate.reason = verdict.reason;
  candidate.used = verdict.used;
  candidate.reserved = verdict.reserved;
  candidate.limit = verdict.limit;
  candidate.pressure = verdict.pressure;
  switch (verdict.state) {
    case quota::Verdict::State::free:
      candidate.gate = Gate::passed;
      break;
    case quota::Verdict::State::full:
      candidate.gate = Gate::quota_full;
      break;
    case quota::Verdict::State::never:
      candidate.gate = Gate::quota_never;
      break;
    case quota::Verdict::State::benched:
      candidate.gate = Gate::benched;
      break;
  }
}

quota::Need need_in(const Inputs& inputs, const Decision& decision, ModelIndex model) noexcept {
  if (decision.needed_by == model) return decision.need;
  const policy::Policy& policy = inputs.plan->policy();
  const policy::Model& at = policy.models[model];
  return need_of(inputs.features, at, policy.providers[at.provider], inputs.calibration);
}

void decide(const Inputs& inputs, Decision& out) {
  out.clear();
  Deciding deciding(inputs, out);
  const bool in_order = inputs.target->strategy == policy::Strategy::priority;
  deciding.consider_all({}, in_order ? inputs.enough : 0);
  if (inputs.target->strategy == policy::Strategy::expiring) {
    deciding.spend_what_expires();
  } else if (inputs.target->strategy != policy::Strategy::priority) {
    if (const auto weights = weights_of(inputs.target->strategy)) order_by_score(inputs, *weights, out);
  }
  deciding.prefer_pinned();
}

void decide_rest(const Inputs& inputs, Decision& out) {
  if (!out.rest) return;
  const Decision::Rest from = *std::exchange(out.rest, std::nullopt);
  Deciding(inputs, out).consider_all(from, 0);
}

}  // namespace freellmapi::routing
