// Random rule sets, sizes, cancels, failures, kills, restarts, sleeps and clocks that are set: never over the
// limit as the provider counts it, and nearly all of it used.
#include "reference.hpp"

#include <cstdlib>
#include <list>
#include <random>

#include "disk.hpp"

namespace freellmapi::quota::testing {
namespace {

using policy::Per;
using policy::Reset;
using policy::Unit;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

class Life {
 public:
  Life(std::uint32_t seed, std::vector<policy::Rule> rules, base::WallTime begin)
      : random_(seed), clock_(begin), begin_(begin), kept_(std::make_unique<HeapBytes>()) {
    for (const policy::Rule& rule : rules) {
      provider_.emplace_back(rule);
      if (rule.length.count() > 0) shortest_ = std::min<nanoseconds>(shortest_, rule.length);
    }
    output_counts_at_the_end_ = draw(2) == 0;
    policy_ = PolicyText{}.provider("p").key(1).model("m", std::move(rules)).made();
    open({1, 1});
  }

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  TrueTime time() const { return TrueTime{begin_ + passed_}; }
  std::vector<ReferenceWindow>& provider() { return provider_; }

  void pass(milliseconds time) {
    if (draw(20) == 0) {
      clock_.sleep(time);
    } else {
      clock_.advance(time);
    }
    passed_ += time;
    // A clock that is put right between two boots cannot be told from time that has passed.
    if (ledger_ && skew_.count() != 0 && (skewed_for_ += time) > std::chrono::hours{20}) put_right();
  }

