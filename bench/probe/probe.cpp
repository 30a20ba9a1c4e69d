// Does one thing so many times and nothing else, for callgrind to count its instructions.
//   probe decide|scan|body N
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "chat/decode.hpp"
#include "crowd.hpp"
#include "inputs.hpp"
#include "quota/ledger.hpp"
#include "routing/decide.hpp"

namespace freellmapi::bench {
namespace {

[[noreturn]] void stop(const char* why) {
  std::fprintf(stderr, "probe: %s\n", why);
  std::exit(1);
}

// The clock stands still: what is counted must not depend on when.
constexpr quota::Now now{base::Instant{std::chrono::hours{1}},
                         base::WallTime{std::chrono::hours{24 * 365 * 56}}};

/// A family of 35 candidates is decided upon as for a request that is not streamed, the first is reserved and
/// settled.
std::function<void()> decide() {
  struct Stage {
    quota::Ledger ledger;
    std::shared_ptr<const quota::Plan> plan = ledger.bind(crowd(1'000'000'000)).value();
    routing::Target target = *routing::resolve(plan->policy(), "model-7");
    routing::Decision decision;
    std::uint64_t seed = 0;
  };
  auto stage = std::make_shared<Stage>();
  return [stage] {
    Stage& s = *stage;
    routing::Features features;
    features.input_tokens = features.output_tokens = 1'000;
    features.session = ++s.seed;
    routing::Inputs inputs{s.plan.get(), &s.ledger, &s.target, features, now, s.seed, {}};
    inputs.enough = 1;
    routing::decide(inputs, s.decision);
    const routing::Candidate& best = s.decision.considered[s.decision.order.front()].candidate;
    const policy::Model& model = s.plan->policy().models[best.model];
    quota::Reservation reservation;
    const quota::Need need = routing::need_of(features, model, s.plan->policy().providers[model.provider]);
    s.ledger.reserve(s.plan, best.key, best.model, need, now, reservation);
    if (!reservation) stop("no room in a window that cannot be full");
    s.ledger.settle(std::move(reservation), {true, 900, 300, {}}, now);
  };
}

std::function<void()> scan(std::size_t bytes) {
  return [body = conversation(bytes)]() mutable {
    if (!chat::decode(body)) stop("not the body that was meant");
  };
}

}  // namespace
}  // namespace freellmapi::bench

int main(int argc, char** argv) {
  using namespace freellmapi::bench;
  const std::string_view what = argc == 3 ? argv[1] : "", count = argc == 3 ? argv[2] : "";
  unsigned times = 0;
  if (std::from_chars(count.data(), count.data() + count.size(), times).ec != std::errc{})
    stop("probe decide|scan|body N");
  std::function<void()> work;
  if (what == "decide") work = decide();
  if (what == "scan") work = scan(700);
  if (what == "body") work = scan(100'000);
  if (!work) stop("probe decide|scan|body N");
  for (unsigned i = 0; i < times; ++i) work();
}
