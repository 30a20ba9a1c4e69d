// What a request has to do with those before it and after it in its conversation.
#include <fmt/format.h>

#include <utility>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "relay/leg.hpp"
#include "routing/pin.hpp"

namespace freellmapi::relay {

namespace {

constexpr std::size_t name_most = 128;

Thoughts::Maker maker_of(const policy::Model& model, const Route& route) {
  const std::uint64_t family = model.family.empty() ? 0 : base::fnv1a(model.family);
  return {base::fnv1a(route.model, base::fnv1a("/", base::fnv1a(route.provider))), family};
}

/// Gives one model what is its own: a signature to the model that signed it, reasoning to its family where
/// that is taken back.
class PutBack final : public chat::ThoughtSource {
 public:
  PutBack(Conversations& conversations, const Thoughts::Maker& maker, bool reasoning, base::WallTime now)
      : conversations_(conversations), maker_(maker), reasoning_(reasoning), now_(now) {}

  bool find(const chat::CallName& name, chat::Thought& out) override {
    const auto kept = conversations_.thoughts.find(conversations_.name(name), now_);
    if (!kept) return false;
    const bool same = kept->maker.model == maker_.model;
    const bool kin = same || (maker_.family != 0 && kept->maker.family == maker_.family);
    if (same) out.extra = kept->thought.extra;
    if (kin && reasoning_) out.reasoning = kept->thought.reasoning;
    return same || kin;
  }

 private:
  Conversations& conversations_;
  const Thoughts::Maker maker_;
  const bool reasoning_;
  const base::WallTime now_;
};

}  // namespace

std::uint64_t Run::look_back(routing::Inputs& inputs) {
  const chat::Request& request = job_.request;
  const std::uint64_t first = relay_.conversations_.name(request, request.thread.so_far);
  if (policy_.routing.sticky.count() == 0 || !target_->automatic()) return first;
  // A conversation without an answer in it has nothing to stay with, unless the client says that it is one.
  if (request.session == 0 && request.thread.begun == 0) return first;
  const std::uint64_t name = relay_.conversations_.name(request, request.thread.begun);
  const auto pin = relay_.conversations_.pins.find(name, inputs.now.steady, policy_.routing.sticky);
  if (!pin) return request.session != 0 ? name : first;
  inputs.pinned = routing::pinned_candidate(policy_, *snapshot_->names, *pin);
  served_before_ = inputs.pinned.model;
  served_ = true;
  return pin->conversation;
}

std::string Run::handoff_note(const Leg& leg) const {
  if (policy_.routing.handoff != policy::Handoff::note || !served_ || leg.model_index == served_before_)
    return {};
  if (continuation_) return {};  // it is in the middle of an answer
  const auto named = [](std::string_view provider, std::string_view model) {
    return base::printable(fmt::format("{}/{}", provider, model), name_most);
  };
  std::string before = "another model";
  if (served_before_ != policy::none) {
    const policy::Model& model = policy_.models[served_before_];
    before = named(policy_.providers[model.provider].id, model.id);
  }
  return fmt::format(
      "[Note from the router] Until now {} has answered in this conversation; from here on it is you, {}. "
      "What "
      "was said in its answers counts as said by you: go on in the same manner and do not mention the "
      "change.",
      before, named(leg.route.provider, leg.route.model));
}

void Run::amend(Leg& leg) {
  leg.input = input_;
  const std::string note = handoff_note(leg);
  if (note.empty() && !job_.request.facts.tool_history) return;
  const Thoughts::Maker maker = maker_of(leg.model, leg.route);
  const bool known = job_.request.facts.tool_history && relay_.conversations_.thoughts.may_know(maker);
  if (note.empty() && !known) return;
  PutBack source(relay_.conversations_, maker, leg.model.reasoning_back, relay_.clock_.wall());
  auto amended = chat::amended(*leg.asked, note, known ? &source : nullptr);
  if (!amended) return;
  leg.amended = std::make_unique<chat::Request>(std::move(*amended));
  leg.asked = leg.amended.get();
  leg.input = chat::shape_of(leg.asked->facts);
}

void Run::remember(const Leg& leg, const base::Moment& at) {
  const chat::Answer& answer = leg.reading->answer();
  const chat::Request& request = job_.request;
  Conversations& conversations = relay_.conversations_;
  if (target_->automatic() && policy_.routing.sticky.count() > 0) {
    routing::Sticky::Pin pin = routing::pin_of(policy_, *snapshot_->names, leg.model_index, leg.key_index);
    pin.conversation = features_.session;
    std::uint64_t next = request.session;
    if (next == 0 && continuation_) {
      chat::Answer whole = answer;
      whole.text = continuation_->before.text;
      whole.text += leg.reading->shown();
      next = chat::answered(request.thread.so_far, whole);
    } else if (next == 0) {
      next = chat::answered(request.thread.so_far, answer);
    }
    conversations.pins.remember(conversations.name(request, next), pin, at.since_boot);
  }
  if (answer.calls.empty()) return;
  for (std::size_t i = 0; i < answer.calls.size(); ++i) {
    const chat::ToolCall& call = answer.calls[i];
    const bool reasoned = i == 0 && leg.model.reasoning_back && !answer.reasoning.empty();
    if (call.extra.empty() && !reasoned) continue;
    Thoughts::Kept kept;
    kept.name =
        conversations.name(chat::name_of(request.thread.so_far, i, call.id, call.name, call.arguments));
    kept.at = at.wall;
    kept.maker = maker_of(leg.model, leg.route);
    kept.thought.extra = call.extra;
    if (reasoned) kept.thought.reasoning = answer.reasoning;
    conversations.thoughts.keep(std::move(kept));
  }
}

}  // namespace freellmapi::relay
