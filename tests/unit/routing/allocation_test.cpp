// Deciding, reserving and settling allocate nothing once warm.
#include "counted_new.hpp"
#include "routing/sticky.hpp"
#include "world.hpp"

namespace freellmapi::routing::testing {
namespace {

using Allocation = Routing;

TEST_F(Allocation, NothingIsAllocatedOnceWarmNotEvenAtAReset) {
  std::vector<policy::Step> steps;
  for (int p = 0; p < 8; ++p) {
    provider("p" + std::to_string(p), 3);
    auto day = requests_per_day(4);
    day.zone = "America/Los_Angeles";
    model("m", {day, tokens_per_minute(100'000)});
    steps.push_back({static_cast<policy::ModelIndex>(p), 8s});
  }
  chain(steps);
  Sticky sticky;
  sticky.remember(5, {1, 2}, clock.steady());
  Features features;
  features.session = 5;
  decide_for("auto", features);

  const auto one_request = [&] {
    EXPECT_TRUE(sticky.find(5, clock.steady(), 24h * 365).has_value());
    decide({plan.get(), &ledger, &target, features, now(), 3, {}}, decision);
    for (const std::uint32_t i : decision.order) {
      const Candidate& c = decision.considered[i].candidate;
      quota::Reservation r;
      const quota::Need need = need_of(features, plan->policy().models[c.model],
                                       plan->policy().providers[plan->policy().models[c.model].provider]);
      if (ledger.reserve(plan, c.key, c.model, need, now(), r).state != quota::Verdict::State::free) continue;
      ledger.settle(std::move(r), {true, 5, 5, {}}, now());
      return;
    }
  };
  one_request();
  const unsigned long before = allocations();
  for (int i = 0; i < 500; ++i) {
    one_request();
    clock.advance(11min);
  }
  EXPECT_EQ(allocations() - before, 0u);
}

}  // namespace
}  // namespace freellmapi::routing::testing
