// What the connections of one core share, and what the cores share.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/answer_head.hpp"
#include "net/authority.hpp"
#include "net/local_core.hpp"
#include "net/server.hpp"

namespace freellmapi::net {

class Connection;

/// Shared by all cores. Constant after listen() but for the atomics.
struct ServerShared {
  ServerOptions options;
  Handler& handler;
  HostRules hosts;
  std::atomic<std::size_t> connections{0}, requests{0};
  std::atomic<std::uint64_t> internal_errors{0};
};

/// One core's part of the server. Core only.
struct ServerCore {
  ServerCore(ServerShared& s, LocalCore& l) : shared(s), local(l) {}

  ServerShared& shared;
  LocalCore& local;
  DateLine date;
  bool draining = false;
  std::vector<Field> fields;    ///< of a head that is being read
  Connection* first = nullptr;  ///< every open connection, linked through Connection::next_
  std::size_t open = 0;

  /// Counts a refusal; one line a second at most for each code, with how many there were.
  void log_refusal(std::string_view code, std::string_view peer, std::string_view message);

 private:
  struct Counted {
    std::string_view code;
    base::Instant written{};
    std::uint64_t since = 0;
  };
  std::array<Counted, 24> refusals_;
};

}  // namespace freellmapi::net