  bool ask(Need need) {
    Reservation made;
    if (ledger_->reserve(plan_, 0, 0, need, now(), made).state != State::free) return false;
    const nanoseconds latest = std::min<nanoseconds>(std::chrono::seconds{2}, shortest_ / 72);
    const nanoseconds delay{static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(latest.count())))};
    flying_.push_back({std::move(made), need, time(), delay});
    return true;
  }
  void end_one() {
    if (flying_.empty()) return;
    auto one = flying_.begin();
    std::advance(one, static_cast<std::ptrdiff_t>(draw(flying_.size())));
    const std::uint64_t how = draw(10);
    if (how == 0) {  // refused: the provider counts nothing
      arrive(*one, {false, 0, 0, {}});
      ledger_->settle(std::move(one->reservation), {false, 0, 0, {}}, now());
    } else if (how == 1) {  // given up: the request alone counts
      arrive(*one, {true, 0, 0, {}});
    } else {
      const Bill bill{true, draw(one->need.input_tokens + 1), draw(one->need.output_tokens + 1), {}};
      arrive(*one, bill);
      ledger_->settle(std::move(one->reservation), bill, now());
    }
    flying_.erase(one);
  }
  void end_all() {
    while (!flying_.empty()) end_one();
  }
  void kill() {
    for (Flight& one : flying_) arrive(one, {true, one.need.input_tokens, one.need.output_tokens, {}});
    ledger_->read_clocks(now());
    kept_ = copy_of(*bytes_);
    flying_.clear();
    plan_.reset();
    ledger_.reset();
    pass(milliseconds{static_cast<std::int64_t>(draw(draw(3) == 0 ? 7'200'000 : 3'000))});
    if (draw(4) == 0) boot_at_ = clock_.since_boot().time_since_epoch();
    open({boot_at_ == base::Instant::duration{0} ? 1u : static_cast<std::uint64_t>(boot_at_.count()), 1});
  }
  void set_clock() {
    if (skew_.count() != 0) return put_right();
    skew_ = milliseconds{static_cast<std::int64_t>(draw(2 * 86'400'000)) - 86'400'000};
    clock_.jump_wall(skew_);
  }

 private:
  struct Flight {
    Reservation reservation;
    Need need;
    TrueTime sent;
    nanoseconds delay;
  };

  void put_right() {
    clock_.jump_wall(-skew_);
    skew_ = skewed_for_ = milliseconds{0};
  }
  Now now() const { return {clock_.since_boot() - boot_at_, clock_.wall()}; }
  void open(BootId boot) {
    bytes_ = std::move(kept_);
    ledger_ = Ledger::open(*bytes_, boot, now()).value();
    plan_ = ledger_->bind(policy_).value();
  }
  void arrive(const Flight& one, const Bill& bill) {
    const TrueTime at = std::min(one.sent + one.delay, time());
    for (ReferenceWindow& window : provider_) {
      const Unit of = window.rule().of;
      if (of == Unit::requests && bill.request) window.arrived(at, 1);
      if (of == Unit::tokens || of == Unit::input_tokens) window.arrived(at, *bill.input_tokens);
      if (of == Unit::tokens || of == Unit::output_tokens) {
        if (output_counts_at_the_end_) {
          window.arrived(at, 0);
          window.ended(time(), *bill.output_tokens);
        } else {
          window.arrived(at, *bill.output_tokens);
        }
      }
      if (of == Unit::concurrency) window.ran(at, time());
    }
  }

  std::mt19937_64 random_;
  base::ManualClock clock_;
  base::WallTime begin_;
  milliseconds passed_{0}, skew_{0}, skewed_for_{0};
  base::Instant::duration boot_at_{0};
  nanoseconds shortest_{std::chrono::hours{24}};
  bool output_counts_at_the_end_ = false;
  std::vector<ReferenceWindow> provider_;
  std::shared_ptr<const policy::Policy> policy_;
  std::unique_ptr<HeapBytes> kept_, bytes_;
  std::unique_ptr<Ledger> ledger_;
  std::shared_ptr<const Plan> plan_;
  std::list<Flight> flying_;
};

policy::Rule random_rule(std::mt19937_64& random) {
  static constexpr Unit units[] = {Unit::requests, Unit::requests, Unit::tokens, Unit::input_tokens,
                                   Unit::output_tokens};
  static constexpr std::chrono::seconds lengths[] = {1s, 60s, 3600s, 5h, 24h, 24h * 7, 24h * 30};
  static constexpr Per pers[] = {Per::second, Per::minute, Per::hour, Per::rolling,
                                 Per::day,    Per::week,   Per::month};
  static constexpr Reset resets[] = {Reset::rolling, Reset::wall_clock, Reset::wall_clock,
                                     Reset::token_bucket, Reset::first_use};
  static constexpr const char* zones[] = {"UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Shanghai",
                                          "Australia/Lord_Howe"};
  if (random() % 6 == 0) return at_once(1 + random() % 5);
  const std::size_t length = random() % 7;
  policy::Rule made = rule(0, units[random() % 5], pers[length], lengths[length], resets[random() % 5]);
  if (made.reset == Reset::wall_clock && made.per == Per::rolling) made.reset = Reset::first_use;
  made.limit = made.of == Unit::requests ? 3 + random() % 60 : 2000 + random() % 20'000;
  if (made.reset == Reset::wall_clock) {
    made.zone = zones[random() % 5];
    if (length >= 4) made.at = std::chrono::minutes{60 * (8 * (random() % 3))};
  }
  return made;
}

/// One life of a router; `sent` grows by what it sends.
void live(std::uint32_t seed, std::uint64_t& sent) {
  // Summer time begins and ends, a leap day, the ends of a month and of a year.
  const date::sys_days begins[] = {
      date::sys_days{date::year{2026} / 3 / 7},   date::sys_days{date::year{2026} / 3 / 28},
      date::sys_days{date::year{2026} / 10 / 24}, date::sys_days{date::year{2026} / 10 / 31},
      date::sys_days{date::year{2028} / 2 / 28},  date::sys_days{date::year{2026} / 12 / 30}};
  std::mt19937_64 random(seed);
  std::vector<policy::Rule> rules;
  for (std::uint64_t n = 1 + random() % 4; n > 0; --n) rules.push_back(random_rule(random));
  const std::chrono::seconds slowest = std::max_element(rules.begin(), rules.end(), [](auto& a, auto& b) {
                                         return a.length < b.length;
                                       })->length;
  Life life(seed, std::move(rules),
            base::WallTime{begins[random() % 6]} + milliseconds{random() % 86'400'000});
  const auto step = static_cast<std::uint64_t>(std::max<std::int64_t>(slowest.count() * 1000 / 60, 40));
  for (int i = 0; i < 500; ++i) {
    if (life.draw(3) != 0)
      life.pass(milliseconds{static_cast<std::int64_t>(life.draw(life.draw(4) == 0 ? step : step / 20 + 1))});
    const std::uint64_t what = life.draw(100);
    if (what < 60) {
      if (life.ask({life.draw(600), life.draw(1200), 0})) ++sent;
    } else if (what < 94) {
      life.end_one();
    } else if (what < 97) {
      life.kill();
    } else {
      life.set_clock();
    }
  }
  life.end_all();
  for (ReferenceWindow& window : life.provider()) {
    const policy::Rule& r = window.rule();
    ASSERT_LE(window.worst(), r.limit)
        << "seed " << seed << ", unit " << static_cast<int>(r.of) << ", reset " << static_cast<int>(r.reset)
        << ", " << r.length.count() << " s, " << r.zone << ' ' << r.at.count();
  }
}

/// `LIVES=20000` for a sweep by hand.
TEST(Reference, NoProviderIsEverOverrunWhateverHappensToTheRouter) {
  const char* const wanted = std::getenv("LIVES");
  const std::uint64_t lives = wanted == nullptr ? 1500 : std::strtoull(wanted, nullptr, 10);
  std::uint64_t sent = 0;
  for (std::uint32_t seed = 1; seed <= lives; ++seed) {
    ASSERT_NO_FATAL_FAILURE(live(seed, sent));
  }
  EXPECT_GT(sent, 10'000u) << "the test must not be content with refusals";
}

TEST(Reference, NorIsItByAClockThatIsSetFromOneWrongTimeToAnother) {
  std::uint64_t sent = 0;
  live(4807, sent);
}

TEST(Reference, NorByAnswersThatRunOverTheEndOfAWindowAndOpenTheNext) {
  std::uint64_t sent = 0;
  live(12712, sent);
}

TEST(Reference, NearlyAllOfEveryWindowCanBeSpent) {
  for (const Reset reset : {Reset::rolling, Reset::wall_clock, Reset::token_bucket, Reset::first_use}) {
    for (const auto& [per, length] : {std::pair{Per::minute, 60s}, {Per::hour, 3600s}, {Per::day, 86'400s}}) {
      policy::Rule r = rule(500, Unit::requests, per, length, reset);
      if (reset == Reset::wall_clock) r.zone = "America/Los_Angeles";
      // Two days before summer time begins, at midnight there.
      const base::WallTime begin = date::sys_days{date::year{2026} / 3 / 6} + 8h;
      Life life(7, {r}, begin);
      const milliseconds step = milliseconds{length} / 2000;
      constexpr int windows = 30;
      // Demand at four times the limit, for thirty windows.
      for (int i = 0; i < windows * 2000; ++i) {
        if (life.ask({})) life.end_all();
        life.pass(step);
      }
      const double share = static_cast<double>(life.provider()[0].all()) / (500.0 * windows);
      EXPECT_GE(share, 0.97) << static_cast<int>(reset) << ' ' << length.count();
    }
  }
}

}  // namespace
}  // namespace freellmapi::quota::testing
