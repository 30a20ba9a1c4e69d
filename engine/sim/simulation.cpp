#include "sim/simulation.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "base/ids.hpp"
#include "chat/calibration.hpp"
#include "routing/pin.hpp"

namespace freellmapi::sim {
namespace {

using std::chrono::milliseconds;

// How long an answer takes whose length is all that is known.
constexpr milliseconds to_first_token{600};
constexpr std::uint64_t tokens_per_second = 80;
// What the relay sleeps at least before it asks the ledger again.
constexpr milliseconds shortest_wait{50};
// More model names than that in one trace are looked up each time.
constexpr std::size_t targets_most = 256;
constexpr std::uint64_t progress_every = 2'048;

std::size_t tier_of(const policy::Model& model) {
  const auto found = std::ranges::find(tier_names, model.tier);
  return found == tier_names.end() ? tier_names.size() - 1
                                   : static_cast<std::size_t>(found - tier_names.begin());
}

class Simulation {
 public:
  Simulation(const std::shared_ptr<const quota::Plan>& plan, quota::Ledger& ledger, quota::Now start,
             const SimulationOptions& options)
      : plan_(plan),
        policy_(plan->policy()),
        names_(policy_),
        ledger_(ledger),
        start_(start),
        options_(options) {
    out_.total.by_provider.resize(policy_.providers.size());
    out_.digest = base::fnv1a("routes");
  }

  base::Result<Outcome> run(Arrivals& arrivals) {
    auto next = arrivals.next();
    std::uint64_t taken = 0;
    while (next && (*next || !events_.empty())) {
      if (*next && (events_.empty() || (*next)->at < events_.top().at)) {
        arrive(std::move(**next));
        if (++taken % progress_every == 0 && options_.progress) options_.progress(arrivals.done());
        next = arrivals.next();
      } else {
        const Event event = events_.top();
        events_.pop();
        if (event.ends) {
          settle(event.request, event.at);
        } else {
          go_on(event.request, event.at);
        }
      }
      if (options_.stop_at_first_refusal && out_.first_refusal) break;
    }
    if (!next) return next.error();
    std::ranges::sort(out_.exhaustions, {}, [](const Exhaustion& e) {
      return std::tuple{e.first, e.model, e.key, e.rule->label};
    });
    return std::move(out_);
  }

 private:
  /// A request between its arrival and its end.
  struct Request {
    Arrival arrival;
    std::vector<routing::Candidate> lanes;
    std::size_t lane = 0;
    base::WallTime lane_since{};
    bool waited = false;
    bool quota_stood_in_the_way = false;
    quota::Need need;
    quota::Reservation reservation;
    std::size_t number = 0;  ///< of its arrival
  };
  struct Event {
    base::WallTime at{};
    std::uint64_t number = 0;  ///< of two at one time the older goes first
    std::size_t request = 0;
    bool ends = false;  ///< else it asks again
    bool operator<(const Event& other) const noexcept {
      return at != other.at ? at > other.at : number > other.number;
    }
  };

  quota::Now now(base::WallTime at) const noexcept { return {start_.steady + (at - start_.wall), at}; }

  Hour& hour_of(base::WallTime at) {
    const auto from_start =
        std::chrono::floor<std::chrono::hours>(at) - std::chrono::floor<std::chrono::hours>(start_.wall);
    const auto index =
        std::clamp<std::int64_t>(from_start.count(), 0, static_cast<std::int64_t>(hours_most) - 1);
    while (out_.hours.size() <= static_cast<std::size_t>(index)) {
      Hour hour;
      hour.start =
          std::chrono::floor<std::chrono::hours>(start_.wall) + std::chrono::hours{out_.hours.size()};
      hour.by_provider.resize(policy_.providers.size());
      out_.hours.push_back(std::move(hour));
    }
    return out_.hours[static_cast<std::size_t>(index)];
  }
  template <class Do>
  void count(base::WallTime at, const Do& change) {
    change(hour_of(at));
    change(out_.total);
  }

