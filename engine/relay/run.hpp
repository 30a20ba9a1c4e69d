// The life of one request, as a class so that its steps can share what they know.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "relay/attempts.hpp"
#include "relay/call.hpp"
#include "relay/continuation.hpp"
#include "relay/exhausted.hpp"
#include "relay/reading.hpp"
#include "relay/relay.hpp"
#include "relay/timing.hpp"
#include "relay/trail.hpp"
#include "routing/decide.hpp"

namespace freellmapi::relay {

enum class Spent;

/// Lives in the frame of serve(), on one core.
class Run final : private net::GoneWatcher {
 public:
  static net::Task<void> serve(Relay& relay, net::Exchange& exchange, net::Core& core, Job job);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run();

 private:
  Run(Relay& relay, net::Exchange& exchange, net::Core& core, const Job& job);
  /// How one attempt ended.
  enum class End {
    served,
    failed,
    passed_over,
    put_off,
    overtaken,  ///< by the leg beside it
    client_gone
  };
  /// What an attempt holds on to while it runs.
  struct Leg;
  /// Two legs beside each other.
  struct Race;
  class Leaving;
  struct Sending;

  void client_gone() noexcept override;

  bool choose();                         ///< false: a failure has been set
  bool resolve(std::string_view model);  ///< a name that the snapshot does not know; false as above
  /// Finds who served the conversation before. Its name, which stays the same from turn to turn.
  std::uint64_t look_back(routing::Inputs& inputs);
  void plan_attempts();
  Attempts::Lanes lanes_from(std::size_t place) const;  ///< of the decision's order
  /// Looks at the candidates that the first ones' success would have made needless.
  void widen();
  net::Task<End> attempt(Action action, base::Moment present);
  quota::Need need_of(const Leg& leg) const;
  /// The leg's candidate, for what is heard of it after the decision.
  routing::Considered& as_it_is_now(const Leg& leg);
  /// What the rules have to know of an attempt that was none.
  void account_for(std::size_t lane, End end);
  /// Where nobody has to be waited for. False: see hold_quota().
  bool hold_now(Leg& leg, const base::Moment& at);
  net::Task<bool> hold_quota(Leg& leg, std::chrono::milliseconds wait);
  /// The rule for whose window others wait already, so that this leg has to wait behind them; null: none.
  const policy::Rule* line_before(const Leg& leg) const;
  /// When it would be served behind all who wait there now.
  base::WallTime served_at(const Leg& leg, WindowName window, quota::Now at) const;
  net::Task<End> send(Leg& leg);
  End got_no_head(Leg& leg, const net::CallError& error);
  chat::Offered offered() const;
  Reading& start_reading(Leg& leg);
  bool salvage(Leg& leg, const freellm_head& head, std::string_view body);
  net::Task<End> read_answer(Leg& leg, net::UpstreamCall& call);
  void read_at_once(Leg& leg, const net::UpstreamCall& call, std::string_view body);
  static base::Result<host::Parser> open_parser(const Leg& leg, const net::UpstreamCall& call);
  void note_head(Leg& leg, const net::UpstreamCall& call);  ///< what it says of limits and costs
  net::Task<End> read_refusal(Leg& leg, net::UpstreamCall& call);
  net::Task<End> answer_locally(Leg& leg);
  net::Task<End> deliver(Leg& leg);
  net::Task<bool> answer_whole(Leg& leg, const base::Moment& present);
  net::Task<bool> flush(Leg& leg);
  void set_exhausted();  ///< nobody is left: the failure that says so
  net::Task<void> give_up();

  // ---- a second leg beside a late one
  /// When it may begin; nothing: never.
  std::optional<base::Instant> hedge_at(const Leg& leg) const;
  net::Task<End> race(Leg& leg, base::Instant at);
  net::Task<void> second_leg();
  std::optional<Action> from_surplus();
  bool would_go_unused(const Lane& lane) const;
  /// The leg has its first token: the stream is its own. Costs a look where no two legs run.
  void claim(Leg& leg) {
    if (race_ != nullptr) win(leg);
  }
  void win(Leg& leg);
  void overtake(Leg& leg);
  End was_overtaken(Leg& leg, Spent spent);

