// Names to addresses, off the core's thread, remembered for half a minute.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/local_core.hpp"

namespace freellmapi::net {

class Lifeline;

struct Resolved {
  std::vector<asio::ip::address> addresses;  ///< in the order in which they should be tried; at most 16
  std::string error;                         ///< why there are none
};

/// Core only. A lookup cannot be interrupted, so whoever waits for it does so apart from it: a caller whose
/// time is over leaves, and the lookup ends alone. Callers that ask for the same name share one. At most 256
/// names.
class NameCache {
 public:
  explicit NameCache(LocalCore& core) : core_(core) {}
  /// Null when the lifeline was stopped first. A literal address is its own answer.
  Task<std::shared_ptr<const Resolved>> resolve(std::string host, Lifeline& line);

 private:
  struct Entry {
    std::shared_ptr<Resolved> resolved = std::make_shared<Resolved>();
    base::Instant fresh_until{};
    bool pending = true;
    std::vector<Event*> waiting;
  };
  Task<void> look_up(std::string host, std::shared_ptr<Entry> entry);
  bool make_room();

  LocalCore& core_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace freellmapi::net
