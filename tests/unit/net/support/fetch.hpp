// Calls to a provider from a test: one after another on one core.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/upstream.hpp"

namespace freellmapi::net::testing {

struct Fetch {
  Origin origin;
  std::string method = "POST", path = "/v1/chat";
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> body;
  Deadlines deadlines;
  bool stream = false;
  Over over = Over::kept;
  std::optional<std::chrono::milliseconds> cancel_after;
  bool cancel_before = false;
  /// Leaves the call when this has been read.
  std::string leave_at;
  std::function<void()> before;
  /// By the clock, after `before`: the connections in the pool have rested that much longer.
  std::chrono::milliseconds rests{0};
  /// Hears of each piece of the body, and whether more was at hand then.
  std::function<void(std::string_view piece, bool at_hand)> on_piece;
  Departure* departure = nullptr;
};

struct Fetched {
  std::optional<Fault> fault;
  std::string detail;
  int status = 0;
  std::string body;
  bool told_of_end = false;  ///< with the body's last piece
  bool whole = false, reused = false, kept = false, unsent = false;
  std::vector<std::pair<std::string, std::string>> fields;
  std::chrono::milliseconds took{0};
  std::size_t idle = 0;  ///< in the pool, afterwards
};

std::vector<Fetched> fetch_all(const std::vector<Fetch>& fetches, const UpstreamOptions& options = {});
Fetched fetch(const Fetch& one, const UpstreamOptions& options = {});
/// All at once on one core.
std::vector<Fetched> fetch_together(const std::vector<Fetch>& fetches, const UpstreamOptions& options = {});

/// A plain origin on this machine.
Origin local_origin(std::uint16_t port);

}  // namespace freellmapi::net::testing

namespace freellmapi::net {
void PrintTo(Fault fault, std::ostream* out);
}