  // ---- after the first token
  /// The leg has broken off: it is failed, and another one may go on; else the stream ends with an error.
  net::Task<End> after_cut(Leg& leg);
  void remember_shown(const Leg& leg);
  bool continues() const;  ///< the client or the policy wants it
  bool may_go_on(const Leg& leg) const;
  Action next_leg();
  /// Gives the leg its own request. False: it cannot be asked.
  bool ask_to_go_on(Leg& leg);
  /// A model that does not take the beginning of its answer is asked by the anchor instead: nobody's failure.
  bool ask_otherwise(const Leg& leg, const freellm_outcome& outcome);
  net::Task<void> cut_short();
  /// Until when an attempt may wait for room.
  base::Instant waits_until() const;

  /// Puts into the leg's request what belongs there and the client did not send.
  void amend(Leg& leg);
  /// What a model that takes the conversation over is told; "": nothing.
  std::string handoff_note(const Leg& leg) const;
  /// For the conversation's next turn.
  void remember(const Leg& leg, const base::Moment& at);
  void note_limits(const Leg& leg, const freellm_head& head);
  End fail(Leg& leg, const freellm_outcome& outcome);
  /// A kept connection that the provider closed as we took it is nobody's failure: once more, over a new one.
  bool replace_connection(Leg& leg);
  void note_hop(const Leg& leg, std::string_view outcome);
  /// Benches the provider of a plugin that held the core for too long; the request goes on.
  void watch_plugin(const Leg& leg, base::Instant from, base::Instant to);
  /// False: a circuit is open on the way, and another request is finding out whether it has to stay so.
  bool enter(Leg& leg, bool insists);
  /// How long this attempt's first token is waited for, where that is less than the policy's time.
  std::optional<std::chrono::milliseconds> patience(const Action& action, const Leg& leg) const;
  /// We gave it up before the policy's time: it is not over with it.
  bool given_up_early(const Leg& leg, const freellm_outcome& outcome) const;
  /// Until when; nothing: nobody is benched.
  std::optional<base::WallTime> bench(const Leg& leg, const freellm_outcome& outcome);
  /// What one host said and no other was asked about is a bad end like any other.
  void keep_set_aside();
  void note_host(const Leg& leg);
  /// What so many tokens cost at most in thousandths of the provider's own unit; nothing: nobody knows.
  std::optional<std::uint64_t> own_cost(const Leg& leg, std::uint64_t input, std::uint64_t output) const;
  /// What the attempt says of its model and key, for those who choose later.
  void learn_answer(const Leg& leg, const base::Moment& at);
  void learn_failure(const Leg& leg, const freellm_outcome& outcome);
  void learn_overtaken(const Leg& leg);
  void settle_success(Leg& leg, const base::Moment& at);
  void settle_failure(Leg& leg, Spent spent);
  void note_route(const Leg& leg);
  /// For the answer's head; once.
  net::AnswerFields route_fields(const Leg& leg, base::Instant at);
  void note_decided(base::Instant at);  ///< the first attempt leaves
  Timing timing(base::Instant at) const;
  quota::Now now() const;

  Relay& relay_;
  net::Exchange& exchange_;
  net::Core& core_;
  Job job_;
  std::shared_ptr<const Snapshot> snapshot_;
  const policy::Policy& policy_;
  const routing::Target* target_ = nullptr;  ///< the snapshot's, or our own
  std::optional<routing::Target> own_target_;
  routing::Features features_;
  chat::InputShape input_;
  routing::Inputs inputs_;
  routing::Decision decision_;
  std::optional<Attempts> attempts_;
  std::vector<Ending> endings_;
  std::unique_ptr<Ending> set_aside_;  ///< by the first of a provider's hosts; another may take the key
  Trail trail_;
  Failure failure_;
  std::array<Leg*, 2> under_way_{};  ///< the second one beside the first, while they race
  Race* race_ = nullptr;
  bool hedged_ = false;  ///< once for each request
  std::uint64_t seed_;
  policy::ModelIndex served_before_ = policy::none;  ///< of the conversation; none: the policy has it no more
  bool served_ = false;                              ///< by that one, or by one that is gone
  bool streaming_begun_ = false;
  std::unique_ptr<Continuation> continuation_;
};

}  // namespace freellmapi::relay
