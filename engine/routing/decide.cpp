#include "routing/decide.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "routing/gates.hpp"
#include "routing/ordering.hpp"

namespace freellmapi::routing {
namespace {

using policy::KeyIndex;
using policy::ModelIndex;

class Deciding {
 public:
  Deciding(const Inputs& in, Decision& out) : in_(in), policy_(in.plan->policy()), out_(out) {}

  void consider(ModelIndex index, std::chrono::milliseconds wait) {
    if (index >= policy_.models.size()) return;
    const policy::Model& model = policy_.models[index];
    if (model.provider >= policy_.providers.size()) return;
    const std::vector<KeyIndex>& keys = policy_.providers[model.provider].keys;
    const Gate capability = capability_gate(policy_, model, *in_.target, in_.features);
    const quota::Need need = need_of(in_.features, model, policy_.providers[model.provider], in_.calibration);
    const auto first = static_cast<std::uint32_t>(out_.considered.size());
    if (keys.empty()) {
      judge({index, policy::none, wait}, capability, need);
    } else {
      // Conversations (or, without one, requests) spread over a provider's keys, each staying with its own.
      const std::uint64_t spread = in_.features.session != 0 ? in_.features.session : in_.seed;
      const auto start = static_cast<std::size_t>(spread % keys.size());
      for (std::size_t i = 0; i < keys.size(); ++i) {
        judge({index, keys[(start + i) % keys.size()], wait}, capability, need);
      }
    }
    place(first);
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

  /// Puts a step's keys into the order: those that are free, then those worth waiting for, the soonest first.
  void place(std::uint32_t first) {
    const auto end = static_cast<std::uint32_t>(out_.considered.size());
    for (std::uint32_t i = first; i < end; ++i) {
      if (out_.considered[i].gate == Gate::passed) out_.order.push_back(i);
    }
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

void decide(const Inputs& inputs, Decision& out) {
  out.clear();
  Deciding deciding(inputs, out);
  const policy::Policy& policy = inputs.plan->policy();
  if (inputs.target->automatic()) {
    if (inputs.target->chain >= policy.chains.size()) return;
    for (const policy::Step& step : policy.chains[inputs.target->chain].steps) {
      deciding.consider(step.model, step.wait);
    }
  } else {
    for (const ModelIndex model : inputs.target->models)
      deciding.consider(model, std::chrono::milliseconds{0});
  }
  if (inputs.target->strategy == policy::Strategy::expiring) {
    deciding.spend_what_expires();
  } else if (inputs.target->strategy != policy::Strategy::priority) {
    if (const auto weights = weights_of(inputs.target->strategy)) order_by_score(inputs, *weights, out);
  }
  deciding.prefer_pinned();
}

}  // namespace freellmapi::routing
