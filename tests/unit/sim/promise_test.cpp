// The promise of quotas on a virtual clock: the routing and the ledger that serve, against providers that
// write down every arrival, through four days with ten thousand requests at the door, two changes of summer
// time, kills, restarts of the machine and clocks that are set. tests/torture/promise.test.mjs is the same of
// the real program.
#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <random>

#include "../quota/disk.hpp"
#include "../quota/reference.hpp"
#include "fleet.hpp"
#include "routing/decide.hpp"

namespace freellmapi::sim::testing {
namespace {

using quota::Bill;
using quota::HeapBytes;
using quota::testing::ReferenceWindow;
using quota::testing::TrueTime;
using std::chrono::milliseconds;

/// Friday 2026-03-27 is 23 hours long in Jerusalem, Sunday 2026-03-29 in Berlin.
constexpr base::WallTime begins{std::chrono::milliseconds{1'774'526'400'000}};  // 2026-03-26 12:00 UTC
constexpr milliseconds lasts = 96h;
constexpr std::size_t at_the_door = 10'000;

class Days {
 public:
  explicit Days(const Fleet& fleet)
      : clock_(begins), policy_(fleet.share()), bytes_(std::make_unique<HeapBytes>()) {
    for (const policy::Model& model : policy_->models) {
      windows_.emplace_back();
      for (const policy::Rule& rule : model.quota) windows_.back().emplace_back(rule);
    }
    while (door_.size() < at_the_door) door_.push_back(somebody());
    open();
  }

  void run() {
    // One after another, at random moments.
    milliseconds kill{0}, set{0}, sleep{0};
    const auto next = [this](milliseconds& due, milliseconds every) {
      due = passed_ + every / 2 +
            milliseconds{static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(every.count())))};
    };
    next(kill, 3h);
    next(set, 5h);
    next(sleep, 4h);
    while (passed_ < lasts) {
      pass(1s);
      if (passed_ >= kill) {
        this->kill();
        next(kill, 3h);
      }
      if (passed_ >= set) {
        set_clock();
        next(set, 5h);
      }
      if (passed_ >= sleep) {
        clock_.sleep(17s);
        passed_ += 17s;
        next(sleep, 4h);
      }
      if (passed_.count() % 5'000 == 0) ledger_->read_clocks(now());
      const bool ended = end_what_is_due();
      if (ended || again_ <= now().wall || jumped_) let_in();
    }
    while (!flying_.empty()) {
      pass(1s);
      end_what_is_due();
    }
  }

  std::vector<std::vector<ReferenceWindow>>& windows() { return windows_; }
  static TrueTime at(milliseconds passed) { return TrueTime{begins + passed}; }
  std::uint64_t sent = 0, most_at_once = 0, kills = 0, jumps = 0;

 private:
  struct Asker {
    routing::Features features;
    std::uint64_t seed = 0;
  };
  struct Flight {
    quota::Reservation reservation;
    quota::Need need;
    policy::ModelIndex model = 0;
    TrueTime arrives;
    milliseconds ends{0};
    std::uint64_t fate = 0;
  };

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  quota::Now now() const { return {clock_.since_boot() - booted_, clock_.wall()}; }
  void pass(milliseconds time) {
    clock_.advance(time);
    passed_ += time;
  }
  void open() {
    ledger_ = quota::Ledger::open(*bytes_, {boot_, 1}, now()).value();
    plan_ = ledger_->bind(policy_).value();
    jumped_ = true;
  }

