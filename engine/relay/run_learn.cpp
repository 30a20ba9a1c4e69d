// What an attempt teaches those who choose later.
#include "relay/leg.hpp"
#include "relay/race.hpp"

namespace freellmapi::relay {

using std::chrono::duration_cast;
using std::chrono::microseconds;

void Run::learn_answer(const Leg& leg, const base::Moment& at) {
  // What answers by itself has no wire to be slow on.
  if (!leg.sent_at) return;
  routing::Statistics::Answer answer;
  answer.streamed = job_.request.stream && leg.first_token_at.has_value();
  answer.took = duration_cast<microseconds>(at.steady - *leg.sent_at);
  if (answer.streamed) answer.first_token = duration_cast<microseconds>(*leg.first_token_at - *leg.sent_at);
  answer.output_tokens = leg.reading->answer().usage.output.value_or(0);
  snapshot_->statistics->answered(leg.model_index, leg.key_index, answer, at.since_boot);
}

void Run::learn_failure(const Leg& leg, const freellm_outcome& outcome) {
  if (!is_their_fault(outcome.error_class)) return;
  routing::Statistics& statistics = *snapshot_->statistics;
  const base::Instant at = relay_.clock_.since_boot();
  if (outcome.error_class != FREELLM_C_TIMEOUT || !leg.sent_at || leg.first_token_at)
    return statistics.failed(leg.model_index, leg.key_index, at);
  const auto waited = duration_cast<microseconds>(relay_.clock_.steady() - *leg.sent_at);
  statistics.silent(leg.model_index, leg.key_index, waited, job_.request.stream, at);
}

// What is late and given up for it must count as late, or the time that is held to be usual would grow
// shorter by our own doing. What had hardly begun tells nothing.
void Run::learn_overtaken(const Leg& leg) {
  if (!leg.sent_at || leg.first_token_at) return;
  routing::Statistics& statistics = *snapshot_->statistics;
  const base::Instant at = relay_.clock_.since_boot();
  const auto waited = duration_cast<microseconds>(relay_.clock_.steady() - *leg.sent_at);
  const auto late = statistics.first_token_quantile(leg.model_index, hedge_share, at);
  if (late && waited >= *late) statistics.overtaken(leg.model_index, leg.key_index, waited, at);
}

}  // namespace freellmapi::relay