  const routing::Target* target_of(const std::string& model) {
    if (const auto known = targets_.find(model); known != targets_.end())
      return known->second ? &*known->second : nullptr;
    if (targets_.size() >= targets_most) targets_.clear();
    auto target = routing::resolve(policy_, model);
    auto& kept = targets_[model];
    if (target) kept = std::move(*target);
    return kept ? &*kept : nullptr;
  }

  void arrive(Arrival arrival) {
    const base::WallTime at = arrival.at;
    count(at, [](Hour& h) { ++h.arrived; });
    const std::size_t index = begin(std::move(arrival));
    Request& request = requests_[index];
    const routing::Target* target = target_of(request.arrival.model);
    if (target == nullptr) return refuse(index);
    routing::Inputs inputs;
    inputs.plan = plan_.get();
    inputs.ledger = &ledger_;
    inputs.target = target;
    inputs.features = request.arrival.features;
    inputs.now = now(at);
    inputs.seed = request.arrival.seed;
    inputs.calibration = &calibration_;
    if (target->automatic() && policy_.routing.sticky.count() > 0 && request.arrival.follows) {
      const auto pin =
          sticky_.find(request.arrival.features.session, inputs.now.steady, policy_.routing.sticky);
      if (pin) inputs.pinned = routing::pinned_candidate(policy_, names_, *pin);
    }
    routing::decide(inputs, decision_);
    for (const routing::Considered& c : decision_.considered) {
      note_full(c, at);
      if (c.gate == routing::Gate::quota_full || c.gate == routing::Gate::benched)
        request.quota_stood_in_the_way = true;
    }
    for (const std::uint32_t i : decision_.order) request.lanes.push_back(decision_.considered[i].candidate);
    request.lane_since = at;
    go_on(index, at);
  }

