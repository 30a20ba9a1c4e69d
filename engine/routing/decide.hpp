// Which candidates may serve a request, in which order, and why not the others. Pure: the same inputs give
// the same decision.
#pragma once

#include <boost/container/small_vector.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "chat/calibration.hpp"
#include "policy/policy.hpp"
#include "quota/ledger.hpp"
#include "routing/statistics.hpp"

namespace freellmapi::routing {

/// What the request asks of a model.
struct Features {
  policy::Kind kind = policy::Kind::chat;
  bool tools = false;
  bool images = false;
  bool json_object = false;
  bool json_schema = false;
  bool stream = false;
  std::uint64_t input_tokens = 0;   ///< likely, rather too many
  std::uint8_t input_cell = 0;      ///< chat::InputShape::cell
  std::uint64_t output_tokens = 0;  ///< what the client allows; 0: not said
  std::uint64_t session = 0;        ///< hash of the conversation; 0: none
};

/// What a model name stands for under a policy.
struct Target {
  policy::ChainIndex chain = policy::none;  ///< auto and profiles
  policy::Strategy strategy = policy::Strategy::priority;
  std::vector<policy::ModelIndex> models;  ///< explicit: the only models allowed, in order
  std::string passed_model;                ///< for a provider that takes any name: the name to send
  bool automatic() const noexcept { return chain != policy::none; }
};

/// "auto", "auto:<strategy or profile>", "provider/model-id", a bare id, a family, an alias. Errc::not_found
/// names near names.
base::Result<Target> resolve(const policy::Policy& policy, std::string_view model);

/// Why a candidate is out.
enum class Gate {
  passed,
  provider_off,
  model_off,
  other_kind,
  no_key,
  no_tools,
  no_vision,
  no_json,
  context_too_small,
  quota_full,
  quota_never,
  benched,
};
std::string_view name(Gate gate) noexcept;

/// provider + model + key.
struct Candidate {
  policy::ModelIndex model = policy::none;
  policy::KeyIndex key = policy::none;  ///< none: keyless
  std::chrono::milliseconds wait{0};
};

struct Considered {
  Considered() noexcept {}  // written out: else all of it is zeroed first, for every candidate
  Candidate candidate;
  Gate gate = Gate::passed;
  const policy::Rule* rule = nullptr;               ///< for quota gates
  base::WallTime free_at{};                         ///< for quota_full and benched
  std::string_view reason;                          ///< for benched; static storage
  std::uint64_t used = 0, reserved = 0, limit = 0;  ///< of the rule's window
  std::uint64_t output_tokens = 0;  ///< what its answer may have now, where the client set no bound
  std::uint64_t pressure = 0;       ///< quota::Ledger::pressure, where the strategy is expiring
};

/// How a strategy that learns came to its order, each from 0 to 1.
struct Terms {
  Measured measured;      ///< all of the input that is not the policy's and the seed's
  double success = 0;     ///< drawn from what success was measured, with the request's seed
  double speed = 0;       ///< of its first tokens and of its tokens
  double quality = 0;     ///< the catalogue's tier and rank
  double headroom = 1;    ///< the score is multiplied by it: under 1 where little quota is left
  double score = 0;       ///< the highest goes first
  bool explored = false;  ///< goes first, whatever its score
};

/// What has grown keeps its room: reused, or where the first candidates serve, deciding allocates nothing.
struct Decision {
  boost::container::small_vector<Considered, 2> considered;  ///< every candidate, in chain order
  boost::container::small_vector<std::uint32_t, 4>
      order;                          ///< indexes into `considered`: those that passed (and those that are
                                      ///< full but may be waited for), best first
  std::vector<std::uint32_t> equals;  ///< room to sort in
  std::vector<Terms> terms;           ///< by index in `considered`; empty where no strategy learns
  /// Where decide_rest() goes on when Inputs::enough could serve.
  struct Rest {
    std::uint32_t step = 0, key = 0;  ///< the next to be considered: of the chain, of the step's provider
    std::uint32_t first = 0;          ///< of the step's candidates in `considered`
    std::uint32_t placed = 0;         ///< up to there those that passed stand in the order
  };
  std::optional<Rest> rest;
  policy::ModelIndex needed_by = policy::none;  ///< the model that was considered last
  quota::Need need;                             ///< need_of() it
  /// Every candidate was considered.
  bool whole() const noexcept { return !rest; }
  void clear() {
    considered.clear();
    order.clear();
    terms.clear();
    rest.reset();
    needed_by = policy::none;
  }
};

/// Writes down what the ledger said of a candidate that can do what is asked.
void take_verdict(const quota::Verdict& verdict, Considered& candidate) noexcept;

/// Says of a candidate what the ledger said or would say: a record that is replayed, a state that is assumed.
class Verdicts {
 public:
  virtual ~Verdicts() = default;
  virtual quota::Verdict of(const Candidate& candidate, const quota::Need& need) const = 0;
  /// Nobody has tried it, and all of its quota is left.
  virtual Measured measured(const Candidate&) const { return {}; }
};

struct Inputs {
  const quota::Plan* plan = nullptr;      ///< with its policy
  const quota::Ledger* ledger = nullptr;  ///< looked at, never changed
  const Target* target = nullptr;
  Features features;
  quota::Now now;
  std::uint64_t seed = 0;
  Candidate pinned;  ///< the sticky candidate, model == none when there is none: a preference, never a veto
  const chat::Calibration* calibration = nullptr;  ///< null: estimates stand as they are
  const Verdicts* verdicts = nullptr;              ///< asked in the ledger's and the statistics' place
  const Statistics* statistics = nullptr;          ///< null: nobody has been tried
  /// So many that can serve are enough for now (0: all are wanted): where the chain's order holds, what
  /// stands behind them is not looked at before decide_rest().
  unsigned enough = 0;
};

void decide(const Inputs& inputs, Decision& out);
/// Considers what decide() has left. `out` then is what it would have been with Inputs::enough at 0, had the
/// ledger said the same; the candidates that were considered and the order so far stay where they are.
void decide_rest(const Inputs& inputs, Decision& out);

/// need_of() a model for the features that were decided on.
quota::Need need_in(const Inputs& inputs, const Decision& decision, policy::ModelIndex model) noexcept;

/// What would be reserved for these features at this model: what decide() checks, and the relay reserves
/// unless the plugin says better how much output it asks for. The client's own bound on the output is kept
/// to; without one an answer may have a share of the tightest token window, and at least 4,096 tokens where
/// they fit.
quota::Need need_of(const Features& features, const policy::Model& model, const policy::Provider& provider,
                    const chat::Calibration* calibration = nullptr) noexcept;
/// True when a rule counts output tokens: then no request may leave without a bound on them.
bool counts_output(const policy::Model& model, const policy::Provider& provider) noexcept;
/// How much an answer without a bound of the client's may have in what is left of the window that `verdict`
/// says is too full for `need`; nothing: too little to be of use, or it is not its output that is too much.
std::optional<std::uint64_t> output_that_fits(const quota::Need& need,
                                              const quota::Verdict& verdict) noexcept;
/// True when a rule counts a unit of the provider's own.
bool counts_own_units(const policy::Model& model, const policy::Provider& provider) noexcept;
/// All that an answer may have when nothing bounds it.
std::uint64_t most_output(const policy::Model& model, std::uint64_t input_tokens) noexcept;

}  // namespace freellmapi::routing