  Asker somebody() {
    Asker asker;
    asker.features.input_tokens = 20 + draw(draw(20) == 0 ? 8'000 : 800);
    asker.features.output_tokens = 10 + draw(draw(20) == 0 ? 2'000 : 300);
    asker.seed = random_();
    return asker;
  }

  /// In order of arrival; who is refused stays, and a few behind may be smaller.
  void let_in() {
    jumped_ = false;
    again_ = now().wall + 1h;
    const routing::Target target = routing::resolve(*policy_, "auto").value();
    unsigned refused = 0;
    for (std::size_t i = 0; i < door_.size() && refused < 12;) {
      routing::Inputs inputs;
      inputs.plan = plan_.get();
      inputs.ledger = ledger_.get();
      inputs.target = &target;
      inputs.features = door_[i].features;
      inputs.now = now();
      inputs.seed = door_[i].seed;
      routing::decide(inputs, decision_);
      if (send(door_[i])) {
        door_[i] = somebody();
        continue;
      }
      for (const routing::Considered& c : decision_.considered)
        if (c.free_at > now().wall) again_ = std::min(again_, c.free_at);
      ++refused;
      ++i;
    }
  }

  bool send(const Asker& asker) {
    for (const std::uint32_t i : decision_.order) {
      const routing::Candidate& c = decision_.considered[i].candidate;
      const policy::Model& model = policy_->models[c.model];
      Flight flight;
      flight.need = routing::need_of(asker.features, model, policy_->providers[model.provider]);
      if (ledger_->reserve(plan_, c.key, c.model, flight.need, now(), flight.reservation).state !=
          quota::Verdict::State::free)
        continue;
      flight.model = c.model;
      flight.arrives = at(passed_) + milliseconds{static_cast<std::int64_t>(draw(700))};
      flight.ends =
          passed_ + 1s + milliseconds{static_cast<std::int64_t>(draw(draw(300) == 0 ? 3'600'000 : 40'000))};
      flight.fate = draw(100);
      flying_.push_back(std::move(flight));
      ++sent;
      most_at_once = std::max<std::uint64_t>(most_at_once, flying_.size());
      return true;
    }
    return false;
  }

  bool end_what_is_due() {
    bool any = false;
    for (auto one = flying_.begin(); one != flying_.end();) {
      if (one->ends > passed_) {
        ++one;
        continue;
      }
      end(*one);
      one = flying_.erase(one);
      any = true;
    }
    return any;
  }

  void end(Flight& flight) {
    if (flight.fate < 6) {  // a 500: nothing counts
      ledger_->settle(std::move(flight.reservation), {false, 0, 0, {}}, now());
    } else if (flight.fate < 9) {  // the connection broke before a word: the request alone counts
      count(flight, {true, 0, 0, {}});
      flight.reservation = {};
    } else {  // answered, cut off or left by the client: what was written until then
      const Bill bill{true,
                      flight.need.input_tokens - draw(flight.need.input_tokens / 8 + 1),
                      draw(flight.need.output_tokens + 1),
                      {}};
      count(flight, bill);
      ledger_->settle(std::move(flight.reservation), bill, now());
    }
  }

  void count(const Flight& flight, const Bill& bill) {
    for (ReferenceWindow& window : windows_[flight.model]) {
      if (window.rule().of == policy::Unit::requests) window.arrived(flight.arrives, 1);
      if (window.rule().of == policy::Unit::concurrency)
        window.ran(flight.arrives, std::max(flight.arrives, at(passed_)));
      if (window.rule().of != policy::Unit::tokens) continue;
      window.arrived(flight.arrives, *bill.input_tokens);
      window.ended(std::max(flight.arrives, at(passed_)), *bill.output_tokens);
    }
  }

  /// What was in flight had left: the provider writes on to the last word, for nobody.
  void kill() {
    ++kills;
    for (Flight& flight : flying_) {
      if (flight.arrives > at(passed_)) flight.arrives = at(passed_);
      count(flight, {true, flight.need.input_tokens, flight.need.output_tokens, {}});
    }
    auto kept = quota::testing::copy_of(*bytes_);
    flying_.clear();
    plan_.reset();
    ledger_.reset();
    bytes_ = std::move(kept);
    pass(1s * (1 + draw(20)));
    if (draw(4) == 0) {
      ++boot_;
      booted_ = clock_.since_boot().time_since_epoch();
    }
    open();
  }

  /// Somebody sets it wrong by up to a day, or puts it right.
  void set_clock() {
    ++jumps;
    const milliseconds by =
        skew_.count() != 0 ? -skew_ : milliseconds{static_cast<std::int64_t>(draw(2 * 86'400'000))} - 24h;
    clock_.jump_wall(by);
    skew_ += by;
    jumped_ = true;
  }

  std::mt19937_64 random_{20'261'123};
  base::ManualClock clock_;
  std::shared_ptr<const policy::Policy> policy_;
  std::vector<std::vector<ReferenceWindow>> windows_;  // by model
  std::deque<Asker> door_;
  std::unique_ptr<HeapBytes> bytes_;
  std::unique_ptr<quota::Ledger> ledger_;
  std::shared_ptr<const quota::Plan> plan_;
  std::list<Flight> flying_;
  routing::Decision decision_;
  milliseconds passed_{0}, skew_{0};
  base::WallTime again_{};
  bool jumped_ = true;
  std::uint64_t boot_ = 1;
  base::Instant::duration booted_{0};
};

policy::Rule rule(std::uint64_t limit, policy::Unit of, policy::Per per, std::chrono::seconds length,
                  policy::Reset reset, const char* zone = "UTC") {
  policy::Rule made = quota::testing::rule(limit, of, per, length, reset);
  made.zone = zone;
  made.label = std::to_string(limit);
  return made;
}

TEST(Promise, OverrunsNothingAndSpendsWhatThereIsWhateverHappens) {
  using policy::Per;
  using policy::Reset;
  using policy::Unit;
  Fleet fleet;
  fleet.add("rolls", {rule(300, Unit::requests, Per::hour, 1h, Reset::rolling)});
  fleet.add("jerusalem", {rule(1'500, Unit::requests, Per::day, 24h, Reset::wall_clock, "Asia/Jerusalem")});
  fleet.add("berlin", {rule(1'200'000, Unit::tokens, Per::day, 24h, Reset::wall_clock, "Europe/Berlin")});
  fleet.add("drips", {rule(200, Unit::requests, Per::hour, 1h, Reset::token_bucket)});
  fleet.add("session", {rule(400, Unit::requests, Per::rolling, 5h, Reset::first_use)});
  fleet.add("slots",
            {rule(120, Unit::requests, Per::hour, 1h, Reset::wall_clock), quota::testing::at_once(6)});
  Days days(fleet);
  days.run();
  EXPECT_GT(days.sent, 10'000u);
  EXPECT_GE(days.kills, 25u);
  EXPECT_GE(days.jumps, 15u);
  std::printf("%lu sent, up to %lu in flight, %lu kills, %lu jumps\n", days.sent, days.most_at_once,
              days.kills, days.jumps);
  for (std::size_t model = 0; model < days.windows().size(); ++model) {
    for (ReferenceWindow& window : days.windows()[model]) {
      const std::string name = fleet.policy.providers[model].id;
      EXPECT_LE(window.worst(), window.rule().limit) << name;
      if (window.rule().of == Unit::concurrency) continue;
      const double share =
          window.share(Days::at(window.rule().length.count() > 7200 ? 0s : 1h), Days::at(lasts));
      std::printf("%s: %.2f %% of its windows spent\n", name.c_str(), share * 100);
      EXPECT_GE(share, 0.97) << name;
    }
  }
}

}  // namespace
}  // namespace freellmapi::sim::testing
