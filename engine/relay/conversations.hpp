// What the router knows of conversations: who serves them, and what their answers carried.
#pragma once

#include <cstdint>

#include "base/ids.hpp"
#include "base/keyed_hash.hpp"
#include "chat/request.hpp"
#include "relay/thoughts.hpp"
#include "routing/sticky.hpp"

namespace freellmapi::relay {

/// Thread safety: any thread; each part guards itself.
struct Conversations {
  explicit Conversations(const base::KeyedHash::Key& key) : names(key) {}

  /// Under which name a conversation that stands at `thread` is known: the client's, or one that its words
  /// give it. What one model said is nothing to stay with for another.
  std::uint64_t name(const chat::Request& request, std::uint64_t thread) const {
    const std::uint64_t of = request.session != 0 ? request.session : thread;
    return names(of ^ base::fnv1a(request.model));
  }
  chat::CallName name(const chat::CallName& call) const { return {names(call.by_id), names(call.by_place)}; }

  const base::KeyedHash names;  ///< whoever reads the disk must not be able to ask it what was said
  routing::Sticky pins;
  Thoughts thoughts;
};

}  // namespace freellmapi::relay