  std::size_t begin(Arrival arrival) {
    std::size_t index = requests_.size();
    if (free_.empty()) {
      requests_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Request& request = requests_[index];
    request.arrival = std::move(arrival);
    request.lanes.clear();
    request.lane = 0;
    request.waited = request.quota_stood_in_the_way = false;
    request.number = arrived_++;
    if (options_.keep_routes) out_.routes.push_back(0);
    return index;
  }

  /// Tries the lanes from the present one on, until one takes the request or is worth waiting for.
  void go_on(std::size_t index, base::WallTime at) {
    Request& request = requests_[index];
    const base::WallTime budget_ends = request.arrival.at + policy_.routing.budget;
    for (; request.lane < request.lanes.size(); ++request.lane, request.lane_since = at) {
      const routing::Candidate& c = request.lanes[request.lane];
      const policy::Model& model = policy_.models[c.model];
      request.need =
          routing::need_of(request.arrival.features, model, policy_.providers[model.provider], &calibration_);
      const quota::Verdict verdict =
          ledger_.reserve(plan_, c.key, c.model, request.need, now(at), request.reservation);
      if (verdict.state == quota::Verdict::State::free) return serve(index, at);
      request.quota_stood_in_the_way = true;
      if (verdict.state != quota::Verdict::State::full) continue;
      const base::WallTime again = std::max(verdict.free_at, at + shortest_wait);
      if (again > std::min(request.lane_since + c.wait, budget_ends)) continue;
      request.waited = true;
      events_.push({again, events_made_++, index, false});
      return;
    }
    refuse(index);
  }

  void serve(std::size_t index, base::WallTime at) {
    Request& request = requests_[index];
    const policy::ModelIndex m = request.lanes[request.lane].model;
    const policy::Model& model = policy_.models[m];
    count(request.arrival.at, [&](Hour& h) {
      ++h.served;
      if (request.waited) ++h.waited;
      ++h.by_provider[model.provider];
      ++h.by_tier[tier_of(model)];
    });
    const std::string route = policy_.providers[model.provider].id + "/" + model.id;
    note_route(request, route);
    milliseconds took = request.arrival.took;
    if (took.count() == 0)
      took = to_first_token + milliseconds{request.arrival.output * 1'000 / tokens_per_second};
    events_.push({at + took, events_made_++, index, true});
  }

  void settle(std::size_t index, base::WallTime at) {
    Request& request = requests_[index];
    const routing::Candidate& c = request.lanes[request.lane];
    const policy::Model& model = policy_.models[c.model];
    const Arrival& arrival = request.arrival;
    quota::Bill bill;
    bill.input_tokens = arrival.input > 0 ? arrival.input : arrival.features.input_tokens;
    bill.output_tokens = std::min(arrival.output, request.need.output_tokens);
    if (model.price) bill.own_units = model.price->of(*bill.input_tokens, *bill.output_tokens);
    calibration_.learn(model.tokenizer, {arrival.features.input_tokens, arrival.features.input_cell},
                       *bill.input_tokens);
    ledger_.settle(std::move(request.reservation), bill, now(at));
    if (arrival.features.session != 0)
      sticky_.remember(arrival.features.session, routing::pin_of(policy_, names_, c.model, c.key), now(at).steady);
    free_.push_back(index);
  }

  void refuse(std::size_t index) {
    Request& request = requests_[index];
    count(request.arrival.at, [](Hour& h) { ++h.refused; });
    if (!out_.first_refusal && request.quota_stood_in_the_way) out_.first_refusal = request.arrival.at;
    note_route(request, {});
    free_.push_back(index);
  }

  void note_route(const Request& request, const std::string& route) {
    const std::uint64_t hash = base::fnv1a(route);
    // Requests that wait end in another order than they came in: each adds what does not depend on it.
    out_.digest += (hash ^ (request.number * 0x9E3779B97F4A7C15ULL)) * 0xBF58476D1CE4E5B9ULL;
    if (options_.keep_routes)
      out_.routes[request.number] = route.empty() ? 0 : static_cast<std::uint32_t>(hash >> 16) | 1U;
    if (request.arrival.route.empty()) return;
    ++out_.recorded;
    if (request.arrival.route == route) ++out_.as_recorded;
  }

  void note_full(const routing::Considered& c, base::WallTime at) {
    if (c.gate != routing::Gate::quota_full || c.rule == nullptr) return;
    const auto [place, fresh] =
        exhaustions_.try_emplace({c.rule, c.candidate.key, c.candidate.model}, out_.exhaustions.size());
    if (fresh) out_.exhaustions.push_back({c.candidate.model, c.candidate.key, c.rule, at, c.free_at, 0});
    ++out_.exhaustions[place->second].requests;
  }

  using FullName = std::tuple<const policy::Rule*, policy::KeyIndex, policy::ModelIndex>;

  const std::shared_ptr<const quota::Plan> plan_;
  const policy::Policy& policy_;
  const routing::Names names_;
  quota::Ledger& ledger_;
  const quota::Now start_;
  const SimulationOptions& options_;
  chat::Calibration calibration_;
  routing::Sticky sticky_;
  routing::Decision decision_;
  std::unordered_map<std::string, std::optional<routing::Target>> targets_;
  std::vector<Request> requests_;  // those under way; bounded by the longest answer times the rate
  std::vector<std::size_t> free_;
  std::priority_queue<Event> events_;
  std::uint64_t events_made_ = 0;
  std::size_t arrived_ = 0;
  std::map<FullName, std::size_t> exhaustions_;  // bounded by rules times keys times models
  Outcome out_;
};

}  // namespace

base::Result<Outcome> simulate(const std::shared_ptr<const quota::Plan>& plan, quota::Ledger& ledger,
                               quota::Now start, Arrivals& arrivals, const SimulationOptions& options) {
  // The calibration is 100 KiB: not for the stack.
  const auto simulation = std::make_unique<Simulation>(plan, ledger, start, options);
  return simulation->run(arrivals);
}

std::shared_ptr<const policy::Policy> with_assumed_keys(const policy::Policy& policy) {
  auto out = std::make_shared<policy::Policy>(policy);
  for (policy::ProviderIndex i = 0; i < out->providers.size(); ++i) {
    policy::Provider& provider = out->providers[i];
    if (!provider.keys.empty() || provider.keyless) continue;
    policy::Key key;
    key.provider = i;
    key.label = "key1";
    key.source = "assumed";
    key.fingerprint = i + 1;
    provider.keys.push_back(static_cast<policy::KeyIndex>(out->keys.size()));
    out->keys.push_back(std::move(key));
  }
  return out;
}

}  // namespace freellmapi::sim
